import { describe, expect, test } from '@jest/globals'
import { deadlineOf } from '../../src/wait/poll-target.ts'
import { RateLimit } from '../../src/wait/rate-limit.ts'
import type { JobResponse } from '../../src/response.ts'
import { jobResponse, transient, unauthorized, unusable } from './responses.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const running = jobResponse('Running')
const throttled: JobResponse = throttledFor(5 * MINUTE)
const job = { rank: 1 } as const

function throttledFor(period: number | undefined, retryAfter?: number): JobResponse {
  return { ...transient(retryAfter), throttled: { period } } as JobResponse
}

type Exchange = readonly [at: number, response: JobResponse]

/** The rate limit of a process with one job after these responses, each received when its request was sent. */
function after(exchanges: readonly Exchange[], random = 0.5): RateLimit {
  const limit = new RateLimit(false, deadlineOf(120 * HOUR), () => random)
  for (const [at, response] of exchanges) {
    limit.onRequest(at)
    limit.onResponse(response, at)
  }
  return limit
}

const intervalAfter = (exchanges: readonly Exchange[]) => after(exchanges).interval(0)

function each(every: number, from: number, until: number, response = running): Exchange[] {
  return Array.from({ length: Math.floor((until - from) / every) + 1 }, (_, index) => [
    from + index * every,
    response,
  ])
}

/** Ten requests in the first minute; then other clients have used up the rest. */
const tenThenThrottled: readonly Exchange[] = [...each(6_000, 0, 54_000), [60_000, throttled]]

test('without a throttled request there is no limit', () => {
  const limit = after([...each(SECOND, 0, 10 * MINUTE), [10 * MINUTE, transient()]])
  expect(limit.interval(10 * MINUTE)).toBe(0)
  expect(limit.notBefore).toBeLessThanOrEqual(10 * MINUTE)
})

