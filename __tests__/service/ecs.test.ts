import { afterEach, describe, expect, test } from '@jest/globals'
import { HOUR, MINUTE, SECOND } from '../../src/duration.ts'
import { untrusted } from '../unit/text.ts'
import {
  clock,
  simulator,
  secrets,
  notRenewed,
  renewals,
  start,
  waitFor,
  requests,
  outcomesOf,
  errorOf,
} from './agency-stage.ts'

/** How the keys of the agency of an ECS are obtained, renewed, and replaced during a wait. */

afterEach(() => simulator.close())

function addJob(runningMs: number): string {
  return simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs })
}

/** The different keys that signed requests for jobs. */
function usedKeys(): Set<string> {
  return new Set(
    requests('/jobs').map(({ headers }) => /Access=(\w+),/.exec(headers.authorization ?? '')?.[1] ?? ''),
  )
}

/** When the metadata service was requested, in minutes since the start. */
function keyRequests(): number[] {
  return requests('securitykey').map(({ elapsedMs }) => elapsedMs / MINUTE)
}

describe('keys are renewed during a wait', () => {
  test.each(['required', 'optional', 404] as const)(
    'of 3 hours with keys for 15 minutes: each time before they expire, without a failed request; session tokens: %s',
    async (sessionTokens) => {
      await start({ ecs: { keySeconds: 900, sessionTokens } })
      const { results, responses } = await waitFor({
        from: 'ecs',
        jobs: [addJob(3 * HOUR)],
        timeout: 4 * HOUR,
      })
      expect(outcomesOf(results)).toEqual(['completed'])
      expect(new Set(responses.map(({ kind }) => kind))).toEqual(new Set(['job']))
      expect(responses).toHaveLength(721)
      // Five minutes before they expire, which is every ten minutes.
      const moments = Array.from({ length: 18 }, (_, index) => 10 * index)
      expect(renewals.map((at) => Math.round(at / MINUTE))).toEqual(moments)
      expect(keyRequests().map(Math.round)).toEqual(moments)
      expect(usedKeys().size).toBe(18)
      expect(notRenewed).toEqual([])
    },
  )

  test.each([120, 30, 1])(
    'even if the metadata service returns the same keys until %d s before they expire',
    async (renewSeconds) => {
      await start({ ecs: { keySeconds: 900, renewSeconds } })
      const { results, responses } = await waitFor({
        from: 'ecs',
        jobs: [addJob(3 * HOUR)],
        timeout: 4 * HOUR,
      })
      expect(outcomesOf(results)).toEqual(['completed'])
      expect(new Set(responses.map(({ kind }) => kind))).toEqual(new Set(['job']))
      // The same keys are not reported as new ones.
      expect(renewals).toHaveLength(usedKeys().size)
      expect(keyRequests().length).toBeLessThanOrEqual(8 * renewals.length)
    },
  )

  test('once after a rejection, and the wait continues', async () => {
    await start({ ecs: {} })
    clock.at(clock.now() + 4 * MINUTE, simulator.revokeKeys)
    clock.at(clock.now() + 7 * MINUTE, simulator.revokeKeys)
    const { results, responses } = await waitFor({ from: 'ecs', jobs: [addJob(10 * MINUTE)] })
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(responses.filter(({ kind }) => kind !== 'job')).toHaveLength(2)
    expect(renewals).toHaveLength(3)
    expect(keyRequests()).toHaveLength(3)
  })

  test('once if the requests for many jobs are rejected together', async () => {
    await start({ ecs: {} })
    const jobs = Array.from({ length: 8 }, () => addJob(10 * MINUTE))
    clock.at(clock.now() + 4 * MINUTE, simulator.revokeKeys)
    const { results } = await waitFor({ from: 'ecs', jobs })
    expect(new Set(outcomesOf(results))).toEqual(new Set(['completed']))
    expect(keyRequests()).toHaveLength(2)
  })

  test('but a second rejection in a row is final, also if the metadata service returns the same keys', async () => {
    await start({ ecs: {} })
    clock.at(clock.now() + 4 * MINUTE, () => {
      simulator.injectFault(401, { api: 'jobs', times: 'always' })
    })
    const { results } = await waitFor({ from: 'ecs', jobs: [addJob(10 * MINUTE)] })
    expect(errorOf(results)).toMatch(/^credentials: HTTP 401/)
    expect(keyRequests()).toHaveLength(2)
    expect(usedKeys().size).toBe(1)
    expect(requests('/jobs')).toHaveLength(16 + 2)
  })

  test('and a metadata service that is unavailable for four minutes is only reported', async () => {
    await start({ ecs: { keySeconds: 900 } })
    clock.at(clock.now() + 9 * MINUTE, () => {
      simulator.injectFault('reset', { api: 'ecs-token', times: 4 })
      simulator.injectFault(500, { api: 'ecs-keys', times: 3 })
    })
    const { results, responses } = await waitFor({ from: 'ecs', jobs: [addJob(30 * MINUTE)] })
    expect(outcomesOf(results)).toEqual(['completed'])
    expect(new Set(responses.map(({ kind }) => kind))).toEqual(new Set(['job']))
    expect(notRenewed).toHaveLength(7)
    expect(notRenewed[0]).toMatch(/^the metadata service of the ECS: connection lost before the response/)
  })
})

