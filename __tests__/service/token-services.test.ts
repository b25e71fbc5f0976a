import { afterEach, describe, expect, test } from '@jest/globals'
import { HOUR, MINUTE, SECOND } from '../../src/duration.ts'
import type { FaultName } from '../../simulator/faults.ts'
import type { ApiResponse } from '../../simulator/response.ts'
import { plain, untrusted } from '../unit/text.ts'
import {
  clock,
  simulator,
  secrets,
  renewals,
  notRenewed,
  start,
  waitFor,
  requests,
  idTokens,
  outcomesOf,
  errorOf,
  type AgencyChanges,
} from './agency-stage.ts'

/** Faults and rejections of GitHub's token service and of the Security Token Service. */

afterEach(() => simulator.close())

describe('a token service with a fault', () => {
  const TRANSIENT: readonly (FaultName | number)[] = [
    ...(['reset', 'cut', 'garbage', 'cut-in-headers', 'cut-content-length', 'cut-in-chunk'] as const),
    ...(['endless', 'huge', 'invalid-utf8', 'empty-200', 'html-200', '204', '429-retry-after'] as const),
    ...[408, 429, 500, 502, 503, 504],
  ]
  const BOTH = (['sts', 'id-token'] as const).flatMap((api) =>
    TRANSIENT.map((fault) => [api, fault] as const),
  )

  test.each(BOTH)('is retried: %s, %s', async (api, fault) => {
    await start()
    simulator.injectFault(fault, { api })
    const { results, responses } = await waitFor()
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(responses.map(({ kind }) => kind)).toEqual([
      expect.stringMatching(/^(transient|unusable)$/),
      'job',
    ])
  })

  test('does not affect the rate limit of the jobs API by its own', async () => {
    await start()
    for (const api of ['sts', 'id-token'] as const) simulator.injectFault(429, { api })
    const begin = clock.now()
    const { responses } = await waitFor({ interval: SECOND })
    expect(responses).toHaveLength(3)
    expect(clock.now() - begin).toBeLessThan(5 * SECOND)
  })

  test('is retried after its Retry-After', async () => {
    await start()
    simulator.injectFault({ status: 503, headers: { 'retry-after': '120' } }, { api: 'sts' })
    const begin = clock.now()
    await waitFor()
    expect(clock.now() - begin).toBe(120 * SECOND)
  })

  test.each([1, 8, 100])(
    'for an hour is retried with backoff, together for all of %d jobs',
    async (count) => {
      await start()
      simulator.injectFault(503, { api: 'sts', times: 'always' })
      const jobs = Array.from({ length: count }, (_, index) => `job-${index}`)
      const { results } = await waitFor({ jobs })
      expect(new Set(outcomesOf(results))).toEqual(new Set(['timed-out']))
      expect(requests('assume-with-oidc').length).toBeLessThanOrEqual(130)
      expect(requests('id-token').length).toBe(requests('assume-with-oidc').length)
    },
    30_000,
  )

  test('is retried only after its Retry-After, however many jobs there are', async () => {
    await start()
    simulator.injectFault({ status: 503, headers: { 'retry-after': '120' } }, { api: 'sts', times: 'always' })
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    await waitFor({ jobs })
    expect(requests('assume-with-oidc').length).toBeLessThanOrEqual(31)
  })

  test('that persists ends as a timeout that names the token service', async () => {
    await start()
    simulator.injectFault(503, { api: 'sts', times: 'always' })
    const { results } = await waitFor({ timeout: 10 * MINUTE })
    const [first] = results
    expect(first?.outcome.result).toBe('timed-out')
    expect(first?.state.last?.kind === 'transient' && plain(first.state.last.detail.message)).toMatch(
      /^the Security Token Service: HTTP 503 /,
    )
    expect(requests('/jobs')).toHaveLength(0)
  })

  test('has no effect while the keys are valid', async () => {
    await start()
    const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 62 * MINUTE })
    clock.at(clock.now() + 50 * MINUTE, () => {
      for (let times = 0; times < 6; times++) simulator.injectFault(503, { api: 'sts' })
    })
    const { results, responses } = await waitFor({ jobs: [job], timeout: 2 * HOUR })
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(new Set(responses.map(({ kind }) => kind))).toEqual(new Set(['job']))
    // Every 30 s, starting five minutes before they expire.
    expect(renewals.map((at) => at / SECOND)).toEqual([0, 55 * 60 + 6 * 30])
  })

  test('delays no request for a job while the keys are valid', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 14 * MINUTE })
    clock.at(clock.now() + 9 * MINUTE, () => {
      simulator.injectFault('silent', { api: 'id-token' })
    })
    // The renewal hangs for 30 real seconds, so virtual time does not wait for it.
    const { results, responses } = await waitFor({ jobs: [job], ignoresRenewals: true })
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(responses).toHaveLength(57)
    expect(renewals).toHaveLength(1)
  })

  test('is reported with its reason while the keys are valid', async () => {
    await start()
    const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 57 * MINUTE })
    clock.at(clock.now() + 50 * MINUTE, () => {
      simulator.injectFault(503, { api: 'sts', times: 'always' })
    })
    await waitFor({ jobs: [job] })
    expect(notRenewed).toHaveLength(4)
    expect(notRenewed[0]).toMatch(/^the Security Token Service: HTTP 503 /)
  })

  test('does not extend the use of keys beyond their expiration', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 30 * MINUTE })
    clock.at(clock.now() + 9 * MINUTE, () => {
      simulator.injectFault(503, { api: 'sts', times: 'always' })
    })
    await waitFor({ jobs: [job], timeout: 25 * MINUTE })
    const last = requests('/jobs').at(-1)
    expect(last?.elapsedMs).toBe(14.75 * MINUTE)
  })
})

