import { describe, expect, test } from '@jest/globals'
import type { JobResponse } from '../../src/response.ts'
import {
  budgetAt,
  budgetLeft,
  keptFor,
  pacing,
  sharedGap,
  spend,
  UNLIMITED,
  type Pace,
} from '../../src/wait/pace.ts'
import { jobResponse, transient, unusable } from './responses.ts'

const MINUTE = 60_000
const running = jobResponse('Running')
const throttled: JobResponse = {
  ...transient(),
  kind: 'transient',
  throttled: { period: 5 * MINUTE },
} as JobResponse

/** The pace after answers at these moments. */
function after(answers: readonly (readonly [at: number, answer: JobResponse])[], random = 0.5): Pace {
  const next = pacing(() => random)
  return answers.reduce<Pace>((pace, [at, answer]) => next(spend(pace, 1, at), answer, at), UNLIMITED)
}

function each(every: number, from: number, until: number, answer = running): [number, JobResponse][] {
  return Array.from({ length: Math.floor((until - from) / every) + 1 }, (_, index) => [
    from + index * every,
    answer,
  ])
}

test('without a 429 there is no limit', () => {
  const { gap, notBefore } = after([...each(1_000, 0, 10 * MINUTE), [10 * MINUTE, transient()]])
  expect(gap).toBe(0)
  expect(notBefore).toBeLessThanOrEqual(10 * MINUTE)
})

describe('after a 429', () => {
  test('our share is what we got of the period so far', () => {
    // Ten questions until others had used up the rest: ten in each period from now on.
    expect(after([...each(6_000, 0, 54_000), [60_000, throttled]]).gap).toBe(30_000)
    expect(
      after([
        [0, running],
        [2_000, throttled],
      ]).gap,
    ).toBe(5 * MINUTE)
    expect(after([[0, throttled]]).gap).toBe(5 * MINUTE)
  })

  test('it is tried again soon, then more and more rarely, in case the period ends sooner than we think', () => {
    const times = (refusals: number) => {
      const answers = Array.from({ length: refusals }, (_, index) => [60_000 + index, throttled] as const)
      return (after([...each(6_000, 0, 54_000), ...answers], 0).notBefore - 60_000 - refusals + 1) / 1_000
    }
    expect([1, 2, 3, 4, 5, 6].map(times)).toEqual([30, 60, 120, 120, 120, 120])
    expect(times(7)).toBeGreaterThan(200)
    expect(
      (after(
        [
          [0, running],
          [2_000, throttled],
        ],
        1,
      ).notBefore -
        2_000) /
        1_000,
    ).toBe(15)
  })

  test('and when the period is over, not by all at once', () => {
    const answers = [...each(6_000, 0, 54_000), [295_000, throttled]] as const
    expect(after(answers, 0).notBefore).toBe(5 * MINUTE)
    expect(after(answers, 0.1).notBefore).toBe(5 * MINUTE + 3_000)
  })

  test('its Retry-After counts instead', () => {
    const throttledAgain = { ...throttled, retryAfter: 2_000 } as JobResponse
    expect(
      after([
        [0, running],
        [2_000, throttledAgain],
      ]).notBefore,
    ).toBe(4_000)
  })

  test('a Retry-After that was too short is only the least', () => {
    const throttledAgain = { ...throttled, retryAfter: 1_000 } as JobResponse
    const begin = [...each(6_000, 0, 54_000), [60_000, throttledAgain]] as const
    expect(after(begin).notBefore).toBe(61_000)
    expect(after([...begin, [61_000, throttledAgain]], 0).notBefore).toBe(61_000 + 60_000)
    expect(
      after([...begin, [61_000, { ...throttledAgain, retryAfter: 200_000 } as JobResponse]], 0).notBefore,
    ).toBe(261_000)
  })

  test('one question that is let through makes it be tried soon again, and begins the period', () => {
    const answers = [...each(6_000, 0, 54_000), [60_000, throttled], [90_000, running]] as const
    expect(after([...answers, [295_000, throttled]], 0).notBefore).toBe(295_000 + 30_000)
  })

  test('more of them in the same period change nothing but the moment', () => {
    const [once, twice] = [
      after([
        [0, running],
        [2_000, throttled],
      ]),
      after([
        [0, running],
        [2_000, throttled],
        [9_000, throttled],
      ]),
    ]
    expect(twice.gap).toBe(once.gap)
    expect(twice.notBefore).toBeGreaterThanOrEqual(once.notBefore)
  })

  test('one in the next period makes the gap what was got then, when that is less, and never shortens it', () => {
    const begin = [...each(6_000, 0, 54_000), [60_000, throttled]] as const
    const got = (times: number) => {
      const answers = [...each(30_000, 301_000, 300_000 + 30_000 * times), [600_000, throttled]] as const
      return after([...begin, ...answers]).gap
    }
    expect(got(2)).toBe(150_000)
    expect(got(3)).toBe(100_000)
    expect(after([...begin, [302_000, running], [361_000, throttled]]).gap).toBe(300_000)
    const greedy = [...begin, ...each(3_000, 301_000, 307_000), [361_000, throttled]] as const
    expect(after(greedy).gap).toBe(100_000)
  })

  test('four questions in a row that are let through halve it, down to what the budget lasts for', () => {
    const begin = [...each(6_000, 0, 54_000), [60_000, throttled]] as const
    expect(after([...begin, ...each(30_000, 301_000, 361_000)]).gap).toBe(30_000)
    expect(after([...begin, ...each(30_000, 301_000, 391_000)]).gap).toBe(15_000)
    expect(after([...begin, ...each(30_000, 301_000, 60 * MINUTE)]).gap).toBe(1_500)
  })

  test('four in a row, that is: a refusal between them begins anew', () => {
    const begin = [...each(6_000, 0, 54_000), [60_000, throttled], ...each(30_000, 301_000, 361_000)] as const
    const again = [...begin, [362_000, throttled]] as const
    const { gap } = after(again)
    expect(after([...again, ...each(60_000, 400_000, 520_000)]).gap).toBe(gap)
    expect(after([...again, ...each(60_000, 400_000, 580_000)]).gap).toBe(gap / 2)
  })

  test('who has just begun knows no share, and believes the first that is let through', () => {
    const pace = after([
      [0, throttled],
      [20_000, running],
    ])
    expect(pace.gap).toBe(75_000)
    expect(pace.notBefore).toBe(95_000)
    expect(after([[0, throttled], ...each(20_000, 20_000, 80_000)]).gap).toBe(1_500)
  })

  test('who got nothing for a period keeps the share of before, and after eight refusals only guesses', () => {
    const gapAfter = (refusals: number) => {
      const begin = [...each(6_000, 0, 54_000), ...each(MINUTE, MINUTE, refusals * MINUTE, throttled)]
      return after([...begin, [(refusals + 1) * MINUTE, running]]).gap
    }
    expect([6, 7, 8].map(gapAfter)).toEqual([30_000, 30_000, 7_500])
  })

  test('who was shut out for long begins anew', () => {
    const outage = [
      ...each(6_000, 0, 54_000),
      ...each(2 * MINUTE, 6 * MINUTE, 60 * MINUTE, throttled),
    ] as const
    expect(after(outage).gap).toBeLessThanOrEqual(5 * MINUTE)
    expect(after([...outage, ...each(1_000, 61 * MINUTE, 61 * MINUTE + 2_000)]).gap).toBeLessThan(10_000)
  })

  test('never stretches the gap beyond the period, nor a pause', () => {
    const storm = Array.from({ length: 3_000 }, (_, index): [number, JobResponse] => [
      (index * 6 - (index % 2) * 4) * MINUTE,
      index % 2 === 0 ? running : throttled,
    ])
    expect(after(storm).gap).toBe(5 * MINUTE)
    expect(after(storm).notBefore - (storm.at(-1)?.[0] ?? 0)).toBeLessThanOrEqual(10 * MINUTE)
  })

  test('its period counts', () => {
    const hourly = { ...throttled, throttled: { period: 60 * MINUTE } } as JobResponse
    expect(after([...each(6 * MINUTE, 0, 54 * MINUTE), [55 * MINUTE, hourly]]).gap).toBeGreaterThan(
      6 * MINUTE,
    )
  })

  test('that does not tell its period, the usual one counts', () => {
    const untold = { ...throttled, throttled: { period: undefined } } as JobResponse
    expect(
      after([
        [0, running],
        [2_000, untold],
      ]),
    ).toEqual(
      after([
        [0, running],
        [2_000, throttled],
      ]),
    )
  })
})

