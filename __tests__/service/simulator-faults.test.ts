import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { faults, type FaultName } from '../../simulator/faults.ts'
import { referenceExample } from '../../simulator/reference-example.ts'
import { redirectTo } from '../../simulator/reply.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { ask, jobIn, listenTo, shortPatienceMs, testTls, type Heard } from './simulator-request.ts'
import { postToSts } from './simulator-assume.ts'

// What a plain client hears; a fault without a row here does not compile.
const expected: Record<FaultName, Partial<Heard>> = {
  reset: { end: 'ECONNRESET' },
  cut: { end: 'ECONNRESET' },
  silent: { body: '', end: 'silence' },
  garbage: { end: 'HPE_INVALID_CONSTANT' },
  'drip-headers': { body: '', end: 'silence' },
  'cut-in-headers': { body: '', end: 'ECONNRESET' },
  'stall-in-headers': { body: '', end: 'silence' },
  '100-continue-then-silence': { body: '(100) ', end: 'silence' },
  '101': { end: 'upgraded with 101' },
  'cut-after-headers': { status: 200, body: '', end: 'ECONNRESET' },
  'cut-content-length': { status: 200, body: referenceExample.body.slice(0, 359), end: 'ECONNRESET' },
  'cut-in-chunk': { status: 200, body: referenceExample.body.slice(0, 359), end: 'ECONNRESET' },
  'stall-in-body': { status: 200, body: referenceExample.body.slice(0, 359), end: 'silence' },
  drip: { status: 200, body: '', end: 'silence' },
  endless: { status: 200, end: 'endless' },
  huge: { status: 200, body: referenceExample.body + ' '.repeat(2 * 1024 * 1024), end: 'complete' },
  'invalid-utf8': {
    status: 200,
    body: `{"\ufffd\ufffd\ufffd":0,${referenceExample.body.slice(1)}`,
    end: 'complete',
  },
  'empty-200': { status: 200, body: '', end: 'complete' },
  'html-200': { status: 200, end: 'complete' },
  'html-502': { status: 502, end: 'complete' },
  'null-job': { status: 200, body: '{"job":null}', end: 'complete' },
  'other-job': { status: 200, end: 'complete' },
  'no-status': { status: 200, end: 'complete' },
  '204': { status: 204, body: '', end: 'complete' },
  '206': { status: 206, body: referenceExample.body, end: 'complete' },
  redirect: { status: 302, body: '', end: 'complete' },
  '429': { status: 429, end: 'complete' },
  '429-retry-after': { status: 429, end: 'complete' },
  '503-retry-after': { status: 503, end: 'complete' },
}
const names = Object.keys(faults) as FaultName[]

for (const scheme of ['http', 'https'] as const) {
  describe(`over ${scheme}`, () => {
    let simulator: Simulator
    beforeAll(async () => {
      simulator = await startSimulator(scheme === 'https' ? { tls: testTls } : {})
    })
    afterAll(() => simulator.close())

    test.each(names)('%s hits one request, and the next is answered', async (name) => {
      simulator.misbehave(name)
      const patienceMs = expected[name].end === 'silence' ? shortPatienceMs : undefined
      expect(await ask(simulator, referenceExample.jobId, patienceMs)).toMatchObject(expected[name])
      expect(await ask(simulator, referenceExample.jobId)).toMatchObject({ status: 200, end: 'complete' })
    })
  })
}

