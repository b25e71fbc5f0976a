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
  results,
  saidAtTheEnd,
  START,
} from './oidc-stage.ts'

/** Keys of GitHub OIDC, from the first to the last. */

afterEach(() => simulator.close())

test('a job that completed costs an id token, keys and one question', async () => {
  await start()
  const { waited } = await waitFor()
  expect(results(waited)).toEqual(['completed'])
  expect(simulator.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /id-token',
    'POST /v5/agencies/assume-with-oidc',
    `GET /v3/${simulator.projectId}/jobs`,
  ])
  expect(requests('id-token')[0]?.query['audience']).toBe(simulator.oidc.audience)
})

describe('keys are renewed in the middle of a wait', () => {
  test('of 3 hours with keys of 15 minutes, each time before they end and with a new id token: no question fails', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 3 * HOUR })
    const { waited, answers } = await waitFor({ jobs: [job], timeout: 4 * HOUR })
    expect(results(waited)).toEqual(['completed'])
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['job']))
    expect(answers).toHaveLength(721)
    expect(requests('/jobs')).toHaveLength(721)
    // Five minutes before the end, each ten minutes, that is.
    expect(renewals.map((at) => Math.round(at / MINUTE))).toEqual(
      Array.from({ length: 18 }, (_, index) => 10 * index),
    )
    expect(new Set(idTokens()).size).toBe(renewals.length)
  })

  test('once after a refusal, and the wait goes on', async () => {
    await start()
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 10 * MINUTE })
    clock.at(clock.now() + 4 * MINUTE, simulator.revokeKeys)
    clock.at(clock.now() + 7 * MINUTE, simulator.revokeKeys)
    const { waited, answers } = await waitFor({ jobs: [job] })
    expect(results(waited)).toEqual(['completed'])
    expect(answers.filter(({ kind }) => kind !== 'job')).toHaveLength(2)
    expect(renewals).toHaveLength(3)
    expect(new Set(idTokens()).size).toBe(3)
  })

  test('once for many jobs that are refused together', async () => {
    await start()
    const jobs = Array.from({ length: 8 }, () =>
      simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 10 * MINUTE }),
    )
    clock.at(clock.now() + 4 * MINUTE, simulator.revokeKeys)
    const { waited } = await waitFor({ jobs })
    expect(new Set(results(waited))).toEqual(new Set(['completed']))
    expect(renewals).toHaveLength(2)
  })

  test.each([401, { status: 403, body: '{"error_code":"DBS.280056","error_msg":"Invalid token."}' }])(
    'but a second refusal in a row is final: %j',
    async (refusal) => {
      await start()
      const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 10 * MINUTE })
      clock.at(clock.now() + 4 * MINUTE, () => {
        simulator.misbehave(refusal, { api: 'jobs', times: 'for ever' })
      })
      const { waited } = await waitFor({ jobs: [job] })
      expect(saidAtTheEnd(waited)).toMatch(/^credentials: HTTP 40[13]/)
      expect(renewals).toHaveLength(2)
      // Until then each 15 s from 0 on, and then the two that were refused.
      expect(requests('/jobs')).toHaveLength(16 + 2)
    },
  )

  test('and it is final for a job, whatever other jobs are answered', async () => {
    await start()
    const jobs = [0, 1].map(() => simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: HOUR }))
    simulator.misbehave(401, { jobId: jobs[1] ?? '', times: 'for ever' })
    const { waited } = await waitFor({ jobs })
    expect(results(waited)).toEqual(['error', 'error'])
    expect(requests('/jobs').length).toBeLessThanOrEqual(8)
  })

  test('at most once a minute, even if an accepted answer stands between', async () => {
    await start()
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 10 * MINUTE })
    for (let moment = 1; moment < 600; moment++) clock.at(clock.now() + moment * SECOND, simulator.revokeKeys)
    const { waited } = await waitFor({ jobs: [job], interval: SECOND })
    expect(results(waited)).toEqual(['completed'])
    expect(renewals.length).toBeGreaterThan(5)
    expect(renewals.length).toBeLessThanOrEqual(12)
  })

  test('and what gateways answer in between does not make it the first again', async () => {
    await start()
    for (const fault of [401, 502, 'html-200', 401] as const) simulator.misbehave(fault, { api: 'jobs' })
    const { waited } = await waitFor()
    expect(saidAtTheEnd(waited)).toMatch(/^credentials: /)
    expect(requests('/jobs')).toHaveLength(4)
  })
})

describe('the life of the keys', () => {
  function duration(): unknown {
    return (JSON.parse(requests('assume-with-oidc')[0]?.body ?? '{}') as { duration_seconds: unknown })
      .duration_seconds
  }

  test.each([
    [MINUTE, 900],
    [20 * MINUTE, 26 * 60],
    [HOUR, 3_600],
    [120 * HOUR, 3_600],
  ])('a wait of %d ms at most asks for %d s', async (timeout, seconds) => {
    await start()
    await waitFor({ timeout })
    expect(duration()).toBe(seconds)
  })

  test('is measured by the service’s clock, and so is a signature’s time: a runner’s that is an hour wrong does no harm', async () => {
    for (const skew of [-HOUR, HOUR]) {
      await start({ oidc: { keySeconds: 900 } })
      const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: HOUR })
      const { answers } = await waitFor({ jobs: [job], skew, timeout: 2 * HOUR })
      expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['job']))
      expect(renewals).toHaveLength(6)
      await simulator.close()
    }
    await start()
  })

  test('that come again, or are somebody’s secret anyway, stays secret', async () => {
    await start()
    const expiration = new Date(START + 900_000).toISOString()
    const again = {
      access_key_id: 'FAKEKEYID0123',
      secret_access_key: 'fake/secret+key',
      security_token: 'fake+token/0123',
    }
    secrets.add('fake/secret+key')
    for (const end of [expiration, new Date(START + 1_800_000).toISOString()]) {
      simulator.misbehave(
        { status: 200, body: JSON.stringify({ credentials: { ...again, expiration: end } }) },
        { api: 'sts' },
      )
    }
    const running = { status: 200, body: JSON.stringify({ job: { id: 'job-1', status: 'Running' } }) }
    simulator.misbehave(running, { api: 'jobs', times: 'for ever' })
    await waitFor({ jobs: ['job-1'], timeout: 28 * MINUTE })
    for (const secret of Object.values(again))
      expect(secrets.text(secret).equals(untrusted('***'))).toBe(true)
  })

  test('ends their being secret, so that no wait gets slow; the last ones stay', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 3 * HOUR })
    await waitFor({ jobs: [job], timeout: 4 * HOUR })
    const tokens = idTokens().map(String)
    const isHidden = tokens.map((token) => secrets.text(token).equals(untrusted('***')))
    expect(isHidden.filter(Boolean)).toHaveLength(2)
    expect(isHidden.slice(-2)).toEqual([true, true])
  })
})
