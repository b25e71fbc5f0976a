import { describe, expect, test } from '@jest/globals'
import { projectApi } from '../../src/api/project.ts'
import { accessKeyCredentials } from '../../src/credentials/access-key.ts'
import { tokenCredentials, type Credentials } from '../../src/credentials/credentials.ts'
import type { ExchangeResult, HttpRequest } from '../../src/http/exchange.ts'
import { contextAt, plain } from './text.ts'

/** How the project is looked up. */

const ID = '0'.repeat(32)
const REGION = 'ap-southeast-3'
const key = { id: 'FAKEACCESSKEYID00000', secret: 'fake-secret-key', securityToken: undefined }

function response(body: unknown, status = 200): ExchangeResult {
  return { kind: 'response', status, headers: {}, body: JSON.stringify(body), bodyError: undefined }
}

const unknownHost: ExchangeResult = {
  kind: 'no-response',
  reason: 'unknown-host',
  phase: 'connect',
  code: 'ENOTFOUND',
  message: 'not found',
  proxyStatus: undefined,
}

const projects = (...names: readonly string[]) =>
  response({ projects: names.map((name) => ({ id: ID, name })) })

/** Looks up the project as often as there are results, the last of which repeats. */
async function lookUp(
  results: readonly ExchangeResult[],
  credentials: Credentials = tokenCredentials('fake-token'),
) {
  const requests: HttpRequest[] = []
  const logged: string[] = []
  const getProject = projectApi(
    { region: REGION, iamEndpoint: 'https://iam.example' },
    {
      ...contextAt(0),
      credentials,
      exchange: (request) => {
        requests.push(request)
        return Promise.resolve(results[Math.min(requests.length, results.length) - 1] ?? response({}))
      },
      onProject: (id, region) => logged.push(`${region}: ${id}`),
    },
  )
  const { signal } = new AbortController()
  const found = await Promise.all([getProject(signal), getProject(signal)])
  return { requests, logged, first: found[0], again: await getProject(signal) }
}

test('a given ID needs no request', async () => {
  const exchange = () => Promise.reject(new Error('no request is expected'))
  const deps = {
    ...contextAt(0),
    credentials: tokenCredentials('fake-token'),
    exchange,
    onProject: () => undefined,
  }
  expect(await projectApi(ID, deps)(new AbortController().signal)).toEqual({ kind: 'project', id: ID })
})

test('one request, which all jobs share, finds the project with the name of the region', async () => {
  const { requests, logged, first, again } = await lookUp([projects('ap-southeast-3_sub', REGION)])
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `GET https://iam.example/v3/projects?name=${REGION}`,
  ])
  expect([first, again]).toEqual([
    { kind: 'project', id: ID },
    { kind: 'project', id: ID },
  ])
  expect(logged).toEqual([`${REGION}: ${ID}`])
})

test('the request has a token, or a signature without X-Project-Id', async () => {
  const token = await lookUp([projects(REGION)])
  expect(token.requests[0]?.headers).toEqual({ Accept: 'application/json', 'X-Auth-Token': 'fake-token' })
  const signed = await lookUp(
    [projects(REGION)],
    accessKeyCredentials(key, () => 0),
  )
  expect(Object.keys(signed.requests[0]?.headers ?? {}).toSorted()).toEqual([
    'Accept',
    'Authorization',
    'Host',
    'X-Sdk-Date',
  ])
})

test('a fault that passes is retried with the next poll, and is not throttled like the jobs API', async () => {
  const { first, again } = await lookUp([response({ error_msg: 'slow down' }, 429), projects(REGION)])
  expect(first).toMatchObject({ kind: 'transient', detail: { label: 'IAM 429' } })
  expect(first).not.toHaveProperty('throttled')
  expect(again).toEqual({ kind: 'project', id: ID })
})

describe('an error names what is wrong', () => {
  test.each([
    [
      'no project',
      projects('other-region'),
      'project',
      'IAM returned no project with the name ap-southeast-3',
    ],
    ['several projects', projects(REGION, REGION), 'project', 'IAM returned 2 projects'],
    [
      'a 403',
      response({ error_code: 'IAM.0003', error_msg: 'denied' }, 403),
      'project',
      'IAM: HTTP 403 IAM.0003',
    ],
    ['a 404', response({}, 404), 'project', 'IAM: HTTP 404'],
    ['a 401', response({ error_code: 'IAM.0101' }, 401), 'credentials', 'IAM: HTTP 401 IAM.0101'],
  ])('%s', async (_name, result, reason, message) => {
    const { first } = await lookUp([result])
    if (first.kind !== 'rejected') throw new Error(`the result is ${first.kind}`)
    expect([first.reason, first.scope]).toEqual([reason, 'all'])
    expect(plain(first.detail.message)).toContain(message)
  })

  test.each([
    [418, 'a web application firewall'],
    [431, 'The token or another header is too large'],
    [494, 'The token or another header is too large'],
  ])('%d of a gateway has its own hint', async (status, hint) => {
    const { first } = await lookUp([response({}, status)])
    expect(first).toMatchObject({ detail: { hint: expect.stringContaining(hint) as unknown } })
  })

  test.each([
    ['a response without projects', response({ projects: 5 })],
    ['an ID that is not one', response({ projects: [{ id: '../x', name: REGION }] })],
  ])('%s is not usable', async (_name, result) => {
    const { first } = await lookUp([result])
    expect(first).toMatchObject({ kind: 'unusable' })
  })

  test.each([
    ['a page', response('<html>')],
    ['an error that passes', response({}, 502)],
    ['a redirect', response({}, 302)],
    ['a host that does not exist', unknownHost],
  ])('%s has next steps about IAM, not about the endpoint of the jobs API', async (_name, result) => {
    const { first } = await lookUp([result])
    expect(first).toMatchObject({ detail: { hint: expect.stringMatching(/^Check iam-endpoint and region/) } })
  })
})
