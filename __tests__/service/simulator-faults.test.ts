import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { faults, type FaultName } from '../../simulator/faults.ts'
import { referenceExample } from '../../simulator/reference-example.ts'
import { redirectTo } from '../../simulator/response.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import {
  getJob,
  jobIn,
  httpGet,
  SHORT_IDLE_TIMEOUT_MS,
  testTls,
  type HttpResult,
} from './simulator-request.ts'
import { postToSts } from './simulator-assume.ts'

// The result of a plain HTTP client. A fault without an entry here does not compile.
const expected: Record<FaultName, Partial<HttpResult>> = {
  reset: { end: 'ECONNRESET' },
  cut: { end: 'ECONNRESET' },
  silent: { body: '', end: 'idle timeout' },
  garbage: { end: 'HPE_INVALID_CONSTANT' },
  'drip-headers': { body: '', end: 'idle timeout' },
  'cut-in-headers': { body: '', end: 'ECONNRESET' },
  'stall-in-headers': { body: '', end: 'idle timeout' },
  '100-continue-then-silence': { body: '(100) ', end: 'idle timeout' },
  '101': { end: 'upgraded with 101' },
  'cut-after-headers': { status: 200, body: '', end: 'ECONNRESET' },
  'cut-content-length': { status: 200, body: referenceExample.body.slice(0, 359), end: 'ECONNRESET' },
  'cut-in-chunk': { status: 200, body: referenceExample.body.slice(0, 359), end: 'ECONNRESET' },
  'stall-in-body': { status: 200, body: referenceExample.body.slice(0, 359), end: 'idle timeout' },
  drip: { status: 200, body: '', end: 'idle timeout' },
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
  'empty-status': { status: 200, end: 'complete' },
  'error-200': {
    status: 200,
    body: '{"error_code":"DBS.200208","error_msg":"Server failure."}',
    end: 'complete',
  },
  'ended-while-running': { status: 200, end: 'complete' },
  'structured-reason': { status: 200, end: 'complete' },
  gzip: { status: 200, end: 'complete' },
  deflate: { status: 200, end: 'complete' },
  br: { status: 200, end: 'complete' },
  'gzip-bomb': { status: 200, end: 'complete' },
  'unknown-encoding': { status: 200, body: referenceExample.body, end: 'complete' },
  'not-registered': {
    status: 400,
    body: '{"errCode":"DBS.200543","externalMessage":"The job does not exist."}',
    end: 'complete',
  },
  'wrapped-error': {
    status: 400,
    body: '{"badRequest":{"code":400,"message":"The parameter is not valid."}}',
    end: 'complete',
  },
  'other-error': { status: 400, body: '{"fault":"quota","allowed":3}', end: 'complete' },
  '418': { status: 418, end: 'complete' },
  '494': { status: 494, end: 'complete' },
  'no-total': { status: 200, end: 'complete' },
  'total-as-text': { status: 200, end: 'complete' },
  'iam-forbidden': { status: 403, end: 'complete' },
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

    test.each(names)('%s affects one request, and the next one succeeds', async (name) => {
      simulator.injectFault(name)
      const idleTimeoutMs = expected[name].end === 'idle timeout' ? SHORT_IDLE_TIMEOUT_MS : undefined
      expect(await getJob(simulator, referenceExample.jobId, idleTimeoutMs)).toMatchObject(expected[name])
      expect(await getJob(simulator, referenceExample.jobId)).toMatchObject({ status: 200, end: 'complete' })
    })
  })
}

