import { afterEach, describe, expect, test } from '@jest/globals'
import type { Agency } from '../../src/credentials/assume-agency.ts'
import { HOUR, MINUTE, SECOND } from '../../src/duration.ts'
import type { FaultName } from '../../simulator/faults.ts'
import type { Reply } from '../../simulator/reply.ts'
import { plain } from '../unit/text.ts'
import {
  clock,
  simulator,
  renewals,
  notRenewed,
  start,
  waitFor,
  requests,
  results,
  saidAtTheEnd,
} from './oidc-stage.ts'

/** GitHub’s token service and the Security Token Service, out of order or refusing. */

afterEach(() => simulator.close())

describe('a token service that is out of order', () => {
  const PASSES: readonly (FaultName | number)[] = [
    ...(['reset', 'cut', 'garbage', 'cut-in-headers', 'cut-content-length', 'cut-in-chunk'] as const),
    ...(['endless', 'huge', 'invalid-utf8', 'empty-200', 'html-200', '204', '429-retry-after'] as const),
    ...[408, 429, 500, 502, 503, 504],
  ]
  const BOTH = (['sts', 'id-token'] as const).flatMap((api) => PASSES.map((fault) => [api, fault] as const))

  test.each(BOTH)('for a moment is asked again: %s, %s', async (api, fault) => {
    await start()
    simulator.misbehave(fault, { api })
    const { waited, answers } = await waitFor()
    expect(results(waited)).toEqual(['completed'])
    expect(answers.map(({ kind }) => kind)).toEqual([expect.stringMatching(/^(transient|unusable)$/), 'job'])
  })

  test('with a limit of its own says nothing of the jobs API’s', async () => {
    await start()
    for (const api of ['sts', 'id-token'] as const) simulator.misbehave(429, { api })
    const begin = clock.now()
    const { answers } = await waitFor({ interval: SECOND })
    expect(answers).toHaveLength(3)
    expect(clock.now() - begin).toBeLessThan(5 * SECOND)
  })

  test('obeys its Retry-After', async () => {
    await start()
    simulator.misbehave({ status: 503, headers: { 'retry-after': '120' } }, { api: 'sts' })
    const begin = clock.now()
    await waitFor()
    expect(clock.now() - begin).toBe(120 * SECOND)
  })

  test.each([1, 8, 100])(
    'for an hour is asked by all of %d jobs together, and more and more rarely',
    async (count) => {
      await start()
      simulator.misbehave(503, { api: 'sts', times: 'for ever' })
      const jobs = Array.from({ length: count }, (_, index) => `job-${index}`)
      const { waited } = await waitFor({ jobs })
      expect(new Set(results(waited))).toEqual(new Set(['timed-out']))
      expect(requests('assume-with-oidc').length).toBeLessThanOrEqual(130)
      expect(requests('id-token').length).toBe(requests('assume-with-oidc').length)
    },
    30_000,
  )

  test('that asks for a pause gets it, however many jobs there are', async () => {
    await start()
    simulator.misbehave({ status: 503, headers: { 'retry-after': '120' } }, { api: 'sts', times: 'for ever' })
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    await waitFor({ jobs })
    expect(requests('assume-with-oidc').length).toBeLessThanOrEqual(31)
  })

  test('for ever ends as a timeout that names it', async () => {
    await start()
    simulator.misbehave(503, { api: 'sts', times: 'for ever' })
    const { waited } = await waitFor({ timeout: 10 * MINUTE })
    const [only] = waited
    expect(only?.outcome.result).toBe('timed-out')
    expect(only?.state.last?.kind === 'transient' && plain(only.state.last.detail.message)).toMatch(
      /^the Security Token Service: HTTP 503 /,
    )
    expect(requests('/jobs')).toHaveLength(0)
  })

  test('harms nothing while the keys are good', async () => {
    await start()
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 62 * MINUTE })
    clock.at(clock.now() + 50 * MINUTE, () => {
      for (let times = 0; times < 6; times++) simulator.misbehave(503, { api: 'sts' })
    })
    const { waited, answers } = await waitFor({ jobs: [job], timeout: 2 * HOUR })
    expect(results(waited)).toEqual(['completed'])
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['job']))
    // From five minutes before their end on, each 30 s.
    expect(renewals.map((at) => at / SECOND)).toEqual([0, 55 * 60 + 6 * 30])
  })

  test('keeps no question waiting while the keys are good', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 14 * MINUTE })
    clock.at(clock.now() + 9 * MINUTE, () => {
      simulator.misbehave('silent', { api: 'id-token' })
    })
    // A renewal that hangs for 30 real seconds: only the questions keep time.
    const { waited, answers } = await waitFor({ jobs: [job], isAloneInTime: true })
    expect(results(waited)).toEqual(['completed'])
    expect(answers).toHaveLength(57)
    expect(renewals).toHaveLength(1)
  })

  test('is told while the keys are good, with the reason', async () => {
    await start()
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 57 * MINUTE })
    clock.at(clock.now() + 50 * MINUTE, () => {
      simulator.misbehave(503, { api: 'sts', times: 'for ever' })
    })
    await waitFor({ jobs: [job] })
    expect(notRenewed).toHaveLength(4)
    expect(notRenewed[0]).toMatch(/^the Security Token Service: HTTP 503 /)
  })

  test('until the keys end keeps them from being used any longer', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 30 * MINUTE })
    clock.at(clock.now() + 9 * MINUTE, () => {
      simulator.misbehave(503, { api: 'sts', times: 'for ever' })
    })
    await waitFor({ jobs: [job], timeout: 25 * MINUTE })
    const last = requests('/jobs').at(-1)
    expect(last?.elapsedMs).toBe(14.75 * MINUTE)
  })
})

