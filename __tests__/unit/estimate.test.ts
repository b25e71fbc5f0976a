import { describe, expect, test } from '@jest/globals'
import { estimateCompletion, timeLeft } from '../../src/wait/estimate.ts'
import { recordPoint, type HistoryPoint } from '../../src/judge/history.ts'
import { untrusted } from './text.ts'

type Seen = readonly [seconds: number, progress: number | undefined, status?: string]

function historyOf(...seen: readonly Seen[]): readonly HistoryPoint[] {
  return seen.reduce<readonly HistoryPoint[]>(
    (history, [seconds, progress, status = 'Running']) =>
      recordPoint(history, { at: seconds * 1_000, status: untrusted(status), progress }),
    [],
  )
}

/** Of a job that takes 600 s, each so many seconds. */
function looks(every: number, until: number, progressAt: (fraction: number) => number): readonly Seen[] {
  return Array.from({ length: Math.floor(until / every) + 1 }, (_, index) => {
    const seconds = index * every
    return [seconds, Math.floor(progressAt(seconds / 600) * 100 + 1e-9)] as const
  })
}

describe('the end that a pace leads to is near the true one, which lies in the window:', () => {
  test.each([
    ['linear', (x: number) => x, 300, 10],
    ['linear, near the end', (x: number) => x, 570, 10],
    ['square root', (x: number) => Math.sqrt(x), 500, 20],
    ['quadratic', (x: number) => x * x, 500, 20],
    ['steps of 10', (x: number) => Math.floor(x * 10) / 10, 570, 20],
    ['steps of 25', (x: number) => Math.floor(x * 4) / 4, 480, 30],
  ])('%s', (_name, progressAt, until, seconds) => {
    const expected = estimateCompletion(historyOf(...looks(15, until, progressAt)))
    expect(Math.abs((expected?.completion ?? 0) - 600_000)).toBeLessThan(seconds * 1_000)
    expect(expected?.earliest).toBeLessThan(600_000)
    expect(expected?.latest).toBeGreaterThan(600_000)
  })
})

describe('there is none', () => {
  test.each<[string, readonly Seen[]]>([
    ['before anything is seen', []],
    [
      'of one progress alone',
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
      'just after it fell back',
      [
        [0, 10],
        [10, 40],
        [20, 80],
        [30, 10],
      ],
    ],
    [
      'just after it went missing',
      [
        [0, 10],
        [10, 40],
        [20, undefined, 'Pending'],
      ],
    ],
  ])('%s', (_name, seen) => {
    expect(estimateCompletion(historyOf(...seen))).toBeUndefined()
  })
})

test('a pace that falls counts at once', () => {
  const fast = looks(10, 100, (x) => 5 * x)
  const steady = estimateCompletion(historyOf(...fast.slice(0, 7)))
  const crawling: Seen[] = Array.from({ length: 20 }, (_, index) => [110 + index * 10, index < 10 ? 84 : 85])
  const slowing = estimateCompletion(historyOf(...fast, ...crawling))
  expect(steady).toMatchObject({ isSteady: true })
  expect(Math.abs((steady?.completion ?? 0) - 120_000)).toBeLessThanOrEqual(5_000)
  // A percent in about a hundred seconds: fifteen hundred to go.
  expect(slowing?.isSteady).toBe(false)
  expect(slowing?.completion).toBeGreaterThan(1_500_000)
})

test('another status with the same progress tells nothing new', () => {
  const seen = looks(10, 100, (x) => x)
  expect(estimateCompletion(historyOf(...seen, [110, 16, 'Checking']))).toEqual(
    estimateCompletion(historyOf(...seen, [110, 16])),
  )
})

describe('the time left', () => {
  test('is told once the pace is steady', () => {
    const left = timeLeft(historyOf(...looks(20, 300, (x) => x)), 300_000) ?? 0
    expect(Math.abs(left - 300_000)).toBeLessThanOrEqual(10_000)
  })

  test.each<[string, readonly Seen[], number]>([
    ['below 30%', looks(20, 160, (x) => x), 160],
    [
      'of less than 20 percent',
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
    ['of a quadratic pace', looks(20, 400, (x) => x * x), 400],
    [
      'of what ran up to 91% and crawls',
      [...looks(10, 20, (x) => 27 * x), ...looks(10, 100, () => 0.91)],
      100,
    ],
    [
      'of two looks',
      [
        [0, 0],
        [10, 10],
      ],
      10,
    ],
    [
      'of steps that are too coarse',
      [
        [0, 0],
        [100, 0],
        [200, 25],
        [300, 25],
      ],
      300,
    ],
    ['of a pace that has fallen', [...looks(10, 100, (x) => 5 * x), [300, 85]], 300],
    ['of a job that should be over', looks(20, 300, (x) => 2 * x), 400],
  ])('is not told %s', (_name, seen, seconds) => {
    expect(timeLeft(historyOf(...seen), seconds * 1_000)).toBeUndefined()
  })
})