describe('faults', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
  })
  afterAll(() => simulator.close())

  test('come in the order in which they were asked for, each as often as asked', async () => {
    simulator.misbehave(500, { times: 2 })
    simulator.misbehave('cut')
    const heard = []
    for (let n = 0; n < 4; n += 1) heard.push(await ask(simulator, referenceExample.jobId))
    expect(heard.map(({ status, end }) => status ?? end)).toEqual([500, 500, 'ECONNRESET', 200])
  })

  test('can hit one job for ever and spare the others', async () => {
    const jobId = simulator.addJob({ hiddenMs: 0 })
    simulator.misbehave('html-502', { times: 'for ever', jobId })
    for (let n = 0; n < 3; n += 1) expect((await ask(simulator, jobId)).status).toBe(502)
    expect((await ask(simulator, referenceExample.jobId)).status).toBe(200)
  })

  test('can hit one API and spare the others', async () => {
    const askAll = async (): Promise<unknown[]> => [
      (await ask(simulator, referenceExample.jobId)).status,
      (await postToSts(simulator, '{}')).status,
      (await listenTo(simulator.oidc.env.ACTIONS_ID_TOKEN_REQUEST_URL)).status,
    ]
    expect(await askAll()).toEqual([200, 400, 401])
    simulator.misbehave(503, { api: 'id-token' })
    simulator.misbehave(502, { api: 'sts', times: 2 })
    simulator.misbehave(500, { api: 'jobs' })
    expect(await askAll()).toEqual([500, 502, 503])
    expect(await askAll()).toEqual([200, 502, 401])
    expect(await askAll()).toEqual([200, 400, 401])
    simulator.misbehave(500, { times: 2 })
    expect(await askAll()).toEqual([500, 500, 401])
  })

  test('can hit a job only where jobs are asked for', async () => {
    simulator.misbehave(500, { api: 'sts', jobId: referenceExample.jobId })
    simulator.misbehave(502, { api: 'jobs', jobId: referenceExample.jobId })
    expect((await ask(simulator, 'another')).status).toBe(400)
    expect((await ask(simulator, referenceExample.jobId)).status).toBe(502)
    expect((await ask(simulator, referenceExample.jobId)).status).toBe(200)
  })

  test('can be any answer in full', async () => {
    simulator.misbehave({ status: 418, headers: { 'retry-after': 'soon' }, body: '\u001b[31mteapot' })
    const heard = await ask(simulator, referenceExample.jobId)
    expect(heard).toMatchObject({ status: 418, headers: { 'retry-after': 'soon' }, body: '\u001b[31mteapot' })
  })

  test('can be a redirect to a given place', async () => {
    simulator.misbehave(redirectTo('http://127.0.0.1:1/elsewhere', 307))
    const heard = await ask(simulator, referenceExample.jobId)
    expect(heard).toMatchObject({ status: 307, headers: { location: 'http://127.0.0.1:1/elsewhere' } })
  })

  test.each([
    [401, 'APIGW.0301'],
    [403, 'APIGW.0302'],
    [404, 'APIGW.0101'],
    [429, 'APIGW.0308'],
    [500, 'DBS.200208'],
    [502, 'APIGW.0201'],
    [503, 'APIGW.0201'],
  ])('given as the status %d bring the error body of the gateway or the service', async (status, code) => {
    simulator.misbehave(status)
    const heard = await ask(simulator, referenceExample.jobId)
    expect(heard.status).toBe(status)
    expect(JSON.parse(heard.body)).toMatchObject({ error_code: code })
  })

  test('that are about the job change only what their name says', async () => {
    const truth = jobIn(await ask(simulator, referenceExample.jobId))
    simulator.misbehave('other-job')
    const other = jobIn(await ask(simulator, referenceExample.jobId))
    simulator.misbehave('no-status')
    const without = jobIn(await ask(simulator, referenceExample.jobId))
    expect(other).toEqual({ ...truth, id: '00000000-0000-4000-8000-000000000000' })
    expect({ ...without, status: 'Completed' }).toEqual(truth)
    expect(without).not.toHaveProperty('status')
  })

  test.each(['429-retry-after', '503-retry-after'] as const)('%s says when to come back', async (name) => {
    simulator.misbehave(name)
    expect((await ask(simulator, referenceExample.jobId)).headers).toMatchObject({ 'retry-after': '2' })
  })

  test('that node will not send are told to the client and do not end the simulator', async () => {
    simulator.misbehave({ status: 200, headers: { 'x-odd': 'a\nb' } })
    expect(await ask(simulator, referenceExample.jobId)).toMatchObject({ status: 500 })
    expect(await ask(simulator, referenceExample.jobId)).toMatchObject({ status: 200 })
  })

  test('drip a byte each 300 ms', async () => {
    jest.useFakeTimers({
      doNotFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'nextTick', 'performance'],
    })
    try {
      simulator.misbehave('drip')
      const before = simulator.requests.length
      const asked = ask(simulator, referenceExample.jobId, shortPatienceMs)
      while (simulator.requests.length === before) await new Promise(setImmediate)
      jest.advanceTimersByTime(899)
      expect(await asked).toMatchObject({ body: referenceExample.body.slice(0, 2), end: 'silence' })
    } finally {
      jest.useRealTimers()
    }
  })
})