describe('after a throttled request', () => {
  test('the share is what was accepted of the last period', () => {
    expect(intervalAfter(tenThenThrottled)).toBe(30_000)
    expect(
      intervalAfter([
        [0, running],
        [2_000, throttled],
      ]),
    ).toBe(5 * MINUTE)
    expect(intervalAfter([[0, throttled]])).toBe(5 * MINUTE)
  })

  test('retries back off exponentially with jitter, and are sent when the period ends', () => {
    const delays = (random: number) => {
      const limit = after(tenThenThrottled, random)
      let at = 60_000
      return Array.from({ length: 6 }, () => {
        const delay = limit.notBefore - at
        at = limit.notBefore
        limit.onRequest(at)
        limit.onResponse(throttled, at)
        return delay / SECOND
      })
    }
    expect(delays(0)).toEqual([30, 60, 120, 30, 480, 600])
    expect(delays(1)[0]).toBe(15)
  })

  test('requests that were in flight with it change nothing', () => {
    const limit = after(tenThenThrottled, 0)
    limit.onResponse(throttled, 60_001)
    expect(limit.notBefore).toBe(90_000)
  })

  test('a retry is sent when the period ends, if that is sooner, but not by all clients at the same moment', () => {
    const late = [...each(6_000, 0, 54_000), [295_000, throttled]] as const
    expect(after(late, 0).notBefore).toBe(5 * MINUTE)
    expect(after(late, 0.1).notBefore).toBe(5 * MINUTE + 3_000)
  })

  test('its Retry-After is honored instead, and holds back the final poll, too', () => {
    const limit = after([
      [0, running],
      [2_000, throttledFor(5 * MINUTE, 2_000)],
    ])
    expect(limit.notBefore).toBe(4_000)
    const late = new RateLimit(false, deadlineOf(10 * SECOND), () => 0.5)
    late.onRequest(0)
    late.onResponse(throttledFor(5 * MINUTE, 9_500), 0)
    expect([9_400, 9_500].map((at) => late.earliest(job, at, 1) <= at)).toEqual([false, true])
  })

  test('the interval is at most its Retry-After, and never shorter than before', () => {
    expect(intervalAfter([[0, throttledFor(5 * MINUTE, 2_000)]])).toBe(2_000)
    expect(
      intervalAfter([...tenThenThrottled.slice(0, -1), [60_000, throttledFor(5 * MINUTE, 31_000)]]),
    ).toBe(30_000)
    const before = [...tenThenThrottled, [300_000, running]] as const
    expect(intervalAfter([...before, [302_000, throttledFor(5 * MINUTE, 2_000)]])).toBe(intervalAfter(before))
  })

  test('a Retry-After that was too short is doubled each time, up to a whole period', () => {
    const short = throttledFor(5 * MINUTE, 1_000)
    const start = [...each(6_000, 0, 54_000), [60_000, short]] as const
    expect(after(start).notBefore).toBe(61_000)
    expect(after([...start, [61_000, short]]).notBefore).toBe(63_000)
    expect(after([...start, [61_000, short], [63_000, short]]).notBefore).toBe(67_000)
    const long = throttledFor(5 * MINUTE, 200_000)
    expect(after([...start, [61_000, long]]).notBefore).toBe(361_000)
  })

  test('an accepted request starts the backoff and the period again', () => {
    const exchanges = [...tenThenThrottled, [90_000, running], [295_000, throttled]] as const
    expect(after(exchanges, 0).notBefore).toBe(295_000 + 30_000)
  })

  test('further ones in a row only delay the next request', () => {
    const once = after(tenThenThrottled)
    const twice = after([...tenThenThrottled, [350_000, throttled]])
    expect(twice.interval(350_000)).toBe(once.interval(60_000))
    expect(twice.notBefore).toBeGreaterThan(once.notBefore)
  })

  test('one in the next period makes the interval longer if less was accepted, and never shorter', () => {
    const nextPeriod = (accepted: number) =>
      intervalAfter([
        ...tenThenThrottled,
        ...each(30_000, 301_000, 300_000 + 30_000 * accepted),
        [600_000, throttled],
      ])
    expect(nextPeriod(2)).toBe(150_000)
    expect(nextPeriod(3)).toBe(100_000)
    expect(intervalAfter([...tenThenThrottled, [302_000, running], [361_000, throttled]])).toBe(300_000)
    const greedy = [...tenThenThrottled, ...each(3_000, 301_000, 307_000), [361_000, throttled]] as const
    expect(intervalAfter(greedy)).toBe(100_000)
  })

  test('each accepted request shortens the interval by 8 %, down to an even spread of the limit', () => {
    const accepted = (until: number) => intervalAfter([...tenThenThrottled, ...each(30_000, 301_000, until)])
    expect(accepted(301_000)).toBeCloseTo(30_000 * 0.92)
    expect(accepted(391_000)).toBeCloseTo(30_000 * 0.92 ** 4)
    expect(accepted(60 * MINUTE)).toBe(1_500)
  })

  test('the share of a process that just started is a guess, and shrinks fast', () => {
    const limit = after([
      [0, throttled],
      [20_000, running],
    ])
    expect(limit.interval(20_000)).toBe(75_000)
    expect(limit.notBefore).toBe(95_000)
    expect(intervalAfter([[0, throttled], ...each(20_000, 20_000, 80_000)])).toBe(1_500)
  })

  test('a known share stays during an outage', () => {
    const outage = (minutes: number): readonly Exchange[] => [
      ...each(6_000, 0, 54_000),
      ...each(MINUTE, MINUTE, minutes * MINUTE, throttled),
      [(minutes + 1) * MINUTE, running],
    ]
    expect(intervalAfter(outage(7))).toBeCloseTo(30_000 * 0.92)
    expect(intervalAfter(outage(60))).toBeCloseTo(30_000 * 0.92)
  })

  test('the interval never exceeds the period', () => {
    const storm = Array.from({ length: 3_000 }, (_, index): Exchange => [
      (index * 6 - (index % 2) * 4) * MINUTE,
      index % 2 === 0 ? running : throttled,
    ])
    const limit = after(storm)
    expect(limit.interval(0)).toBe(5 * MINUTE)
    expect(limit.notBefore - (storm.at(-1)?.[0] ?? 0)).toBeLessThanOrEqual(10 * MINUTE)
  })

  test('the period in its message applies, otherwise the usual one', () => {
    const hourly = throttledFor(60 * MINUTE)
    expect(intervalAfter([...each(6 * MINUTE, 0, 54 * MINUTE), [55 * MINUTE, hourly]])).toBeGreaterThan(
      6 * MINUTE,
    )
    const [unknown, usual] = [undefined, 5 * MINUTE].map((period) =>
      after([
        [0, running],
        [2_000, throttledFor(period)],
      ]),
    )
    expect(unknown).toBeInstanceOf(RateLimit)
    expect([unknown?.interval(0), unknown?.notBefore]).toEqual([usual?.interval(0), usual?.notBefore])
  })
})