describe('a rejection by a token service is final for all jobs, and its reason is reported:', () => {
  const CASES: readonly (readonly [
    string,
    AgencyChanges,
    'sts' | 'id-token',
    number | ApiResponse | FaultName | undefined,
    RegExp,
  ])[] = [
    [
      'an unknown agency',
      { agencyUrn: 'iam::0:agency:no' },
      'sts',
      undefined,
      /^agency: the Security Token Service: HTTP 404 STS5\.1106 “the agency .* cannot be found” \(request ID /,
    ],
    [
      'an invalid bearer token',
      { bearer: 'other' },
      'id-token',
      undefined,
      /^id-token: GitHub's token service: HTTP 401 “.+”/,
    ],
    ['a redirect by STS', {}, 'sts', 'redirect', /^redirect: the Security Token Service: HTTP 302 to /],
    ['a redirect by GitHub', {}, 'id-token', 'redirect', /^redirect: GitHub's token service: HTTP 302 to /],
    ['401 by STS', {}, 'sts', 401, /^agency: the Security Token Service: HTTP 401 /],
    ['401 by GitHub', {}, 'id-token', 401, /^id-token: GitHub's token service: HTTP 401 /],
    ['403 by GitHub', {}, 'id-token', 403, /^id-token: GitHub's token service: HTTP 403 /],
  ]
  test.each(CASES)('%s', async (_name, agency, api, fault, expected) => {
    await start()
    if (fault !== undefined) simulator.injectFault(fault, { api, times: 'always' })
    const jobs = ['job-1', 'job-2', 'job-3']
    const { results } = await waitFor({ jobs, agency })
    expect(errorOf(results)).toMatch(expected)
    expect(outcomesOf(results)).toEqual(['error', 'error', 'error'])
    expect(requests('id-token')).toHaveLength(1)
    expect(requests('/jobs')).toHaveLength(0)
  })
})

describe('the text of a response that a token service sends with an error is not shown, since it may contain keys:', () => {
  const keys = {
    access_key_id: 'FRESHKEYID0123',
    secret_access_key: 'fresh-secret',
    security_token: 'fresh-token',
  }
  test.each<[string, 'oidc' | 'ecs', 'id-token' | 'sts' | 'ecs-token' | 'ecs-keys', string, string]>([
    [
      'keys',
      'oidc',
      'sts',
      JSON.stringify({ credentials: keys }),
      'agency: the Security Token Service: HTTP 409',
    ],
    ['text', 'oidc', 'sts', 'fresh-secret', 'agency: the Security Token Service: HTTP 409'],
    [
      'a token with a code',
      'oidc',
      'id-token',
      '{"value":"fresh-token","code":"Conflict"}',
      "id-token: GitHub's token service: HTTP 409 Conflict",
    ],
    [
      'a session token',
      'ecs',
      'ecs-token',
      'fresh-token',
      'ecs-agency: the metadata service of the ECS: HTTP 409',
    ],
    [
      'keys of an ECS',
      'ecs',
      'ecs-keys',
      JSON.stringify({ credential: keys }),
      'ecs-agency: the metadata service of the ECS: HTTP 409',
    ],
  ])('%s', async (_name, from, api, body, expected) => {
    await start()
    simulator.injectFault({ status: 409, body }, { api, times: 'always' })
    const { results } = await waitFor({ from })
    expect(errorOf(results).replace(/ \(request ID .*\)$/, '')).toBe(expected)
  })
})

test('an ID token for which STS issues no keys is redacted for 15 minutes, so that long faults do not slow down the wait', async () => {
  await start()
  simulator.injectFault(503, { api: 'sts', times: 'always' })
  await waitFor({ timeout: 30 * MINUTE })
  const isRedacted = idTokens().map((token) => secrets.text(String(token)).equals(untrusted('***')))
  expect(isRedacted.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => false))
  expect(isRedacted.slice(-30)).toEqual(Array.from({ length: 30 }, () => true))
})

describe('a rejection by a token service that may pass', () => {
  const PASSING = [
    ['sts', 400, /^agency: the Security Token Service: HTTP 400 /],
    ['sts', 403, /^agency: the Security Token Service: HTTP 403 /],
    ['id-token', 400, /^id-token: GitHub's token service: HTTP 400 /],
    ['id-token', 404, /^id-token: GitHub's token service: HTTP 404 /],
  ] as const

  test.each(PASSING)(
    'is final after two retries, each at least 3 s later: %s, %d',
    async (api, status, expected) => {
      await start()
      simulator.injectFault(status, { api, times: 'always' })
      const { results } = await waitFor({ jobs: ['job-1', 'job-2', 'job-3'] })
      expect(errorOf(results)).toMatch(expected)
      expect(outcomesOf(results)).toEqual(['error', 'error', 'error'])
      expectThreeAttempts()
      expect(requests('assume-with-oidc')).toHaveLength(api === 'sts' ? 3 : 0)
      expect(requests('/jobs')).toHaveLength(0)
    },
  )

  test.each(PASSING)('has no effect if it passes: %s, %d', async (...[api, status]) => {
    await start()
    simulator.injectFault(status, { api, times: 2 })
    const { results, responses } = await waitFor({ interval: SECOND })
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(responses.map(({ kind }) => kind)).toEqual(['transient', 'transient', 'job'])
    expect(requests('id-token').map(({ elapsedMs }) => elapsedMs / SECOND)).toEqual([0, 3, 6])
    expect(new Set(idTokens()).size).toBe(requests('assume-with-oidc').length)
  })

  test('of another audience is final after two retries, each with a new ID token', async () => {
    await start()
    const { results } = await waitFor({ agency: { audience: 'elsewhere' } })
    expect(errorOf(results)).toMatch(/^agency: .* HTTP 403 STS5\.\d+ “.*audience/)
    expectThreeAttempts()
    expect(new Set(idTokens()).size).toBe(3)
  })

  test('is counted again after another fault', async () => {
    await start()
    for (const status of [400, 400, 503, 400, 400]) simulator.injectFault(status, { api: 'sts' })
    const { results } = await waitFor()
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(requests('assume-with-oidc')).toHaveLength(6)
  })

  function expectThreeAttempts(): void {
    const [first = 0, second = 0, third = 0, ...others] = requests('id-token').map(
      ({ elapsedMs }) => elapsedMs,
    )
    expect(second - first).toBeGreaterThanOrEqual(3 * SECOND)
    expect(third - second).toBeGreaterThanOrEqual(3 * SECOND)
    expect(others).toEqual([])
  }
})

describe('an unusable response of a token service is retried, up to five in a row:', () => {
  const valid = {
    access_key_id: 'AK',
    secret_access_key: 'sk',
    security_token: 'st',
    expiration: '2026-11-25T01:00:00Z',
  }
  test.each<[string, 'sts' | 'id-token', unknown]>([
    ['no value', 'id-token', { count: 1 }],
    ['an empty value', 'id-token', { value: '' }],
    ['a value that is invalid in a header', 'id-token', { value: 'a\nb' }],
    ['no credentials', 'sts', {}],
    ['no expiration', 'sts', { credentials: { ...valid, expiration: undefined } }],
    ['an expiration that is not a date', 'sts', { credentials: { ...valid, expiration: 'never' } }],
    ['expired keys', 'sts', { credentials: { ...valid, expiration: '2026-11-24T23:00:00Z' } }],
    ['a key that is invalid in a header', 'sts', { credentials: { ...valid, secret_access_key: 'ü' } }],
  ])('%s', async (_name, api, body) => {
    await start()
    simulator.injectFault({ status: 200, body: JSON.stringify(body) }, { api, times: 'always' })
    const { results } = await waitFor()
    expect(errorOf(results)).toMatch(
      /^unusable: (the Security Token Service|GitHub's token service): HTTP 200 without /,
    )
    expect(requests('id-token')).toHaveLength(5)
    expect(requests('/jobs')).toHaveLength(0)
  })

  test('an error in a 200 is reported with its code and message', async () => {
    await start()
    const body = JSON.stringify({ error_code: 'STS.1', error_msg: 'busy', session_token: 'fake-token' })
    simulator.injectFault({ status: 200, body }, { api: 'sts', times: 'always' })
    expect(errorOf((await waitFor()).results)).toMatch(
      /^unusable: the Security Token Service: HTTP 200 STS\.1 “busy” \(request ID [0-9a-f]{32}\)$/,
    )
  })
})
