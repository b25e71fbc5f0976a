import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { temporaryKey } from './simulator-assume.ts'
import { getJob, httpGet, type HttpResult } from './simulator-request.ts'
import { newYear, sendSigned, type Signing } from './simulator-sign.ts'

let simulator: Simulator
async function start(options: SimulatorOptions = {}): Promise<void> {
  simulator = await startSimulator({ wallClock: () => newYear, ...options })
}
beforeEach(() => start())
afterEach(() => simulator.close())

function listProjects(query: string, headers = {}): Promise<HttpResult> {
  const url = `${simulator.endpoint}/v3/projects${query}`
  return httpGet(url, { headers: { 'x-auth-token': simulator.token, ...headers } })
}

async function projectsIn(query: string): Promise<unknown[]> {
  const { projects } = JSON.parse((await listProjects(query)).body) as {
    projects: Record<string, unknown>[]
  }
  return projects.map(({ id, name }) => [id, name])
}

/** Signs and sends a list request, which has no body. */
function sendSignedList(signing: Signing = {}): ReturnType<typeof sendSigned> {
  const request = { method: 'GET', path: '/v3/projects', query: `name=${simulator.region}`, body: '' }
  return sendSigned(simulator, { ...signing, signed: { ...request, ...signing.signed } })
}

async function restart(options: SimulatorOptions): Promise<void> {
  await simulator.close()
  await start(options)
}

describe('the project list of IAM', () => {
  test('contains the project of the region, with exactly the fields of the service', async () => {
    const response = await listProjects('?name=simulated-region-1')
    expect(response.status).toBe(200)
    const account = 'fedcba9876543210fedcba9876543210'
    expect(JSON.parse(response.body)).toEqual({
      projects: [
        {
          id: simulator.projectId,
          name: simulator.region,
          domain_id: account,
          parent_id: account,
          is_domain: false,
          enabled: true,
          description: '',
          links: { self: `https://iam.example.com/v3/projects/${simulator.projectId}` },
        },
      ],
      links: {
        self: 'https://iam.example.com/v3/projects?name=simulated-region-1',
        previous: null,
        next: null,
      },
    })
  })

  test('has a trace ID in place of a request ID', async () => {
    const { headers = {} } = await listProjects('')
    expect(headers['x-iam-trace-id']).toMatch(/^[\da-f]{32}$/)
    expect(headers).not.toHaveProperty('x-request-id')
    expect((await getJob(simulator, 'any')).headers).not.toHaveProperty('x-iam-trace-id')
  })

  test('can belong to another region and project', async () => {
    const projectId = 'f'.repeat(32)
    await restart({ region: 'cn-north-4', projectId })
    expect(await projectsIn('?name=cn-north-4')).toEqual([[projectId, 'cn-north-4']])
    expect(await projectsIn('?name=simulated-region-1')).toEqual([])
  })

  test('can contain other projects, several of a name, or none', async () => {
    const [one, two, other] = ['1', '2', '3'].map((digit) => digit.repeat(32))
    const projects = [
      { id: one ?? '', name: 'cn-north-4' },
      { id: two ?? '', name: 'cn-north-4' },
      { id: other ?? '', name: 'cn-north-4_test' },
    ]
    await restart({ projects })
    expect(await projectsIn('?name=cn-north-4')).toEqual([
      [one, 'cn-north-4'],
      [two, 'cn-north-4'],
    ])
    expect(await projectsIn('?name=cn-north-4_test')).toEqual([[other, 'cn-north-4_test']])
    expect(await projectsIn('')).toHaveLength(3)
    await restart({ projects: [] })
    expect(await projectsIn('?name=simulated-region-1')).toEqual([])
  })

  test('requires a valid token or signature', async () => {
    expect(await sendSignedList()).toEqual({ status: 200 })
    expect(await sendSignedList({ key: await temporaryKey(simulator) })).toEqual({ status: 200 })
    const url = `${simulator.endpoint}/v3/projects`
    expect((await httpGet(url)).status).toBe(401)
    const response = await listProjects('', { 'x-auth-token': 'another' })
    expect(response.status).toBe(401)
    expect(JSON.parse(response.body)).toMatchObject({
      error_code: 'APIGW.0301',
      error_msg: 'Incorrect IAM authentication information: decrypt token fail',
      request_id: response.headers?.['x-iam-trace-id'],
    })
  })

  test.each<[string, Signing, RegExp]>([
    ['another query', { sent: { query: 'name=another' } }, /^verify aksk signature fail/],
    [
      'a header that changed',
      { sent: { headers: { 'x-sdk-date': '20260101T000001Z' } } },
      /^verify aksk signature fail/,
    ],
    ['no date', { signedHeaders: ['host'] }, /^x-sdk-date not found/],
    ['an old date', { date: newYear - 3_600_000 }, /signature expired/],
    ['an unknown key', { key: { id: 'unknown', secret: 'x' } }, /^ak unknown not exist/],
    ['another project', { signed: { headers: { 'x-project-id': 'f'.repeat(32) } } }, /^project id not match/],
  ])('rejects a signature with %s', async (_, signing, reason) => {
    expect(await sendSignedList(signing)).toEqual({
      status: 401,
      reason: expect.stringMatching(reason),
    })
  })

  test('can be forbidden, and can have other faults that affect no other API', async () => {
    simulator.injectFault('iam-forbidden', { api: 'iam' })
    simulator.injectFault(503, { api: 'iam' })
    expect((await getJob(simulator, 'any')).status).toBe(400)
    const response = await listProjects('')
    expect(response.status).toBe(403)
    expect(response.headers).toHaveProperty('x-iam-trace-id')
    expect(JSON.parse(response.body)).toEqual({
      error_msg: "Policy doesn't allow iam:projects:listProjects to be performed.",
      error_code: 'IAM.0003',
    })
    expect((await listProjects('')).status).toBe(503)
    expect((await listProjects('')).status).toBe(200)
    expect(simulator.requests.map(({ api }) => api)).toEqual(['jobs', 'iam', 'iam', 'iam'])
  })
})