describe('a refusal of the token services is final, for all jobs, and says why', () => {
  const CASES: readonly (readonly [
    string,
    Partial<Agency>,
    'sts' | 'id-token',
    number | Reply | FaultName | undefined,
    RegExp,
  ])[] = [
    [
      'unknown agency',
      { agencyUrn: 'iam::0:agency:no' },
      'sts',
      undefined,
      /^agency: the Security Token Service: HTTP 404 STS5\.1106 “the agency .* cannot be found” \(request id /,
    ],
    [
      'other audience',
      { audience: 'elsewhere' },
      'sts',
      undefined,
      /^agency: .* HTTP 403 STS5\.\d+ “.*audience/,
    ],
    [
      'bad bearer',
      { idTokenBearer: 'other' },
      'id-token',
      undefined,
      /^id-token: GitHub’s token service: HTTP 401 “.+”/,
    ],
    ['redirect', {}, 'sts', 'redirect', /^redirect: the Security Token Service: HTTP 302 to /],
    ['redirect', {}, 'id-token', 'redirect', /^redirect: GitHub’s token service: HTTP 302 to /],
    ['401', {}, 'sts', 401, /^agency: the Security Token Service: HTTP 401 /],
    ['400', {}, 'id-token', 400, /^id-token: GitHub’s token service: HTTP 400 /],
  ]
  test.each(CASES)('%s', async (_name, agency, api, fault, says) => {
    await start()
    if (fault !== undefined) simulator.misbehave(fault, { api, times: 'for ever' })
    const jobs = ['job-1', 'job-2', 'job-3']
    const { waited } = await waitFor({ jobs, agency })
    expect(saidAtTheEnd(waited)).toMatch(says)
    expect(results(waited)).toEqual(['error', 'error', 'error'])
    expect(requests('id-token')).toHaveLength(1)
    expect(requests('/jobs')).toHaveLength(0)
  })
})

describe('success without what was asked for is asked again, five times in a row at most:', () => {
  const good = {
    access_key_id: 'AK',
    secret_access_key: 'sk',
    security_token: 'st',
    expiration: '2026-11-25T01:00:00Z',
  }
  test.each<[string, 'sts' | 'id-token', unknown]>([
    ['no value', 'id-token', { count: 1 }],
    ['an empty value', 'id-token', { value: '' }],
    ['a value that no header may have', 'id-token', { value: 'a\nb' }],
    ['no credentials', 'sts', {}],
    ['no expiration', 'sts', { credentials: { ...good, expiration: undefined } }],
    ['an expiration that is no date', 'sts', { credentials: { ...good, expiration: 'never' } }],
    ['keys that have expired', 'sts', { credentials: { ...good, expiration: '2026-11-24T23:00:00Z' } }],
    ['a key that no header may have', 'sts', { credentials: { ...good, secret_access_key: 'ü' } }],
  ])('%s', async (_name, api, body) => {
    await start()
    simulator.misbehave({ status: 200, body: JSON.stringify(body) }, { api, times: 'for ever' })
    const { waited } = await waitFor()
    expect(saidAtTheEnd(waited)).toMatch(
      /^unusable: (the Security Token Service|GitHub’s token service): HTTP 200 without /,
    )
    expect(requests('id-token')).toHaveLength(5)
    expect(requests('/jobs')).toHaveLength(0)
  })
})