test('other faults do not change the rate limit', () => {
  const start: readonly Exchange[] = [
    [0, running],
    [2_000, throttled],
  ]
  const limit = after(start)
  const before = [limit.interval(3_000), limit.notBefore]
  limit.onResponse(transient(), 3_000)
  limit.onResponse(unusable, 3_000)
  expect([limit.interval(3_000), limit.notBefore]).toEqual(before)
})

test('a request holds back the next ones for an interval', () => {
  const limit = after([...tenThenThrottled, [90_000, running]])
  expect(limit.earliest(job, 90_000, 1)).toBe(limit.notBefore)
  const next = limit.notBefore
  expect(next).toBe(90_000 + limit.interval(90_000))
  expect([next - 1, next].map((at) => limit.earliest(job, at, 1) <= at)).toEqual([false, true])
})

describe('until a request is accepted', () => {
  test.each([
    ['rejected credentials', unauthorized],
    ['a transient fault', transient()],
    ['nothing', unusable],
  ])('requests are 2 s apart: %s', (_name, response) => {
    const limit = after([[0, response]])
    expect([1_999, 2_000].map((at) => limit.earliest(job, at, 2) <= at)).toEqual([false, true])
    expect(after([[0, running]]).earliest(job, 1, 2)).toBeLessThanOrEqual(1)
  })
})

describe('a process with many jobs', () => {
  /** After so many requests at each moment. */
  function sent(...counts: readonly (readonly [at: number, count: number])[]): RateLimit {
    const limit = new RateLimit(true, deadlineOf(2 * HOUR), () => 0.5)
    limit.onResponse(running, 0)
    for (const [at, count] of counts) for (let index = 0; index < count; index++) limit.onRequest(at)
    return limit
  }

  test('sends at most 200 requests in five minutes', () => {
    const limit = sent([0, 150], [MINUTE, 50])
    const allows = (at: number) => limit.earliest(job, at, 16) <= at
    expect([MINUTE, 5 * MINUTE - 1, 5 * MINUTE].map(allows)).toEqual([false, false, true])
    expect(limit.earliest(job, MINUTE, 16)).toBe(5 * MINUTE)
    expect(sent([0, 199]).earliest(job, MINUTE, 16)).toBeLessThanOrEqual(MINUTE)
  })

  test('keeps a request for the final poll of each target in the last five minutes, half of the limit at most', () => {
    const finalPollAt = 2 * HOUR - 2 * SECOND
    const allows = (count: number, left: number, open: number) =>
      sent([finalPollAt - left - SECOND, count]).earliest(job, finalPollAt - left, open) <= finalPollAt - left
    expect([183, 184].map((count) => allows(count, MINUTE, 16))).toEqual([true, false])
    expect([99, 100].map((count) => allows(count, MINUTE, 300))).toEqual([true, false])
    expect(allows(199, 5 * MINUTE, 16)).toBe(true)
    expect(allows(199, 0, 16)).toBe(true)
  })

  test('spreads the rest evenly once half of the limit is used', () => {
    expect(sent([0, 99]).interval(0)).toBe(0)
    const limit = sent([0, 100])
    expect(limit.interval(0)).toBe(1_500)
    expect([1_499, 1_500].map((at) => limit.earliest({ rank: 3 }, at, 1) <= at)).toEqual([false, true])
    // A finished job is confirmed, and the list is read, without waiting for that.
    expect([1, 2].map((rank) => limit.earliest({ rank: rank as 1 | 2 }, 1, 1) <= 1)).toEqual([true, true])
  })
})
