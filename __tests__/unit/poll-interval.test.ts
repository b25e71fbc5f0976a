import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { JobResponse } from '../../src/response.ts'
import { initialState, judge } from '../../src/judge/judge.ts'
import { estimateCompletion } from '../../src/wait/estimate.ts'
import { pollInterval } from '../../src/wait/poll-interval.ts'
import { ID, jobResponse, notFoundYet, transient, unauthorized } from './responses.ts'

/** The pause after some answers, a second apart. */
function pauseAfter(
  interval: 'auto' | number,
  random: number,
  elapsed: number,
  ...answers: JobResponse[]
): number {
  const state = answers.reduce(
    (before, answer, index) => judge(before, answer, index * 1_000).state,
    initialState(ID),
  )
  return pollInterval(interval, () => random)(state, elapsed)
}

const running = jobResponse('Running')

describe('auto', () => {
  /** The pause after looks at a job, the last of them at the moment the pause begins. */
  function pauseOf(
    looks: readonly (readonly [seconds: number, progress: string])[],
    options: { random?: number; gap?: number } = {},
  ) {
    const state = looks.reduce(
      (before, [seconds, process]) =>
        judge(before, jobResponse('Running', { process }), seconds * 1_000).state,
      initialState(ID),
    )
    return pollInterval('auto', () => options.random ?? 0)(
      state,
      (looks.at(-1)?.[0] ?? 0) * 1_000,
      options.gap,
    )
  }

  function windowOf(looks: readonly (readonly [seconds: number, progress: string])[]) {
    const { history } = looks.reduce(
      (before, [seconds, process]) =>
        judge(before, jobResponse('Running', { process }), seconds * 1_000).state,
      initialState(ID),
    )
    const { earliest, latest } = estimateCompletion(history) ?? { earliest: 0, latest: 0 }
    return { earliest, latest }
  }

  test('spreads the second question, be the job visible or not', () => {
    expect(pauseOf([[0, '']], { random: 0 })).toBe(2_000)
    expect(pauseOf([[0, '0%']], { random: 1 })).toBe(4_000)
    expect(pauseAfter('auto', 1, 0, notFoundYet)).toBe(4_000)
  })

  test.each([
    [3, 2_000],
    [10, 5_000],
    [60, 9_500],
    [14 * 60, 9_500],
    [28 * 60, 13_435],
    [6 * 3_600, 29_000],
  ])('without progress: after %d s looks again in %d ms', (seconds, pause) => {
    expect(
      pauseOf([
        [0, ''],
        [seconds, ''],
      ]),
    ).toBeCloseTo(pause, -1)
  })

  test('a job at its beginning is given as long again as it took until now, half a minute at most', () => {
    expect(
      pauseOf([
        [0, '0%'],
        [10, '0%'],
      ]),
    ).toBe(10_000)
    expect(
      pauseOf([
        [0, '0%'],
        [100, '0%'],
      ]),
    ).toBe(29_000)
    expect(
      pauseOf([
        [0, '49%'],
        [10, '49%'],
      ]),
    ).toBe(10_000)
    // Seen late: it may end any moment.
    expect(
      pauseOf([
        [0, '75%'],
        [10, '75%'],
      ]),
    ).toBe(5_000)
  })

  test('looks rarely before the expected end, often around it, and less and less often behind it', () => {
    const steady = Array.from({ length: 10 }, (_, index) => [index * 20, `${index * 10}%`] as const)
    const at = (seconds: number) => pauseOf([...steady, [seconds, '90%']])
    expect(pauseOf(steady.slice(0, 4))).toBe(29_000)
    expect(at(182)).toBeLessThan(10_000)
    expect(at(200)).toBeLessThan(5_000)
    expect(at(300)).toBeGreaterThan(at(240))
    expect(at(3_600)).toBeCloseTo(9_500 * Math.sqrt(3_600 / 840), -1)
  })

  test('asks when the window opens, in it by the worth of a question, and behind it after a third of the time', () => {
    const steady = Array.from({ length: 7 }, (_, index) => [index * 20, `${index * 10}%`] as const)
    const pauseAt = (at: number) => pauseOf([...steady, [at / 1_000, '60%']])
    const { earliest, latest } = windowOf(steady)
    expect(pauseAt(earliest - 10_000)).toBeCloseTo(10_000)
    expect(pauseAt(latest - 16_000)).toBeCloseTo(4_000)
    expect(pauseAt(latest + 18_000)).toBeCloseTo(6_000)
  })

  test('never pauses for less than 2 s or more than 29 s, whatever was seen', () => {
    const looks = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: -5, max: 105 })), {
      minLength: 2,
      maxLength: 60,
    })
    fc.assert(
      fc.property(looks, fc.double({ min: 0, max: 1, noNaN: true }), (steps, random) => {
        let seconds = 0
        const seen = steps.map(([step, progress]) => [(seconds += step), `${progress}%`] as const)
        const pause = pauseOf(seen, { random })
        expect(pause >= 2_000 && pause <= 29_000).toBe(true)
      }),
      { seed: 8, numRuns: 2_000 },
    )
  })

  test('where a limit was met keeps the gap, and waits for an end that is not far', () => {
    const blind = [
      [0, ''],
      [60, ''],
    ] as const
    expect(pauseOf(blind, { gap: 100_000, random: 0 })).toBe(90_000)
    expect(pauseOf(blind, { gap: 100_000, random: 1 })).toBeCloseTo(110_000)
    const steady = Array.from({ length: 6 }, (_, index) => [index * 20, `${index * 10}%`] as const)
    const { latest } = windowOf(steady)
    expect(pauseOf(steady, { gap: 100_000, random: 0.5 })).toBe(latest - 100_000)
    expect(pauseOf(steady, { gap: 30_000, random: 0.5 })).toBe(60_000)
  })
})

test('a fixed interval is the least pause where a limit was met, too', () => {
  const state = judge(initialState(ID), running, 0).state
  expect(pollInterval(7_000, () => 0.5)(state, 0, 30_000)).toBe(30_000)
  expect(pollInterval(60_000, () => 0.5)(state, 0, 30_000)).toBe(60_000)
})

test('credentials that are renewed are asked with soon', () => {
  const refused = { ...unauthorized, isRenewable: true } as JobResponse
  expect(pauseAfter('auto', 0, 600_000, running, running, refused)).toBe(2_000)
})

test('a fixed interval is kept', () => {
  expect(pauseAfter(7_000, 0, 500_000, running)).toBe(7_000)
  expect(pauseAfter(7_000, 0, 0, notFoundYet)).toBe(7_000)
})

describe('after faults in a row', () => {
  const faults = (count: number) => Array.from({ length: count }, () => transient())

  test.each([
    [2, 2_000],
    [3, 4_000],
    [5, 16_000],
    [6, 30_000],
    [5_000, 30_000],
  ])('%d of them, the pause is at most %d ms and at least half of it', (count, pause) => {
    expect(pauseAfter(1_000, 0, 0, ...faults(count))).toBe(pause)
    expect(pauseAfter(1_000, 1, 0, ...faults(count))).toBe(pause / 2)
  })

  test('it starts anew after a good answer', () => {
    expect(pauseAfter(1_000, 0, 0, ...faults(5), running, transient())).toBe(1_000)
  })

  test('a fixed interval is the least pause', () => {
    expect(pauseAfter(60_000, 0, 0, ...faults(3))).toBe(60_000)
  })

  test('Retry-After is obeyed', () => {
    expect(pauseAfter('auto', 0, 0, transient(120_000))).toBe(120_000)
    expect(pauseAfter(600_000, 0, 0, transient(120_000))).toBe(600_000)
  })
})
