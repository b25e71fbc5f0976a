import { describe, expect, test } from '@jest/globals'
import { readEcsAgency } from '../../src/credentials/ecs-agency.ts'
import type { ExchangeResult, HttpRequest } from '../../src/http/exchange.ts'
import { noSecrets, plain } from './text.ts'

/** How the keys of an ECS's agency are read. */

const NOW = Date.UTC(2026, 0, 1)
const credential = {
  access: 'FAKEACCESSKEYID00000',
  secret: 'fake-secret-key-not-a-secret',
  securitytoken: 'fake-security-token',
  expires_at: '2026-01-01T00:15:00.000000Z',
}
const SESSION = 'fake-session-token'

function response(status: number, body: string, headers = {}): ExchangeResult {
  return { kind: 'response', status, headers, body, bodyError: undefined }
}

const keys = (changes: Record<string, unknown> = {}) =>
  response(200, JSON.stringify({ credential: { ...credential, ...changes } }))

const unreachable: ExchangeResult = {
  kind: 'no-response',
  reason: 'network',
  phase: 'connect',
  code: 'EHOSTUNREACH',
  message: 'no route',
  proxyStatus: undefined,
}

async function readKeys(results: readonly ExchangeResult[], isRenewal = false) {
  const requests: HttpRequest[] = []
  const registered: string[] = []
  const exchange = (request: HttpRequest) => {
    requests.push(request)
    const result = results[requests.length - 1]
    return result === undefined
      ? Promise.reject(new Error('no request is expected'))
      : Promise.resolve(result)
  }
  const deps = { secrets: noSecrets, wallClock: () => NOW, exchange }
  const register = (...secrets: readonly string[]) => registered.push(...secrets)
  const { signal } = new AbortController()
  const result = await readEcsAgency(deps)({ lifetime: 0, isRenewal, register, signal })
  return { requests, registered, result }
}

test('the keys are read with a session token, and all of them are registered as secrets', async () => {
  const { requests, registered, result } = await readKeys([response(200, SESSION), keys()])
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'PUT http://169.254.169.254/meta-data/latest/api/token',
    'GET http://169.254.169.254/openstack/latest/securitykey',
  ])
  expect(requests[0]?.headers).toEqual({ 'X-Metadata-Token-Ttl-Seconds': '21600' })
  expect(requests[1]?.headers).toMatchObject({ 'X-Metadata-Token': SESSION })
  expect(result).toMatchObject({
    kind: 'issued',
    key: { id: credential.access, secret: credential.secret, securityToken: credential.securitytoken },
    lifetime: 15 * 60_000,
  })
  expect(registered).toEqual([SESSION, credential.access, credential.secret, credential.securitytoken])
})

test.each([404, 405, 503])('a %i means that no session token is needed', async (status) => {
  const { requests, result } = await readKeys([response(status, 'no'), keys()])
  expect(result.kind).toBe('issued')
  expect(requests[1]?.headers).not.toHaveProperty('X-Metadata-Token')
})

describe('an error says what is missing', () => {
  test.each([
    ['no ECS, because nothing responds', [unreachable], 'only on an ECS'],
    ['no ECS, because another cloud responds', [response(400, 'Bad request')], 'only on an ECS'],
    ['no ECS, because the path is unknown', [response(404, ''), response(404, '')], 'only on an ECS'],
    [
      'no agency',
      [response(200, SESSION), response(401, '{"message":"Please configure Cloud Service Agency first"}')],
      'has no agency',
    ],
    ['a session token', [response(405, ''), response(401, 'Unauthorized')], 'requires a session token'],
  ])('%s', async (_name, results, hint) => {
    const { result } = await readKeys(results)
    if (result.kind !== 'rejected') throw new Error(`the result is ${result.kind}`)
    expect([result.reason, result.scope]).toEqual(['ecs-agency', 'all'])
    expect(result.detail.hint).toContain(hint)
    expect(plain(result.detail.message)).toContain('the metadata service of the ECS')
  })
})

test('a network fault is retried twice before the first keys, and until the timeout afterwards', async () => {
  expect((await readKeys([unreachable])).result).toMatchObject({ kind: 'rejected', isPassing: true })
  expect((await readKeys([unreachable], true)).result.kind).toBe('transient')
})

test('a request that the end of the wait aborts says nothing about the ECS', async () => {
  const aborted = { ...unreachable, reason: 'aborted' } as const
  expect((await readKeys([aborted])).result.kind).toBe('transient')
  expect((await readKeys([response(200, SESSION), aborted])).result.kind).toBe('transient')
})

test('a server error is retried', async () => {
  expect((await readKeys([response(500, '')])).result.kind).toBe('transient')
  expect((await readKeys([response(200, SESSION), response(502, '')])).result.kind).toBe('transient')
})

test.each([
  ['an empty session token', [response(200, '')]],
  ['a session token with a line break', [response(200, 'fake\nsession-token')]],
  ['keys that have expired', [response(200, SESSION), keys({ expires_at: '2025-12-31T23:59:59Z' })]],
  ['a key that no header can contain', [response(200, SESSION), keys({ secret: 'fake secret key' })]],
  ['no keys', [response(200, SESSION), response(200, '{}')]],
  ['text', [response(200, SESSION), response(200, '<html>')]],
])('%s is not usable, and nothing of the response is shown', async (_name, results) => {
  const { result } = await readKeys(results)
  if (result.kind !== 'unusable') throw new Error(`the result is ${result.kind}`)
  expect(plain(result.detail.message)).toMatch(
    /^the metadata service of the ECS: HTTP 200 without valid keys$/,
  )
})
