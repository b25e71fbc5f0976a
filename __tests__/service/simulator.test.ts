import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test } from '@jest/globals'
import { referenceExample } from '../../simulator/reference-example.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { getJob, manualClock, jobIn, jobUrl, httpGet, testTls, type HttpResult } from './simulator-request.ts'

let open: Simulator[] = []
async function start(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator(options)
  open.push(simulator)
  return simulator
}
afterEach(async () => {
  await Promise.all(open.map((simulator) => simulator.close()))
  open = []
})

function errorIn({ body }: HttpResult): unknown {
  return JSON.parse(body)
}

describe('the simulated jobs API', () => {
  test('returns a job from not found to completed, at the speed of its clock', async () => {
    const { now, advance } = manualClock()
    const simulator = await start({ now, speed: 10 })
    const jobId = simulator.addJob({ notFoundMs: 3_000, pendingMs: 2_000, runningMs: 100_000 })
    expect(await getJob(simulator, jobId)).toMatchObject({ status: 400 })
    advance(300)
    expect(jobIn(await getJob(simulator, jobId))).toMatchObject({ id: jobId, status: 'Pending' })
    advance(5_200)
    expect(jobIn(await getJob(simulator, jobId))).toMatchObject({ status: 'Running', process: '50%' })
    advance(5_000)
    expect(jobIn(await getJob(simulator, jobId))).toMatchObject({ status: 'Completed', process: '' })
  })

  test('returns the example of the API reference byte for byte', async () => {
    const response = await getJob(await start(), referenceExample.jobId)
    expect(response.status).toBe(200)
    expect(createHash('sha256').update(response.body).digest('hex')).toBe(
      '36b23a663690adb9c9e125087f111cfdbf392f16dedccb092e3659b664b5ea22',
    )
  })

  test('returns that a job does not exist when it is unknown, not found yet, or removed', async () => {
    const simulator = await start()
    const removed = simulator.addJob({ notFoundMs: 0 })
    simulator.removeJob(removed)
    for (const jobId of ['no-such-job', simulator.addJob({ notFoundMs: 60_000 }), removed]) {
      const response = await getJob(simulator, jobId)
      expect(response.status).toBe(400)
      expect(errorIn(response)).toEqual({ error_code: 'DBS.200543', error_msg: 'The job does not exist.' })
    }
  })

  test('rejects a request without a job ID', async () => {
    const response = await getJob(await start(), '')
    expect(response.status).toBe(400)
    expect(errorIn(response)).toEqual({ error_code: 'DBS.280001', error_msg: 'Parameter error.' })
  })

  test('returns errors in Chinese when the client requests it', async () => {
    const simulator = await start()
    const headers = { 'x-auth-token': simulator.token, 'x-language': 'zh-cn' }
    const response = await httpGet(jobUrl(simulator, 'no-such-job'), { headers })
    expect(errorIn(response)).toEqual({ error_code: 'DBS.200543', error_msg: '任务不存在。' })
  })

  test('rejects a request without a token or with another token, with the error of the gateway', async () => {
    const simulator = await start()
    const without = await httpGet(jobUrl(simulator, 'any'))
    const wrong = await httpGet(jobUrl(simulator, 'any'), { headers: { 'x-auth-token': 'expired' } })
    const prefix = 'Incorrect IAM authentication information: '
    expect([without.status, wrong.status]).toEqual([401, 401])
    expect(errorIn(without)).toMatchObject({ error_msg: `${prefix}x-auth-token not found` })
    expect(errorIn(wrong)).toMatchObject({
      error_code: 'APIGW.0301',
      error_msg: `${prefix}decrypt token fail`,
    })
  })

  test('rejects any other project', async () => {
    const simulator = await start()
    const url = `${simulator.endpoint}/v3/${'f'.repeat(32)}/jobs?id=any`
    const response = await httpGet(url, { headers: { 'x-auth-token': simulator.token } })
    expect(response.status).toBe(403)
    expect(errorIn(response)).toMatchObject({ error_code: 'DBS.200010' })
  })

  test('rejects any other path, but accepts the prefix of older endpoints', async () => {
    const simulator = await start()
    const { endpoint, projectId, token } = simulator
    const headers = { 'x-auth-token': token }
    const query = `jobs?id=${referenceExample.jobId}`
    const prefixed = await httpGet(`${endpoint}/mysql/v3/${projectId}/${query}`, { headers })
    const wrong = await httpGet(`${endpoint}/v1/${projectId}/${query}`, { headers })
    expect(prefixed.status).toBe(200)
    expect(wrong.status).toBe(404)
    expect(errorIn(wrong)).toMatchObject({ error_code: 'APIGW.0101' })
  })

  test('returns a request ID in the headers of every response, and in the error bodies of the gateway', async () => {
    const simulator = await start()
    const accepted = await getJob(simulator, referenceExample.jobId)
    const rejected = await httpGet(jobUrl(simulator, 'any'))
    expect(accepted.headers?.['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
    expect(errorIn(rejected)).toMatchObject({ request_id: rejected.headers?.['x-request-id'] })
  })

  test('limits the request rate of a user in simulated time', async () => {
    const { now, advance } = manualClock()
    const simulator = await start({ now, speed: 100, rateLimit: { requests: 2, windowMs: 300_000 } })
    const statuses = async (): Promise<unknown[]> => {
      const responses = [1, 2, 3].map(() => getJob(simulator, referenceExample.jobId))
      return (await Promise.all(responses)).map(({ status }) => status).sort()
    }
    expect(await statuses()).toEqual([200, 200, 429])
    const message =
      'The throttling threshold has been reached: policy user over ratelimit,limit:2,time:5 minute'
    expect(errorIn(await getJob(simulator, referenceExample.jobId))).toMatchObject({
      error_code: 'APIGW.0308',
      error_msg: message,
    })
    advance(3_000)
    expect(await statuses()).toEqual([200, 200, 429])
  })

  test('records the requests', async () => {
    const { now, advance } = manualClock()
    const simulator = await start({ now })
    advance(1_234)
    await httpGet(jobUrl(simulator, 'a%2Fb'), { headers: { 'x-auth-token': 'mine' } })
    expect(simulator.requests).toHaveLength(1)
    expect(simulator.requests[0]).toMatchObject({
      method: 'GET',
      path: `/v3/${simulator.projectId}/jobs`,
      query: { id: 'a/b' },
      headers: { 'x-auth-token': 'mine' },
      body: '',
      elapsedMs: 1_234,
    })
  })

  test('uses https when it has a certificate', async () => {
    const simulator = await start({ tls: testTls })
    expect(simulator.endpoint).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(await getJob(simulator, referenceExample.jobId)).toMatchObject({ status: 200, end: 'complete' })
    const untrusting = await httpGet(jobUrl(simulator, referenceExample.jobId), { ca: [] })
    expect(untrusting.end).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })

  test('ends pending connections when it is closed', async () => {
    const simulator = await startSimulator()
    simulator.injectFault('silent')
    const pending = getJob(simulator, 'any')
    while (simulator.requests.length === 0) await new Promise(setImmediate)
    await simulator.close()
    expect((await pending).end).toBe('ECONNRESET')
    expect((await getJob(simulator, 'any')).end).toBe('ECONNREFUSED')
  })
})
