import { describe, expect, test } from '@jest/globals'
import type { JobResponse } from '../../src/response.ts'
import type { Pacing } from '../../src/wait/pace.ts'
import { wait } from '../../src/wait/wait.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { forbidden, jobResponse, notFoundYet, transient, unauthorized, unusable } from './responses.ts'
import { untrusted } from './text.ts'
import { SECOND, MINUTE, HOUR, type JobRequest, waitFor, completesAfter } from './virtual-wait.ts'

/** Several jobs, and the limit that all questions share. */

describe('several jobs', () => {
  test('are each waited for to their own end', async () => {
    const { results } = await waitFor({
      jobs: ['a', 'b', 'c', 'd'],
      service: ({ id, at }) => {
        if (id === 'a') return completesAfter(5 * MINUTE)({ id, at })
        if (id === 'b') return jobResponse('Failed')
        return id === 'c' ? notFoundYet : jobResponse('Completed')
      },
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual([
      'completed',
      'failed',
      'not-found',
      'completed',
    ])
  })

  test('do not wait for one whose exchange stalls', async () => {
    const { requests, results } = await waitFor({
      jobs: ['a', 'b'],
      interval: 10 * SECOND,
      timeout: 5 * MINUTE,
      service: ({ id, at }) => (id === 'a' ? 'never' : completesAfter(MINUTE)({ id, at })),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['timed-out', 'completed'])
    expect(requests.filter(({ id }) => id === 'b').length).toBeGreaterThan(5)
  })

  test('all end when the credentials are refused', async () => {
    const { results, requests } = await waitFor({
      jobs: ['a', 'b', 'c'],
      service: ({ id, at }) => (id === 'b' && at > MINUTE ? unauthorized : jobResponse('Running')),
    })
    expect(results.map(({ outcome }) => (outcome.result === 'error' ? outcome.reason : ''))).toEqual(
      Array(3).fill('credentials'),
    )
    expect(requests.filter(({ id, at }) => id === 'b' && at > MINUTE)).toHaveLength(1)
  })

  test('are asked for one by one until there is an answer, for credentials that are refused', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    const refused = await waitFor({ jobs, service: () => unauthorized })
    expect(refused.requests).toHaveLength(1)
    const slow = await waitFor({ jobs, timeout: MINUTE, service: () => 'never' })
    expect(slow.requests.slice(0, 4).map(({ at }) => at)).toEqual([0, 2_000, 4_000, 6_000])
    expect(slow.maxInFlight).toBe(8)
  })

  test('are asked for one by one, too, while only a gateway or a token service answered', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    let answers = 0
    const { requests } = await waitFor({
      jobs,
      service: () => (answers++ < 2 ? unusable : ({ ...unauthorized, isRenewable: true } as JobResponse)),
    })
    // Two that said nothing, and two refusals of one job: nobody else was asked about meanwhile.
    expect(requests.length).toBeLessThanOrEqual(2 + 20 + 1)
    const apart = requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0))
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(2 * SECOND)
  })

  test('are asked for side by side once there was an answer, whatever comes then', async () => {
    const { requests } = await waitFor({
      jobs: Array.from({ length: 20 }, (_, index) => `job-${index}`),
      timeout: 30 * SECOND,
      service: ({ at }) => (at === 0 ? jobResponse('Running') : transient()),
    })
    expect(requests.length).toBeGreaterThan(50)
  })

  test('go on when the permission for one of them is missing', async () => {
    const { results } = await waitFor({
      jobs: ['a', 'b', 'c'],
      service: ({ id, at }) => (id === 'b' && at > SECOND ? forbidden : completesAfter(MINUTE)({ id, at })),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['completed', 'error', 'completed'])
  })

  test.each([2, 300])('%d of them start no more than 200 questions in five minutes', async (count) => {
    const { requests } = await waitFor({
      jobs: Array.from({ length: count }, (_, index) => `job-${index}`),
      interval: SECOND,
      latency: 0,
      timeout: 30 * MINUTE,
      service: () => jobResponse('Running'),
    })
    const apart = requests.slice(200).map(({ at }, index) => at - (requests[index]?.at ?? 0))
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(5 * MINUTE)
    // And no less, for most of the time.
    expect(requests.length).toBeGreaterThan(1_000)
  })

  test.each(['Failed', 'Canceled'])('all end with fail-fast when one is %s', async (status) => {
    const service = ({ id, at }: JobRequest) =>
      id === 'b' && at > MINUTE
        ? jobResponse(status)
        : completesAfter(id === 'a' ? 30 * SECOND : HOUR)({ id, at })
    const { results, requests } = await waitFor({ jobs: ['a', 'b', 'c', 'd'], failFast: true, service })
    expect(results.map(({ outcome }) => outcome.result)).toEqual([
      'completed',
      status.toLowerCase(),
      'interrupted',
      'interrupted',
    ])
    expect(Math.max(...requests.map(({ at }) => at))).toBeLessThan(2 * MINUTE)
    const patient = await waitFor({ jobs: ['a', 'b', 'c'], timeout: 2 * HOUR, service })
    expect(patient.results.map(({ outcome }) => outcome.result)).toEqual([
      'completed',
      status.toLowerCase(),
      'completed',
    ])
  })

  test('stay ended, though their own answers come at the same moment', async () => {
    const { results, requests } = await waitFor({
      jobs: ['a', 'b'],
      latency: 0,
      interval: 10 * SECOND,
      service: ({ id, at }) => (id === 'a' && at > 0 ? unauthorized : jobResponse('Running')),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['error', 'error'])
    expect(requests).toHaveLength(4)
  })

  test('are not asked for all at the same moment', async () => {
    const { maxInFlight, results } = await waitFor({
      jobs: Array.from({ length: 100 }, (_, index) => `job-${index}`),
      service: completesAfter(30 * SECOND),
    })
    expect(maxInFlight).toBe(8)
    expect(results.every(({ outcome }) => outcome.result === 'completed')).toBe(true)
  })

  test('keep a question each for the last look, though they use up the budget', async () => {
    const { results } = await waitFor({
      jobs: Array.from({ length: 90 }, (_, index) => `job-${index}`),
      timeout: HOUR,
      service: completesAfter(HOUR - 3 * SECOND),
    })
    expect(results.every(({ outcome }) => outcome.result === 'completed')).toBe(true)
  })

  test('are all asked for again before the timeout', async () => {
    const { results } = await waitFor({
      jobs: Array.from({ length: 50 }, (_, index) => `job-${index}`),
      interval: 10 * MINUTE,
      timeout: HOUR,
      service: completesAfter(HOUR - 3 * SECOND),
    })
    expect(results.every(({ outcome }) => outcome.result === 'completed')).toBe(true)
  })
})

describe('the service’s limit', () => {
  const throttled: JobResponse = {
    ...transient(),
    kind: 'transient',
    throttled: { period: 5 * MINUTE },
  } as JobResponse

  test('is waited out once it is met, and kept from then on', async () => {
    const refusedUntil = 300 * SECOND
    const { requests, results } = await waitFor({
      interval: SECOND,
      latency: 0,
      service: ({ at }) => {
        if (at >= 20 * MINUTE) return jobResponse('Completed')
        return at >= 60 * SECOND && at < refusedUntil ? throttled : jobResponse('Running')
      },
    })
    expect(results[0]?.outcome.result).toBe('completed')
    // Sixty were let through, and one was refused; then a few more to see whether the period was over.
    const times = requests.map(({ at }) => at)
    expect(times.filter((at) => at < refusedUntil).length).toBeLessThanOrEqual(61 + 5)
    const next = times.filter((at) => at >= refusedUntil)
    expect(next.filter((at) => at < 2 * refusedUntil).length).toBeLessThan(200)
    expect(next[0]).toBeLessThan(refusedUntil + 10 * SECOND)
  })

  test('met once, by chance, costs a job that is alone less than a minute', async () => {
    for (const refusedAt of [0, 3 * SECOND, 2 * MINUTE]) {
      let refusals = 0
      const { endedAt } = await waitFor({
        service: ({ at }) =>
          at >= refusedAt && refusals++ === 0
            ? throttled
            : completesAfter(refusedAt + SECOND)({ id: '', at }),
      })
      expect(endedAt - refusedAt).toBeLessThan(60 * SECOND)
    }
  })

  test('is shared by all jobs of the process', async () => {
    const jobs = ['a', 'b', 'c', 'd']
    const { requests } = await waitFor({
      jobs,
      latency: 0,
      timeout: 20 * MINUTE,
      service: ({ at }) => (at > 30 * SECOND && at < 300 * SECOND ? throttled : jobResponse('Running')),
    })
    const before = requests.filter(({ at }) => at <= 30 * SECOND).length
    const refused = requests.filter(({ at }) => at > 30 * SECOND && at < 300 * SECOND).length
    const later = requests.filter(({ at }) => at >= 300 * SECOND && at < 600 * SECOND)
    expect(refused).toBeLessThanOrEqual(6)
    expect(later.length).toBeLessThan(200)
    expect(before).toBeGreaterThan(4)
    expect(new Set(later.map(({ id }) => id)).size).toBe(jobs.length)
  })

  test('met with the first question of many jobs is not met by each of them', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    const { requests, results } = await waitFor({
      jobs,
      service: ({ at }) => (at < 100 * SECOND ? throttled : jobResponse('Completed')),
    })
    expect(new Set(results.map(({ outcome }) => outcome.result))).toEqual(new Set(['completed']))
    expect(requests.filter(({ at }) => at < 100 * SECOND).length).toBeLessThanOrEqual(4)
  })

  test('that says when to come again is obeyed by all jobs, the last look included', async () => {
    const withRetryAfter = { ...throttled, retryAfter: 60 * SECOND } as JobResponse
    const { requests } = await waitFor({
      jobs: ['a', 'b', 'c'],
      timeout: MINUTE,
      service: ({ at }) => (at < 20 * SECOND ? jobResponse('Running') : withRetryAfter),
    })
    expect(requests.filter(({ at }) => at >= 20 * SECOND)).toHaveLength(1)
  })

  test('does not keep the last look away', async () => {
    const { requests, results } = await waitFor({
      interval: SECOND,
      timeout: 2 * MINUTE,
      service: ({ at }) =>
        at < 10 * SECOND ? jobResponse('Running') : at < 117 * SECOND ? throttled : jobResponse('Completed'),
    })
    expect(results[0]?.outcome.result).toBe('completed')
    expect(requests.at(-1)?.at).toBeGreaterThanOrEqual(118 * SECOND)
  })
})

