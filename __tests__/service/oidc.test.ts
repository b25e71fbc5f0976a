import { afterEach, describe, expect, test } from '@jest/globals'
import { HOUR, MINUTE, SECOND } from '../../src/duration.ts'
import { untrusted } from '../unit/text.ts'
import {
  clock,
  simulator,
  secrets,
  renewals,
  start,
  waitFor,
  requests,
  idTokens,
  outcomesOf,
  errorOf,
  START,
} from './agency-stage.ts'

/** How GitHub OIDC obtains, renews, and replaces keys during a wait. */

afterEach(() => simulator.close())

test('a completed job takes one request each for an ID token, for keys, and for the job', async () => {
  await start()
  const { results } = await waitFor()
  expect(outcomesOf(results)).toEqual(['completed'])
  expect(simulator.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /id-token',
    'POST /v5/agencies/assume-with-oidc',
    `GET /v3/${simulator.projectId}/jobs`,
  ])
  expect(requests('id-token')[0]?.query['audience']).toBe(simulator.oidc.audience)
})

describe('keys are renewed during a wait', () => {
  test('of 3 hours with keys for 15 minutes: each time before they expire, with a new ID token, without a failed request', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 3 * HOUR })
    const { results, responses } = await waitFor({ jobs: [job], timeout: 4 * HOUR })
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(new Set(responses.map(({ kind }) => kind))).toEqual(new Set(['job']))
    expect(responses).toHaveLength(721)
    expect(requests('/jobs')).toHaveLength(721)
    // Five minutes before they expire, which is every ten minutes.
    expect(renewals.map((at) => Math.round(at / MINUTE))).toEqual(
      Array.from({ length: 18 }, (_, index) => 10 * index),
    )
    expect(new Set(idTokens()).size).toBe(renewals.length)
  })

  test('once after a rejection, and the wait continues', async () => {
    await start()
    const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 10 * MINUTE })
    clock.at(clock.now() + 4 * MINUTE, simulator.revokeKeys)
    clock.at(clock.now() + 7 * MINUTE, simulator.revokeKeys)
    const { results, responses } = await waitFor({ jobs: [job] })
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(responses.filter(({ kind }) => kind !== 'job')).toHaveLength(2)
    expect(renewals).toHaveLength(3)
    expect(new Set(idTokens()).size).toBe(3)
  })

  test('once if the requests for many jobs are rejected together', async () => {
    await start()
    const jobs = Array.from({ length: 8 }, () =>
      simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 10 * MINUTE }),
    )
    clock.at(clock.now() + 4 * MINUTE, simulator.revokeKeys)
    const { results } = await waitFor({ jobs })
    expect(new Set(outcomesOf(results))).toEqual(new Set(['completed']))
    expect(renewals).toHaveLength(2)
  })

  test.each([401, { status: 403, body: '{"error_code":"DBS.280056","error_msg":"Invalid token."}' }])(
    'but a second rejection in a row is final: %j',
    async (rejection) => {
      await start()
      const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 10 * MINUTE })
      clock.at(clock.now() + 4 * MINUTE, () => {
        simulator.injectFault(rejection, { api: 'jobs', times: 'always' })
      })
      const { results } = await waitFor({ jobs: [job] })
      expect(errorOf(results)).toMatch(/^credentials: HTTP 40[13]/)
      expect(renewals).toHaveLength(2)
      // Every 15 s from the start, and then the two that were rejected.
      expect(requests('/jobs')).toHaveLength(16 + 2)
    },
  )

  test('but a second rejection in a row of one job is final, even if requests for other jobs succeed', async () => {
    await start()
    const jobs = [0, 1].map(() => simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: HOUR }))
    simulator.injectFault(401, { jobId: jobs[1] ?? '', times: 'always' })
    const { results } = await waitFor({ jobs })
    expect(outcomesOf(results)).toEqual(['error', 'error'])
    expect(requests('/jobs').length).toBeLessThanOrEqual(8)
  })

  test('at most once a minute, even if a request in between succeeds', async () => {
    await start()
    const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 10 * MINUTE })
    for (let moment = 1; moment < 600; moment++) clock.at(clock.now() + moment * SECOND, simulator.revokeKeys)
    const { results } = await waitFor({ jobs: [job], interval: SECOND })
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(renewals.length).toBeGreaterThan(5)
    expect(renewals.length).toBeLessThanOrEqual(12)
  })

  test('but a second rejection is final even if gateway errors come in between', async () => {
    await start()
    for (const fault of [401, 502, 'html-200', 401] as const) simulator.injectFault(fault, { api: 'jobs' })
    const { results } = await waitFor()
    expect(errorOf(results)).toMatch(/^credentials: /)
    expect(requests('/jobs')).toHaveLength(4)
  })
})

describe('the lifetime of the keys', () => {
  function duration(): unknown {
    return (JSON.parse(requests('assume-with-oidc')[0]?.body ?? '{}') as { duration_seconds: unknown })
      .duration_seconds
  }

  test.each([
    [MINUTE, 900],
    [20 * MINUTE, 26 * 60],
    [HOUR, 3_600],
    [120 * HOUR, 3_600],
  ])('requested for a timeout of %d ms is %d s', async (timeout, seconds) => {
    await start()
    await waitFor({ timeout })
    expect(duration()).toBe(seconds)
  })

  test("is measured by the service's clock, as are signatures, so a runner's clock may be an hour off", async () => {
    for (const skew of [-HOUR, HOUR]) {
      await start({ oidc: { keySeconds: 900 } })
      const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: HOUR })
      const { responses } = await waitFor({ jobs: [job], skew, timeout: 2 * HOUR })
      expect(new Set(responses.map(({ kind }) => kind))).toEqual(new Set(['job']))
      expect(renewals).toHaveLength(6)
      await simulator.close()
    }
    await start()
  })

  test('does not end the redaction of keys that are issued again or registered elsewhere', async () => {
    await start()
    const expiration = new Date(START + 900_000).toISOString()
    const sameKeys = {
      access_key_id: 'FAKEKEYID0123',
      secret_access_key: 'fake/secret+key',
      security_token: 'fake+token/0123',
    }
    secrets.add('fake/secret+key')
    for (const end of [expiration, new Date(START + 1_800_000).toISOString()]) {
      simulator.injectFault(
        { status: 200, body: JSON.stringify({ credentials: { ...sameKeys, expiration: end } }) },
        { api: 'sts' },
      )
    }
    const running = { status: 200, body: JSON.stringify({ job: { id: 'job-1', status: 'Running' } }) }
    simulator.injectFault(running, { api: 'jobs', times: 'always' })
    await waitFor({ jobs: ['job-1'], timeout: 28 * MINUTE })
    for (const secret of Object.values(sameKeys))
      expect(secrets.text(secret).equals(untrusted('***'))).toBe(true)
  })

  test('limits their redaction, so that long waits stay fast', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 3 * HOUR })
    await waitFor({ jobs: [job], timeout: 4 * HOUR })
    const tokens = idTokens().map(String)
    const isRedacted = tokens.map((token) => secrets.text(token).equals(untrusted('***')))
    expect(isRedacted.filter(Boolean)).toHaveLength(2)
    expect(isRedacted.slice(-2)).toEqual([true, true])
  })
})
