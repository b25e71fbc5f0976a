import { describe, expect, test } from '@jest/globals'
import type { Answer } from '../../src/answer.ts'
import { begin, judge } from '../../src/wait/judge.ts'
import { schedule } from '../../src/wait/schedule.ts'
import { ID, jobAnswer, notVisible, tryAgain } from './answers.ts'

/** The pause after some answers, a second apart. */
function pauseAfter(
  interval: 'auto' | number,
  random: number,
  elapsed: number,
  ...answers: Answer[]
): number {
  const state = answers.reduce(
    (before, answer, index) => judge(before, answer, index * 1_000).state,
    begin(ID),
  )
  return schedule(interval, () => random)(state, elapsed)
}

const running = jobAnswer('Running')

test.each(['auto', 60_000] as const)('the first question is asked at once (%s)', (interval) => {
  expect(pauseAfter(interval, 0, 0)).toBe(0)
})

describe('auto', () => {
  test.each([
    [0, 2_000],
    [40_000, 2_000],
    [100_000, 5_000],
    [300_000, 15_000],
    [6 * 3_600_000, 15_000],
  ])('after %d ms looks again in %d ms', (elapsed, pause) => {
    expect(pauseAfter('auto', 0, elapsed, running)).toBe(pause)
    expect(pauseAfter('auto', 0, elapsed, notVisible)).toBe(pause)
  })
})

test('a fixed interval is kept', () => {
  expect(pauseAfter(7_000, 0, 500_000, running)).toBe(7_000)
  expect(pauseAfter(7_000, 0, 0, notVisible)).toBe(7_000)
})

describe('after faults in a row', () => {
  const faults = (count: number) => Array.from({ length: count }, () => tryAgain())

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
    expect(pauseAfter(1_000, 0, 0, ...faults(5), running, tryAgain())).toBe(1_000)
  })

  test('a fixed interval is the least pause', () => {
    expect(pauseAfter(60_000, 0, 0, ...faults(3))).toBe(60_000)
  })

  test('Retry-After is obeyed', () => {
    expect(pauseAfter('auto', 0, 0, tryAgain(120_000))).toBe(120_000)
    expect(pauseAfter(600_000, 0, 0, tryAgain(120_000))).toBe(600_000)
  })
})
