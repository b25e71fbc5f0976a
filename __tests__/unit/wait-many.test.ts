import { describe, expect, test } from '@jest/globals'
import type { JobResponse } from '../../src/response.ts'
import { wait } from '../../src/wait/wait.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { forbidden, jobResponse, notFoundYet, transient, unauthorized, unusable } from './responses.ts'
import {
  completesAfter,
  dependencies,
  HOUR,
  jobId,
  plan,
  MINUTE,
  SECOND,
  waitFor,
  type JobRequest,
} from './virtual-wait.ts'

/** Several jobs, and the rate limit that all requests share. */

const throttled = { ...transient(), throttled: { period: 5 * MINUTE } } as Extract<
  JobResponse,
  { kind: 'transient' }
>

describe('several jobs', () => {
  test('are each polled until their own end', async () => {
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

  test('do not wait for a job whose exchange stalls', async () => {
    const { requests, results } = await waitFor({
      jobs: ['a', 'b'],
      interval: 10 * SECOND,
      timeout: 5 * MINUTE,
      service: ({ id, at }) => (id === 'a' ? 'never' : completesAfter(MINUTE)({ id, at })),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['timed-out', 'completed'])
    expect(requests.filter(({ id }) => id === 'b').length).toBeGreaterThan(5)
  })

  test('all end when the credentials are rejected', async () => {
    const { results, requests } = await waitFor({
      jobs: ['a', 'b', 'c'],
      service: ({ id, at }) => (id === 'b' && at > MINUTE ? unauthorized : jobResponse('Running')),
    })
    expect(results.map(({ outcome }) => (outcome.result === 'error' ? outcome.reason : ''))).toEqual(
      Array(3).fill('credentials'),
    )
    expect(requests.filter(({ id, at }) => id === 'b' && at > MINUTE)).toHaveLength(1)
  })

  test('are polled one at a time until a response proves that the credentials are accepted', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    const rejected = await waitFor({ jobs, service: () => unauthorized })
    expect(rejected.requests).toHaveLength(1)
    const slow = await waitFor({ jobs, timeout: MINUTE, service: () => 'never' })
    expect(slow.requests.slice(0, 4).map(({ at }) => at)).toEqual([0, 2_000, 4_000, 6_000])
    expect(slow.maxInFlight).toBe(8)
  })

  test('are polled one at a time while only a gateway or a token service responds', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    let responses = 0
    const { requests } = await waitFor({
      jobs,
      service: () => (responses++ < 2 ? unusable : ({ ...unauthorized, isRenewable: true } as JobResponse)),
    })
    // Two unusable responses, at most one rejection for each job, and a second rejection for one of them.
    expect(requests.length).toBeLessThanOrEqual(2 + 20 + 1)
    const apart = requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0))
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(2 * SECOND)
  })

  test('are polled concurrently after the first accepted request, whatever follows', async () => {
    const { requests } = await waitFor({
      jobs: Array.from({ length: 20 }, (_, index) => `job-${index}`),
      timeout: 30 * SECOND,
      service: ({ at }) => (at === 0 ? jobResponse('Running') : transient()),
    })
    expect(requests.length).toBeGreaterThan(50)
  })

  test('are still polled when the permission for one of them is missing', async () => {
    const { results } = await waitFor({
      jobs: ['a', 'b', 'c'],
      service: ({ id, at }) => (id === 'b' && at > SECOND ? forbidden : completesAfter(MINUTE)({ id, at })),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['completed', 'error', 'completed'])
  })

  test.each([2, 300])('%d of them send at most 200 requests in five minutes', async (count) => {
    const { requests } = await waitFor({
      jobs: Array.from({ length: count }, (_, index) => `job-${index}`),
      interval: SECOND,
      latency: 0,
      timeout: 30 * MINUTE,
      service: () => jobResponse('Running'),
    })
    const apart = requests.slice(200).map(({ at }, index) => at - (requests[index]?.at ?? 0))
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(5 * MINUTE)
    // Most of the time, the rate limit is used completely.
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

  test('stay finished, even if their own responses arrive at the same moment', async () => {
    const { results, requests } = await waitFor({
      jobs: ['a', 'b'],
      latency: 0,
      interval: 10 * SECOND,
      service: ({ id, at }) => (id === 'a' && at > 0 ? unauthorized : jobResponse('Running')),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['error', 'error'])
    expect(requests).toHaveLength(4)
  })

  test('do not open a connection each at the same moment', async () => {
    const { maxInFlight, results } = await waitFor({
      jobs: Array.from({ length: 100 }, (_, index) => `job-${index}`),
      service: completesAfter(30 * SECOND),
    })
    expect(maxInFlight).toBe(8)
    expect(results.every(({ outcome }) => outcome.result === 'completed')).toBe(true)
  })

  test('keep a request each for the final poll, even if they use up the rate limit', async () => {
    const { results } = await waitFor({
      jobs: Array.from({ length: 90 }, (_, index) => `job-${index}`),
      timeout: HOUR,
      service: completesAfter(HOUR - 3 * SECOND),
    })
    expect(results.every(({ outcome }) => outcome.result === 'completed')).toBe(true)
  })

  test('are all polled again before the timeout', async () => {
    const { results } = await waitFor({
      jobs: Array.from({ length: 50 }, (_, index) => `job-${index}`),
      interval: 10 * MINUTE,
      timeout: HOUR,
      service: completesAfter(HOUR - 3 * SECOND),
    })
    expect(results.every(({ outcome }) => outcome.result === 'completed')).toBe(true)
  })
})

describe('the rate limit of the service', () => {
  test('delays the next request when it is reached, and is kept from then on', async () => {
    const throttledUntil = 300 * SECOND
    const { requests, results } = await waitFor({
      interval: SECOND,
      latency: 0,
      service: ({ at }) => {
        if (at >= 20 * MINUTE) return jobResponse('Completed')
        return at >= 60 * SECOND && at < throttledUntil ? throttled : jobResponse('Running')
      },
    })
    expect(results[0]?.outcome.result).toBe('completed')
    // Sixty requests were accepted and one was throttled; a few more tested whether the period had ended.
    const times = requests.map(({ at }) => at)
    expect(times.filter((at) => at < throttledUntil).length).toBeLessThanOrEqual(61 + 5)
    const next = times.filter((at) => at >= throttledUntil)
    expect(next.filter((at) => at < 2 * throttledUntil).length).toBeLessThan(200)
    expect(next[0]).toBeLessThan(throttledUntil + 10 * SECOND)
  })

  test('reached once, by chance, delays a single job by less than a minute', async () => {
    for (const throttledAt of [0, 3 * SECOND, 2 * MINUTE]) {
      let throttledCount = 0
      const { endedAt } = await waitFor({
        service: ({ at }) =>
          at >= throttledAt && throttledCount++ === 0
            ? throttled
            : completesAfter(throttledAt + SECOND)({ id: '', at }),
      })
      expect(endedAt - throttledAt).toBeLessThan(60 * SECOND)
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
    const duringThrottling = requests.filter(({ at }) => at > 30 * SECOND && at < 300 * SECOND).length
    const later = requests.filter(({ at }) => at >= 300 * SECOND && at < 600 * SECOND)
    // Four requests in flight, and three retries.
    expect(duringThrottling).toBeLessThanOrEqual(7)
    expect(later.length).toBeLessThan(200)
    expect(before).toBeGreaterThan(4)
    expect(new Set(later.map(({ id }) => id)).size).toBe(jobs.length)
  })

  test('reached by the first request of many jobs is not reached by each of them', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    const { requests, results } = await waitFor({
      jobs,
      service: ({ at }) => (at < 100 * SECOND ? throttled : jobResponse('Completed')),
    })
    expect(new Set(results.map(({ outcome }) => outcome.result))).toEqual(new Set(['completed']))
    expect(requests.filter(({ at }) => at < 100 * SECOND).length).toBeLessThanOrEqual(4)
  })

  test('with a Retry-After holds back all jobs, the final poll included', async () => {
    const withRetryAfter = { ...throttled, retryAfter: 60 * SECOND } as JobResponse
    const { requests } = await waitFor({
      jobs: ['a', 'b', 'c'],
      timeout: MINUTE,
      service: ({ at }) => (at < 20 * SECOND ? jobResponse('Running') : withRetryAfter),
    })
    expect(requests.filter(({ at }) => at >= 20 * SECOND)).toHaveLength(1)
  })

  test('does not prevent the final poll', async () => {
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

test('a learned interval is shared by the jobs that are still open', async () => {
  const clock = new VirtualClock()
  const [sent, shares]: [number[], number[]] = [[], []]
  const service = (id: string): JobResponse => {
    sent.push(clock.now())
    // Three requests were accepted in 30 s. From then on, one is sent every 10 s, until more are accepted.
    if (sent.length === 4 || sent.length === 5) return { ...throttled, throttled: { period: 30 * SECOND } }
    return jobResponse(id === 'a' ? 'Completed' : 'Running')
  }
  await clock.run(
    wait(
      plan({
        ids: ['a', 'b', 'c'].map(jobId),
        timeout: MINUTE,
        interval: (state, _elapsed, share = 0) => {
          if (state.last?.kind === 'job') shares.push(share)
          return state.last === undefined ? 0 : SECOND
        },
      }),
      dependencies(clock, { getJob: ({ value }) => Promise.resolve(service(value)) }),
    ),
  )
  // The last one follows the throttled requests: two jobs are open, and an accepted request shortened the interval.
  expect(shares.slice(0, 4)).toEqual([0, 0, 0, 2 * 9_200])
  expect(sent.slice(0, 7)).toEqual([0, 0, 0, SECOND, SECOND, 30 * SECOND, 39.2 * SECOND])
})

test('a Retry-After of a throttled request holds back all jobs', async () => {
  const { requests } = await waitFor({
    jobs: ['a', 'b', 'c'],
    latency: 0,
    interval: SECOND,
    timeout: MINUTE,
    service: ({ at }) => (at === SECOND ? { ...throttled, retryAfter: 29 * SECOND } : jobResponse('Running')),
  })
  expect(requests.find(({ at }) => at > SECOND)?.at).toBe(30 * SECOND)
})