test('faults that say nothing of a limit leave the pace as it is', () => {
  const pace = after([
    [0, running],
    [2_000, throttled],
  ])
  const next = pacing(() => 0.5)
  expect(next(pace, transient(), 3_000)).toEqual(pace)
  expect(next(pace, unusable, 3_000).gap).toBe(pace.gap)
})

test('a question that starts keeps the next ones away for a gap', () => {
  expect(spend({ ...UNLIMITED, gap: 30_000 }, 1, 1_000).notBefore).toBe(31_000)
  expect(spend({ ...UNLIMITED, gap: 30_000, notBefore: 90_000 }, 1, 1_000).notBefore).toBe(90_000)
})

describe('the budget of a process with several jobs', () => {
  test('comes back when the questions are five minutes old', () => {
    const pace = spend(spend(UNLIMITED, 150, 0), 50, MINUTE)
    expect(budgetLeft(pace, MINUTE)).toBe(0)
    expect(budgetAt(pace, MINUTE)).toBe(5 * MINUTE)
    expect(budgetLeft(pace, 5 * MINUTE)).toBe(150)
    expect(budgetLeft(pace, 6 * MINUTE)).toBe(200)
  })

  test('is kept for the last look in the five minutes before it, half of it at most', () => {
    expect([0, 1, 5 * MINUTE - 1, 5 * MINUTE].map((left) => keptFor(16, left))).toEqual([0, 16, 16, 0])
    expect(keptFor(300, MINUTE)).toBe(100)
    const pace = spend(spend(UNLIMITED, 150, 0), 34, MINUTE)
    expect(budgetLeft(pace, MINUTE, 16)).toBe(0)
    expect(budgetAt(pace, MINUTE, 16)).toBe(5 * MINUTE)
  })

  test('is spread once half of it is used', () => {
    expect(sharedGap(spend(UNLIMITED, 99, 0), 0)).toBe(0)
    expect(sharedGap(spend(UNLIMITED, 100, 0), 0)).toBe(1_500)
    expect(sharedGap({ ...UNLIMITED, gap: 9_000 }, 0)).toBe(9_000)
  })
})