describe('faults', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
  })
  afterAll(() => simulator.close())

  test('occur in the order in which they were added, each the given number of times', async () => {
    simulator.injectFault(500, { times: 2 })
    simulator.injectFault('cut')
    const results = []
    for (let n = 0; n < 4; n += 1) results.push(await getJob(simulator, referenceExample.jobId))
    expect(results.map(({ status, end }) => status ?? end)).toEqual([500, 500, 'ECONNRESET', 200])
  })

  test('can affect all requests for one job, but not those for others', async () => {
    const jobId = simulator.addJob({ notFoundMs: 0 })
    simulator.injectFault('html-502', { times: 'always', jobId })
    for (let n = 0; n < 3; n += 1) expect((await getJob(simulator, jobId)).status).toBe(502)
    expect((await getJob(simulator, referenceExample.jobId)).status).toBe(200)
  })

  test('can affect one API, but not the others', async () => {
    const requestAll = async (): Promise<unknown[]> => [
      (await getJob(simulator, referenceExample.jobId)).status,
      (await postToSts(simulator, '{}')).status,
      (await httpGet(simulator.oidc.env.ACTIONS_ID_TOKEN_REQUEST_URL)).status,
    ]
    expect(await requestAll()).toEqual([200, 400, 401])
    simulator.injectFault(503, { api: 'id-token' })
    simulator.injectFault(502, { api: 'sts', times: 2 })
    simulator.injectFault(500, { api: 'jobs' })
    expect(await requestAll()).toEqual([500, 502, 503])
    expect(await requestAll()).toEqual([200, 502, 401])
    expect(await requestAll()).toEqual([200, 400, 401])
    simulator.injectFault(500, { times: 2 })
    expect(await requestAll()).toEqual([500, 500, 401])
  })

  test('for a job affect only the APIs that have a job ID in their query', async () => {
    simulator.injectFault(500, { api: 'sts', jobId: referenceExample.jobId })
    simulator.injectFault(502, { api: 'jobs', jobId: referenceExample.jobId })
    expect((await getJob(simulator, 'another')).status).toBe(400)
    expect((await getJob(simulator, referenceExample.jobId)).status).toBe(502)
    expect((await getJob(simulator, referenceExample.jobId)).status).toBe(200)
  })

  test('can be any complete response', async () => {
    simulator.injectFault({ status: 418, headers: { 'retry-after': 'soon' }, body: '\u001b[31mteapot' })
    const response = await getJob(simulator, referenceExample.jobId)
    expect(response).toMatchObject({
      status: 418,
      headers: { 'retry-after': 'soon' },
      body: '\u001b[31mteapot',
    })
  })

  test('can be a redirect to a given URL', async () => {
    simulator.injectFault(redirectTo('http://127.0.0.1:1/elsewhere', 307))
    const response = await getJob(simulator, referenceExample.jobId)
    expect(response).toMatchObject({ status: 307, headers: { location: 'http://127.0.0.1:1/elsewhere' } })
  })

  test.each([
    [401, 'APIGW.0301'],
    [403, 'APIGW.0302'],
    [404, 'APIGW.0101'],
    [429, 'APIGW.0308'],
    [500, 'DBS.200208'],
    [502, 'APIGW.0201'],
    [503, 'APIGW.0201'],
  ])('with the status %d return the error body of the gateway or the service', async (status, code) => {
    simulator.injectFault(status)
    const response = await getJob(simulator, referenceExample.jobId)
    expect(response.status).toBe(status)
    expect(JSON.parse(response.body)).toMatchObject({ error_code: code })
  })

  test('that change the job keep all other fields', async () => {
    const real = jobIn(await getJob(simulator, referenceExample.jobId))
    simulator.injectFault('other-job')
    const other = jobIn(await getJob(simulator, referenceExample.jobId))
    simulator.injectFault('no-status')
    const without = jobIn(await getJob(simulator, referenceExample.jobId))
    expect(other).toEqual({ ...real, id: '00000000-0000-4000-8000-000000000000' })
    expect({ ...without, status: 'Completed' }).toEqual(real)
    expect(without).not.toHaveProperty('status')
  })

  test.each(['429-retry-after', '503-retry-after'] as const)('%s returns Retry-After', async (name) => {
    simulator.injectFault(name)
    expect((await getJob(simulator, referenceExample.jobId)).headers).toMatchObject({ 'retry-after': '2' })
  })

  test('that Node cannot send return an error to the client and do not stop the simulator', async () => {
    simulator.injectFault({ status: 200, headers: { 'x-odd': 'a\nb' } })
    expect(await getJob(simulator, referenceExample.jobId)).toMatchObject({ status: 500 })
    expect(await getJob(simulator, referenceExample.jobId)).toMatchObject({ status: 200 })
  })

  test('drip one byte every 300 ms', async () => {
    jest.useFakeTimers({
      doNotFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'nextTick', 'performance'],
    })
    try {
      simulator.injectFault('drip')
      const before = simulator.requests.length
      const pending = getJob(simulator, referenceExample.jobId, SHORT_IDLE_TIMEOUT_MS)
      while (simulator.requests.length === before) await new Promise(setImmediate)
      jest.advanceTimersByTime(899)
      expect(await pending).toMatchObject({ body: referenceExample.body.slice(0, 2), end: 'idle timeout' })
    } finally {
      jest.useRealTimers()
    }
  })
})
