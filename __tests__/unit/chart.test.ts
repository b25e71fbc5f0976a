import { describe, expect, test } from '@jest/globals'
import { chartOf } from '../../src/report/chart.ts'
import type { HistoryPoint } from '../../src/judge/history.ts'
import { untrusted } from './text.ts'

/** A history from seconds, progress, and the second until which the progress was seen. */
function history(
  ...points: readonly (readonly [at: number, progress?: number, until?: number])[]
): HistoryPoint[] {
  return points.map(([at, progress, until = at]) => ({
    at: at * 1_000,
    until: until * 1_000,
    status: untrusted('Running'),
    progress,
  }))
}

function lineOf(chart: string | undefined): number[] {
  const [, numbers = ''] = /^ {2}line \[(.*)\]$/m.exec(chart ?? '') ?? []
  return numbers.split(', ').map(Number)
}

test('a chart samples the progress at even intervals', () => {
  expect(chartOf(history([0], [60, 0], [120, 20], [180, 30, 240], [300, 100]), 'green')).toBe(
    [
      '%%{init: {"xyChart":{"width":800,"height":260},"themeVariables":{"xyChart":{"backgroundColor":"transparent","plotColorPalette":"#2da44e"}}}}%%',
      'xychart-beta',
      '  x-axis "minutes since the wait began" 1 --> 5',
      '  y-axis "progress in %" 0 --> 100',
      '  line [0, 2.8, 5.5, 8.3, 11, 13.8, 16.6, 19.3, 21, 22.4, 23.8, 25.2, 26.6, 27.9, 29.3, 30, 30, 30, 30, 30, 30, 30, 32.4, 42.1, 51.7, 61.4, 71, 80.7, 90.3, 100]',
    ].join('\n'),
  )
})

test.each([
  [90, 'seconds', 90],
  [119, 'seconds', 119],
  [120, 'minutes', 2],
  [5_000, 'minutes', 83.33],
  [7_200, 'hours', 2],
])('a wait of %d s has an axis in %s', (end, unit, max) => {
  const chart = chartOf(history([0, 1], [10, 2], [end, 3]), 'blue')
  expect(chart).toContain(`x-axis "${unit} since the wait began" 0 --> ${max}\n`)
})

test('a long history is sampled at thirty points, including the first and the last', () => {
  const points = Array.from({ length: 200 }, (_, index) => [index * 5, index / 2] as const)
  const line = lineOf(chartOf(history(...points), 'blue'))
  expect(line).toHaveLength(30)
  expect([line[0], line.at(-1)]).toEqual([0, 99.5])
})

describe('there is no chart for', () => {
  test.each([
    ['an empty history', []],
    ['two points', history([0, 0], [60, 100])],
    ['points without progress', history([0], [60], [120], [180, 100])],
    ['points at the same time', history([1, 0], [1, 50], [1, 100])],
    ['times that are not numbers', history([Number.NaN, 0], [Number.NaN, 50], [Number.NaN, 100])],
  ])('%s', (_name, points) => {
    expect(chartOf(points, 'green')).toBeUndefined()
  })
})

test('impossible numbers stay between 0 and 100', () => {
  const odd = history([0, -1e300], [10, Number.NaN], [20, 1e300], [30, Infinity], [40, 50])
  const line = lineOf(chartOf(odd, 'red'))
  expect(line.length).toBeLessThanOrEqual(30)
  expect(line.filter((number) => !(number >= 0 && number <= 100))).toEqual([])
})