/** Waits for jobs that never end, each due again a second after its answer, and tells when questions start. */
async function startsOf(pacing: Pacing, gaps: number[] = []): Promise<number[]> {
  const clock = new VirtualClock()
  const starts: number[] = []
  await clock.run(
    wait(
      {
        jobs: ['a', 'b', 'c'].map((value) => ({ value, text: untrusted(value) })),
        timeout: MINUTE,
        pause: (state, _elapsed, gap = 0) => {
          if (state.last !== undefined) gaps.push(gap)
          return state.last === undefined ? 0 : SECOND
        },
        pacing,
        hasList: false,
        failFast: false,
      },
      {
        listJobs: () => Promise.reject(new Error('there is no list')),
        wallClock: () => 0,
        getJob: ({ value }) => {
          starts.push(clock.now())
          return Promise.resolve(jobResponse(value === 'a' ? 'Completed' : 'Running'))
        },
        clock,
        signal: new AbortController().signal,
        listener: { onResponse: () => undefined, onWarning: () => undefined, onJobsFound: () => undefined },
        describe: () => untrusted('a defect'),
      },
    ),
  )
  return starts
}

test('what is due wakes up when the pace lets it', async () => {
  const gaps: number[] = []
  const paced = await startsOf(
    (pace) => ({ ...pace, gap: 10 * SECOND, notBefore: pace.notBefore || 10 * SECOND }),
    gaps,
  )
  expect(paced.slice(0, 6)).toEqual([0, 10, 20, 30, 40, 50].map((seconds) => seconds * SECOND))
  // The gap of a job is that of the process, times the jobs that are open.
  expect(new Set(gaps)).toEqual(new Set([20 * SECOND]))
  const delayed = await startsOf((pace, _answer, at) =>
    at < SECOND ? { ...pace, retryAt: 30 * SECOND } : pace,
  )
  expect(delayed.slice(0, 3)).toEqual([0, 30 * SECOND, 30 * SECOND])
})
