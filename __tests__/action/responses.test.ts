import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startProxy } from '../../simulator/proxy.ts'
import { redirectTo, type ApiResponse } from '../../simulator/response.ts'
import type { StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { BEHIND_PROXY, startTlsSimulator, TRUST } from './stage.ts'
import { annotation, stepAt } from './step.ts'

/** The built action with responses of a service, a gateway, or a proxy. */

let simulator: Simulator
let jobId: string

beforeEach(async () => {
  simulator = await startSimulator()
  jobId = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
})
afterEach(async () => {
  await simulator.close()
})

function run(inputs: Record<string, string> = {}, env: Record<string, string> = {}): Promise<StepResult> {
  return stepAt(simulator, { token: simulator.token, 'job-id': jobId, ...inputs }, env)
}

describe('the annotation contains HTTP status, code, message, and request ID of an error', () => {
  const errorResponse = (body: object, headers: Record<string, string> = {}): ApiResponse => ({
    status: 403,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const id = { 'x-request-id': 'request-1' }
  test.each([
    ['error_code, error_msg', errorResponse({ error_code: 'X.1', error_msg: 'not you' }, id)],
    ['errorCode, errorMsg', errorResponse({ errorCode: 'X.1', errorMsg: 'not you' }, id)],
    ['code, message', errorResponse({ code: 'X.1', message: 'not you' }, id)],
    ['error.code, error.message', errorResponse({ error: { code: 'X.1', message: 'not you' } }, id)],
    [
      'the header of IAM',
      errorResponse(
        { error: { code: 'X.1', message: 'not you' } },
        { 'x-request-id': '', 'x-iam-trace-id': 'request-1' },
      ),
    ],
    [
      'request_id in the body',
      errorResponse(
        { error_code: 'X.1', error_msg: 'not you', request_id: 'request-1' },
        { 'x-request-id': '' },
      ),
    ],
  ])('in the format %s', async (_format, response) => {
    simulator.injectFault(response)
    expect(annotation(await run())).toContain('HTTP 403 X.1 “not you” (request ID request-1)')
  })

  test('in an HTML page, without its markup', async () => {
    simulator.injectFault({ status: 403, headers: id, body: '<h1>Forbidden</h1>' })
    expect(annotation(await run())).toContain('HTTP 403 “Forbidden” (request ID request-1)')
  })
})

test.each([301, 302, 303, 307, 308])(
  'a redirect with %d is not followed, and the other server receives no request',
  async (status) => {
    const other = await startSimulator()
    simulator.injectFault(redirectTo(`${other.endpoint}/v3/${other.projectId}/jobs?id=${jobId}`, status))
    const result = await run()
    await other.close()
    expect(result.exitCode).toBe(1)
    expect(annotation(result)).toContain('title=The endpoint returned a redirect')
    expect(annotation(result)).toContain(other.endpoint)
    expect(other.requests).toEqual([])
    expect(simulator.requests).toHaveLength(1)
  },
)

test.each([401, { status: 403, body: '{"error_code":"DBS.280056","error_msg":"Invalid token."}' }])(
  'rejected credentials are sent only once',
  async (fault) => {
    simulator.injectFault(fault, { times: 'always' })
    const result = await run()
    expect(annotation(result)).toContain('title=Authentication failed')
    expect(simulator.requests).toHaveLength(1)
  },
)

test.each(['429-retry-after', '503-retry-after'] as const)(
  'the Retry-After of %s is respected',
  async (fault) => {
    simulator.injectFault(fault)
    const { exitCode } = await run()
    const [first, second] = simulator.requests
    expect(exitCode).toBe(0)
    expect((second?.elapsedMs ?? 0) - (first?.elapsedMs ?? 0)).toBeGreaterThanOrEqual(2_000)
  },
)

test.each(['Wed, 21 Oct 2015 07:28:00 GMT', '-7', 'never', '9'.repeat(400)])(
  'an invalid or extreme Retry-After, %.40s, does not delay the step beyond its timeout',
  async (value) => {
    simulator.injectFault({ status: 429, headers: { 'retry-after': value } })
    const { milliseconds, outputs } = await run({ timeout: '3s' })
    // A very long one is limited to five minutes, which is longer than this wait.
    expect(outputs['result']).toBe(value.length > 100 ? 'timed-out' : 'completed')
    expect(milliseconds).toBeLessThan(5_000)
  },
)

describe('behind a CONNECT proxy, with TLS and a private CA', () => {
  test.each([
    ['without', '', undefined],
    ['with', 'user:not-a-secret@', `Basic ${Buffer.from('user:not-a-secret').toString('base64')}`],
  ])('the step succeeds %s a password for the proxy', async (_name, login, authorization) => {
    const api = await startTlsSimulator()
    const proxy = await startProxy({ target: `127.0.0.1:${api.port}` })
    const job = api.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
    const result = await run(
      { endpoint: BEHIND_PROXY, 'job-id': job },
      { ...TRUST, https_proxy: proxy.url.replace('http://', `http://${login}`) },
    )
    await Promise.all([api.close(), proxy.close()])
    expect(result.exitCode).toBe(0)
    expect(proxy.tunnels).toEqual([{ target: 'gaussdb.simulator.test:443', authorization }])
    expect(api.requests.map(({ headers }) => headers['x-auth-token'])).toEqual([api.token])
  })

  test('requests to a host in no_proxy are sent directly', async () => {
    const api = await startTlsSimulator()
    const proxy = await startProxy({ behavior: 'cut' })
    const job = api.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
    const result = await run(
      { endpoint: api.endpoint, 'job-id': job },
      { ...TRUST, https_proxy: proxy.url, no_proxy: '127.0.0.1' },
    )
    await Promise.all([api.close(), proxy.close()])
    expect(result.exitCode).toBe(0)
    expect(proxy.tunnels).toEqual([])
  })
})
