import { describe, expect, test } from '@jest/globals'
import { estimateCompletion, timeLeft } from '../../src/wait/estimate.ts'
import { recordPoint, type HistoryPoint } from '../../src/judge/history.ts'
import { untrusted } from './text.ts'

type Point = readonly [seconds: number, progress: number | undefined, status?: string]

function historyOf(...points: readonly Point[]): readonly HistoryPoint[] {
  return points.reduce<readonly HistoryPoint[]>(
    (history, [seconds, progress, status = 'Running']) =>
      recordPoint(history, { at: seconds * 1_000, status: untrusted(status), progress }),
    [],
  )
}

/** The progress of a job that takes 600 s, read at equal intervals. */
function readings(every: number, until: number, progressAt: (fraction: number) => number): readonly Point[] {
  return Array.from({ length: Math.floor(until / every) + 1 }, (_, index) => {
    const seconds = index * every
    return [seconds, Math.floor(progressAt(seconds / 600) * 100 + 1e-9)] as const
  })
}

describe('the estimated completion is near the true one, which lies in the window:', () => {
  test.each([
    ['linear', (x: number) => x, 300, 10],
    ['linear, near the end', (x: number) => x, 570, 10],
    ['square root', (x: number) => Math.sqrt(x), 500, 20],
    ['quadratic', (x: number) => x * x, 500, 20],
    ['steps of 10', (x: number) => Math.floor(x * 10) / 10, 570, 20],
    ['steps of 25', (x: number) => Math.floor(x * 4) / 4, 480, 30],
  ])('%s', (_name, progressAt, until, seconds) => {
    const expected = estimateCompletion(historyOf(...readings(15, until, progressAt)))
    expect(Math.abs((expected?.completion ?? 0) - 600_000)).toBeLessThan(seconds * 1_000)
    expect(expected?.earliest).toBeLessThan(600_000)
    expect(expected?.latest).toBeGreaterThan(600_000)
  })
})

describe('there is no estimate', () => {
  test.each<[string, readonly Point[]]>([
    ['before the first response', []],
    [
      'from a single value of progress',
      [
        [0, 5],
        [10, 5],
        [20, 5],
      ],
    ],
    [
      'without progress',
      [
        [0, undefined],
        [10, undefined],
      ],
    ],
    [
      'immediately after the progress fell',
      [
        [0, 10],
        [10, 40],
        [20, 80],
        [30, 10],
      ],
    ],
    [
      'immediately after the progress disappeared',
      [
        [0, 10],
        [10, 40],
        [20, undefined, 'Pending'],
      ],
    ],
  ])('%s', (_name, points) => {
    expect(estimateCompletion(historyOf(...points))).toBeUndefined()
  })
})

test('a lower rate of progress changes the estimate immediately', () => {
  const fast = readings(10, 100, (x) => 5 * x)
  const steady = estimateCompletion(historyOf(...fast.slice(0, 7)))
  const slow: Point[] = Array.from({ length: 20 }, (_, index) => [110 + index * 10, index < 10 ? 84 : 85])
  const slowing = estimateCompletion(historyOf(...fast, ...slow))
  expect(steady).toMatchObject({ isSteady: true })
  expect(Math.abs((steady?.completion ?? 0) - 120_000)).toBeLessThanOrEqual(5_000)
  // At one percent in about 100 seconds, 1,500 seconds are left.
  expect(slowing?.isSteady).toBe(false)
  expect(slowing?.completion).toBeGreaterThan(1_500_000)
})

test('another status with the same progress does not change the estimate', () => {
  const points = readings(10, 100, (x) => x)
  expect(estimateCompletion(historyOf(...points, [110, 16, 'Checking']))).toEqual(
    estimateCompletion(historyOf(...points, [110, 16])),
  )
})

describe('the time left', () => {
  test('is shown once the rate of progress is steady', () => {
    const left = timeLeft({ history: historyOf(...readings(20, 300, (x) => x)) }, 300_000) ?? 0
    expect(Math.abs(left - 300_000)).toBeLessThanOrEqual(10_000)
  })

  test.each<[string, readonly Point[], number]>([
    ['below 30%', readings(20, 160, (x) => x), 160],
    [
      'after less than 20 percent of progress',
      [
        [0, 60],
        [30, 63],
        [60, 66],
        [90, 69],
        [120, 72],
        [150, 75],
      ],
      150,
    ],
    ['if the progress is quadratic', readings(20, 400, (x) => x * x), 400],
    [
      'if the progress reached 91% fast and then stopped',
      [...readings(10, 20, (x) => 27 * x), ...readings(10, 100, () => 0.91)],
      100,
    ],
    [
      'after two responses',
      [
        [0, 0],
        [10, 10],
      ],
      10,
    ],
    [
      'if the steps are too coarse',
      [
        [0, 0],
        [100, 0],
        [200, 25],
        [300, 25],
      ],
      300,
    ],
    ['if the rate of progress has fallen', [...readings(10, 100, (x) => 5 * x), [300, 85]], 300],
    ['if the job should have finished already', readings(20, 300, (x) => 2 * x), 400],
  ])('is not shown %s', (_name, points, seconds) => {
    expect(timeLeft({ history: historyOf(...points) }, seconds * 1_000)).toBeUndefined()
  })
})
