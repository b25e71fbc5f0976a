import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test } from '@jest/globals'
import { referenceExample } from '../../simulator/reference-example.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { ask, handTurnedClock, jobIn, jobUrl, listenTo, testTls, type Heard } from './simulator-request.ts'

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

function errorIn({ body }: Heard): unknown {
  return JSON.parse(body)
}

describe('the simulated jobs API', () => {
  test('shows a job from hidden to completed, as fast as its clock goes', async () => {
    const { now, turn } = handTurnedClock()
    const simulator = await start({ now, speed: 10 })
    const jobId = simulator.addJob({ hiddenMs: 3_000, pendingMs: 2_000, runningMs: 100_000 })
    expect(await ask(simulator, jobId)).toMatchObject({ status: 400 })
    turn(300)
    expect(jobIn(await ask(simulator, jobId))).toMatchObject({ id: jobId, status: 'Pending' })
    turn(5_200)
    expect(jobIn(await ask(simulator, jobId))).toMatchObject({ status: 'Running', process: '50%' })
    turn(5_000)
    expect(jobIn(await ask(simulator, jobId))).toMatchObject({ status: 'Completed', process: '' })
  })

  test("answers the reference's example byte for byte", async () => {
    const heard = await ask(await start(), referenceExample.jobId)
    expect(heard.status).toBe(200)
    expect(createHash('sha256').update(heard.body).digest('hex')).toBe(
      '36b23a663690adb9c9e125087f111cfdbf392f16dedccb092e3659b664b5ea22',
    )
  })

  test('says of a job that is unknown, hidden or removed that it does not exist', async () => {
    const simulator = await start()
    const removed = simulator.addJob({ hiddenMs: 0 })
    simulator.removeJob(removed)
    for (const jobId of ['no-such-job', simulator.addJob({ hiddenMs: 60_000 }), removed]) {
      const heard = await ask(simulator, jobId)
      expect(heard.status).toBe(400)
      expect(errorIn(heard)).toEqual({ error_code: 'DBS.200543', error_msg: 'The job does not exist.' })
    }
  })

  test('refuses a request without a job id', async () => {
    const heard = await ask(await start(), '')
    expect(heard.status).toBe(400)
    expect(errorIn(heard)).toEqual({ error_code: 'DBS.280001', error_msg: 'Parameter error.' })
  })

  test('speaks Chinese when asked to', async () => {
    const simulator = await start()
    const headers = { 'x-auth-token': simulator.token, 'x-language': 'zh-cn' }
    const heard = await listenTo(jobUrl(simulator, 'no-such-job'), { headers })
    expect(errorIn(heard)).toEqual({ error_code: 'DBS.200543', error_msg: '任务不存在。' })
  })

  test('refuses a request without a token, and one with another token, in the words of the gateway', async () => {
    const simulator = await start()
    const without = await listenTo(jobUrl(simulator, 'any'))
    const wrong = await listenTo(jobUrl(simulator, 'any'), { headers: { 'x-auth-token': 'expired' } })
    const words = 'Incorrect IAM authentication information: '
    expect([without.status, wrong.status]).toEqual([401, 401])
    expect(errorIn(without)).toMatchObject({ error_msg: `${words}x-auth-token not found` })
    expect(errorIn(wrong)).toMatchObject({
      error_code: 'APIGW.0301',
      error_msg: `${words}decrypt token fail`,
    })
  })

  test('refuses a project that is not its own', async () => {
    const simulator = await start()
    const url = `${simulator.endpoint}/v3/${'f'.repeat(32)}/jobs?id=any`
    const heard = await listenTo(url, { headers: { 'x-auth-token': simulator.token } })
    expect(heard.status).toBe(403)
    expect(errorIn(heard)).toMatchObject({ error_code: 'DBS.200010' })
  })

  test('knows no other path, but the prefix of older endpoints', async () => {
    const simulator = await start()
    const { endpoint, projectId, token } = simulator
    const headers = { 'x-auth-token': token }
    const query = `jobs?id=${referenceExample.jobId}`
    const prefixed = await listenTo(`${endpoint}/mysql/v3/${projectId}/${query}`, { headers })
    const wrong = await listenTo(`${endpoint}/v1/${projectId}/${query}`, { headers })
    expect(prefixed.status).toBe(200)
    expect(wrong.status).toBe(404)
    expect(errorIn(wrong)).toMatchObject({ error_code: 'APIGW.0101' })
  })

  test("tells a request id in every answer's head, and the same one in the gateway's error bodies", async () => {
    const simulator = await start()
    const good = await ask(simulator, referenceExample.jobId)
    const refused = await listenTo(jobUrl(simulator, 'any'))
    expect(good.headers?.['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
    expect(errorIn(refused)).toMatchObject({ request_id: refused.headers?.['x-request-id'] })
  })

  test('limits the rate of a user in simulated time', async () => {
    const { now, turn } = handTurnedClock()
    const simulator = await start({ now, speed: 100, rateLimit: { requests: 2, windowMs: 300_000 } })
    const statuses = async (): Promise<unknown[]> => {
      const heard = [1, 2, 3].map(() => ask(simulator, referenceExample.jobId))
      return (await Promise.all(heard)).map(({ status }) => status).sort()
    }
    expect(await statuses()).toEqual([200, 200, 429])
    const message =
      'The throttling threshold has been reached: policy user over ratelimit,limit:2,time:5 minute'
    expect(errorIn(await ask(simulator, referenceExample.jobId))).toMatchObject({
      error_code: 'APIGW.0308',
      error_msg: message,
    })
    turn(3_000)
    expect(await statuses()).toEqual([200, 200, 429])
  })

  test('keeps a record of what it was asked', async () => {
    const { now, turn } = handTurnedClock()
    const simulator = await start({ now })
    turn(1_234)
    await listenTo(jobUrl(simulator, 'a%2Fb'), { headers: { 'x-auth-token': 'mine' } })
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

  test('speaks https with a certificate', async () => {
    const simulator = await start({ tls: testTls })
    expect(simulator.endpoint).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(await ask(simulator, referenceExample.jobId)).toMatchObject({ status: 200, end: 'complete' })
    const untrusting = await listenTo(jobUrl(simulator, referenceExample.jobId), { ca: [] })
    expect(untrusting.end).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })

  test('ends hanging connections when it is closed', async () => {
    const simulator = await startSimulator()
    simulator.misbehave('silent')
    const asked = ask(simulator, 'any')
    while (simulator.requests.length === 0) await new Promise(setImmediate)
    await simulator.close()
    expect((await asked).end).toBe('ECONNRESET')
    expect((await ask(simulator, 'any')).end).toBe('ECONNREFUSED')
  })
})
