import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { JobResponse } from '../../src/response.ts'
import { initialState, judge } from '../../src/judge/judge.ts'
import { estimateCompletion } from '../../src/wait/estimate.ts'
import { pollInterval } from '../../src/wait/poll-interval.ts'
import { ID, jobResponse, notFoundYet, transient, unauthorized } from './responses.ts'

/** The interval after some responses, one second apart. */
function intervalAfter(
  interval: 'auto' | number,
  random: number,
  elapsed: number,
  ...responses: JobResponse[]
): number {
  const state = responses.reduce(
    (before, response, index) => judge(before, response, index * 1_000).state,
    initialState(ID),
  )
  return pollInterval(interval, () => random)(state, elapsed)
}

const running = jobResponse('Running')

describe('auto', () => {
  /** The interval after these responses, beginning with the last one. */
  function intervalOf(
    responses: readonly (readonly [seconds: number, progress: string])[],
    options: { random?: number; share?: number } = {},
  ) {
    const state = responses.reduce(
      (before, [seconds, process]) =>
        judge(before, jobResponse('Running', { process }), seconds * 1_000).state,
      initialState(ID),
    )
    return pollInterval('auto', () => options.random ?? 0)(
      state,
      (responses.at(-1)?.[0] ?? 0) * 1_000,
      options.share,
    )
  }

  function windowOf(responses: readonly (readonly [seconds: number, progress: string])[]) {
    const { history } = responses.reduce(
      (before, [seconds, process]) =>
        judge(before, jobResponse('Running', { process }), seconds * 1_000).state,
      initialState(ID),
    )
    const { earliest, latest } = estimateCompletion(history) ?? { earliest: 0, latest: 0 }
    return { earliest, latest }
  }

  test('spreads the second request, whether the job is found yet or not', () => {
    expect(intervalOf([[0, '']], { random: 0 })).toBe(2_000)
    expect(intervalOf([[0, '0%']], { random: 1 })).toBe(4_000)
    expect(intervalAfter('auto', 1, 0, notFoundYet)).toBe(4_000)
  })

  test.each([
    [3, 2_000],
    [10, 5_000],
    [60, 9_500],
    [14 * 60, 9_500],
    [28 * 60, 13_435],
    [6 * 3_600, 29_000],
  ])('without progress: after %d s the interval is %d ms', (seconds, interval) => {
    expect(
      intervalOf([
        [0, ''],
        [seconds, ''],
      ]),
    ).toBeCloseTo(interval, -1)
  })

  test('below 50%, without an estimate, is as long as the wait so far, up to half a minute', () => {
    expect(
      intervalOf([
        [0, '0%'],
        [10, '0%'],
      ]),
    ).toBe(10_000)
    expect(
      intervalOf([
        [0, '0%'],
        [100, '0%'],
      ]),
    ).toBe(29_000)
    expect(
      intervalOf([
        [0, '49%'],
        [10, '49%'],
      ]),
    ).toBe(10_000)
    // At 75 % the job may end at any moment.
    expect(
      intervalOf([
        [0, '75%'],
        [10, '75%'],
      ]),
    ).toBe(5_000)
  })

  test('is long before the expected end, short around it, and grows after it', () => {
    const steady = Array.from({ length: 10 }, (_, index) => [index * 20, `${index * 10}%`] as const)
    const at = (seconds: number) => intervalOf([...steady, [seconds, '90%']])
    expect(intervalOf(steady.slice(0, 4))).toBe(29_000)
    expect(at(182)).toBeLessThan(10_000)
    expect(at(200)).toBeLessThan(5_000)
    expect(at(300)).toBeGreaterThan(at(240))
    expect(at(3_600)).toBeCloseTo(9_500 * Math.sqrt(3_600 / 840), -1)
  })

  test('ends when the estimated window opens, balances requests and delay within it, and grows after it', () => {
    const steady = Array.from({ length: 7 }, (_, index) => [index * 20, `${index * 10}%`] as const)
    const intervalAt = (at: number) => intervalOf([...steady, [at / 1_000, '60%']])
    const { earliest, latest } = windowOf(steady)
    expect(intervalAt(earliest - 10_000)).toBeCloseTo(10_000)
    expect(intervalAt(latest - 16_000)).toBeCloseTo(4_000)
    expect(intervalAt(latest + 18_000)).toBeCloseTo(6_000)
  })

  test('is at least 2 s and at most 29 s, whatever the responses contain', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: -5, max: 105 })), {
      minLength: 2,
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 1, noNaN: true }), (values, random) => {
        let seconds = 0
        const responses = values.map(([step, progress]) => [(seconds += step), `${progress}%`] as const)
        const interval = intervalOf(responses, { random })
        expect(interval >= 2_000 && interval <= 29_000).toBe(true)
      }),
      { seed: 8, numRuns: 2_000 },
    )
  })

  test('after a throttled request is at least the interval of the rate limit, and waits for an end that is near', () => {
    const withoutProgress = [
      [0, ''],
      [60, ''],
    ] as const
    expect(intervalOf(withoutProgress, { share: 100_000, random: 0 })).toBe(90_000)
    expect(intervalOf(withoutProgress, { share: 100_000, random: 1 })).toBeCloseTo(110_000)
    const steady = Array.from({ length: 6 }, (_, index) => [index * 20, `${index * 10}%`] as const)
    const { latest } = windowOf(steady)
    expect(intervalOf(steady, { share: 100_000, random: 0.5 })).toBe(latest - 100_000)
    expect(intervalOf(steady, { share: 30_000, random: 0.5 })).toBe(60_000)
  })
})

test('a fixed interval is the minimum after a throttled request, too', () => {
  const state = judge(initialState(ID), running, 0).state
  expect(pollInterval(7_000, () => 0.5)(state, 0, 30_000)).toBe(30_000)
  expect(pollInterval(60_000, () => 0.5)(state, 0, 30_000)).toBe(60_000)
})

test('renewed credentials are tried soon', () => {
  const rejected = { ...unauthorized, isRenewable: true } as JobResponse
  expect(intervalAfter('auto', 0, 600_000, running, running, rejected)).toBe(2_000)
})

test('a fixed interval is kept', () => {
  expect(intervalAfter(7_000, 0, 500_000, running)).toBe(7_000)
  expect(intervalAfter(7_000, 0, 0, notFoundYet)).toBe(7_000)
})

describe('after faults in a row', () => {
  const faults = (count: number) => Array.from({ length: count }, () => transient())

  test.each([
    [2, 2_000],
    [3, 4_000],
    [5, 16_000],
    [6, 30_000],
    [5_000, 30_000],
  ])('%d of them, the delay is at most %d ms and at least half of it', (count, delay) => {
    expect(intervalAfter(1_000, 0, 0, ...faults(count))).toBe(delay)
    expect(intervalAfter(1_000, 1, 0, ...faults(count))).toBe(delay / 2)
  })

  test('the delay starts again after a response with the job', () => {
    expect(intervalAfter(1_000, 0, 0, ...faults(5), running, transient())).toBe(1_000)
  })

  test('a fixed interval is the minimum', () => {
    expect(intervalAfter(60_000, 0, 0, ...faults(3))).toBe(60_000)
  })

  test('Retry-After replaces the delay', () => {
    expect(intervalAfter('auto', 0, 0, transient(120_000))).toBe(120_000)
    expect(intervalAfter(600_000, 0, 0, transient(120_000))).toBe(600_000)
  })
})