test("the lifetime is measured by the metadata service's clock, so a runner's clock may be an hour off", async () => {
  for (const skew of [-HOUR, HOUR]) {
    await start({ ecs: { keySeconds: 900 } })
    const jobs = [addJob(HOUR)]
    const { responses } = await waitFor({ from: 'ecs', jobs, skew, timeout: 2 * HOUR })
    expect(new Set(responses.map(({ kind }) => kind))).toEqual(new Set(['job']))
    expect(renewals).toHaveLength(6)
    await simulator.close()
  }
  await start()
})

test('keys and session tokens are redacted as long as they are valid, so that long waits stay fast', async () => {
  await start({ ecs: { keySeconds: 900, sessionTokens: 'required' } })
  await waitFor({ from: 'ecs', jobs: [addJob(3 * HOUR)], timeout: 4 * HOUR })
  const isRedacted = (text: unknown) => secrets.text(String(text)).equals(untrusted('***'))
  for (const used of [
    requests('securitykey').map(({ headers }) => headers['x-metadata-token']),
    [...usedKeys()],
    [...new Set(requests('/jobs').map(({ headers }) => headers['x-security-token']))],
  ]) {
    expect(used).toHaveLength(18)
    expect(used.filter(isRedacted)).toEqual(used.slice(-2))
  }
})

test.each([
  ['not an ECS', 'reset', { api: 'ecs-token' }, 'connection lost before the response', 3],
  ['a machine of another cloud', 400, { api: 'ecs-token' }, 'HTTP 400', 1],
] as const)('a runner that is %s gets an error soon', async (_name, fault, scope, message, attempts) => {
  await start()
  simulator.injectFault(fault, { ...scope, times: 'always' })
  const begin = clock.now()
  const { results } = await waitFor({ from: 'ecs', interval: SECOND })
  expect(errorOf(results)).toContain(`ecs-agency: the metadata service of the ECS: ${message}`)
  expect(requests('api/token')).toHaveLength(attempts)
  expect(clock.now() - begin).toBeLessThan(20 * SECOND)
})

test.each([1, 100])(
  'a metadata service that is unavailable for an hour is retried with backoff, together for all of %d jobs',
  async (count) => {
    await start()
    simulator.injectFault(500, { api: 'ecs-keys', times: 'always' })
    const jobs = Array.from({ length: count }, (_, index) => `job-${index}`)
    const { results } = await waitFor({ from: 'ecs', jobs })
    expect(new Set(outcomesOf(results))).toEqual(new Set(['timed-out']))
    expect(keyRequests().length).toBeLessThanOrEqual(130)
  },
)
