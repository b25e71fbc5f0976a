import { describe, expect, test } from '@jest/globals'
import { formatDuration, parseDuration } from '../../src/duration.ts'

describe('parseDuration', () => {
  test.each([
    ['90', 90_000],
    ['45s', 45_000],
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['120h', 432_000_000],
    ['1h0m1s', 3_601_000],
    ['0', 0],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each(['', ' ', '1d', '30 m', '1.5h', '-5', '30m1h', 'm', '1h30', '9999999999', '１m'])(
    'rejects %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined()
    },
  )
})

test.each([
  [0, '0s'],
  [-5, '0s'],
  [499, '0s'],
  [500, '1s'],
  [60_000, '1m'],
  [5_400_000, '1h30m'],
  [3_601_000, '1h1s'],
  [432_000_000, '120h'],
])('formatDuration writes %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})
