import { describe, expect, test } from '@jest/globals'
import { CLIENTS, OURS, TERRAFORM } from '../../bench/clients.ts'
import { scoreOf, type Score } from '../../bench/compare.ts'
import { roundRobinOf, matrixOf, oneProcessOf } from '../../bench/matrix.ts'
import { BAD_CURVES, CURVES } from '../../bench/workload.ts'

/** The figures in docs/polling.md, with a margin. They are measured in virtual time, so they are equal on every machine. */

/** Every third job of the benchmark: the figures differ by less than their margins. */
const STEP = 3
const ALL = [...Object.keys(CURVES), ...Object.keys(BAD_CURVES)]
const ours = new Map<string, Score>()
for (const curve of ALL) ours.set(curve, await scoreOf(OURS, curve, STEP))
const base = await scoreOf(TERRAFORM, 'none', STEP)

function score(curve: string): Score {
  const found = ours.get(curve)
  if (found === undefined) throw new Error(`there is no curve ${curve}`)
  return found
}

describe('compared with polling every 10 s,', () => {
  test.each([
    ['linear', 0.55, 0.25],
    ['square root', 0.55, 0.25],
    ['quadratic', 0.55, 0.25],
    ['steps of 10', 0.75, 0.75],
    ['steps of 25', 0.9, 1],
    ['stuck at 99%', 0.9, 1],
    ['none', 1.1, 1],
  ])('%s: at most %d × the requests and %d × the lag', (curve, requests, lag) => {
    expect(score(curve).requests / base.requests).toBeLessThanOrEqual(requests)
    expect(score(curve).lag / base.lag).toBeLessThanOrEqual(lag)
  })
})

test('with progress, 95 % of the ends are detected within 10 s', () => {
  for (const curve of Object.keys(CURVES))
    if (curve !== 'none') expect(score(curve).p95).toBeLessThanOrEqual(10_000)
})

test('every end is detected within 30 s, whatever the progress', () => {
  for (const curve of ALL) expect(score(curve).longest).toBeLessThanOrEqual(30_000)
})

// These two poll every second or two, so they send 5 and 10 times as many requests as the others.
const otherClients = Object.keys(CLIENTS).filter(
  (client) => ![OURS, 'gophertelekomcloud 0.9.3', 'Azure SDK for JS'].includes(client),
)

test.each(otherClients)('%s is not better in both figures for any kind of progress', async (client) => {
  const { requests, lag } = client === TERRAFORM ? base : await scoreOf(client, 'none', STEP)
  for (const curve of ALL) {
    const { requests: ourRequests, lag: ourLag } = score(curve)
    expect({ curve, isBetter: requests < ourRequests && lag < ourLag }).toEqual({ curve, isBetter: false })
  }
})

test('256 concurrent waits share one rate limit: none fails, few requests are throttled, and the lag is small', async () => {
  const { falseFailures, throttledLater, lag } = await matrixOf(256)
  expect(falseFailures).toBe(0)
  expect(throttledLater).toBeLessThanOrEqual(0.1)
  expect(lag / roundRobinOf(256).lag).toBeLessThanOrEqual(1.5)
})

test.each([16, 100, 500])(
  'one process with %d jobs keeps to the rate limit without the job list',
  async (jobs) => {
    const { falseFailures, throttled, mostInFiveMinutes, lag } = await oneProcessOf(jobs, false)
    expect({ falseFailures, throttled }).toEqual({ falseFailures: 0, throttled: 0 })
    expect(mostInFiveMinutes).toBeLessThanOrEqual(200)
    expect(lag / roundRobinOf(jobs).lag).toBeLessThanOrEqual(1.2)
  },
)

test('100 jobs in one process need at most 3.5 requests each with the job list', async () => {
  const { falseFailures, throttled, requests, mostInFiveMinutes, lag, p95 } = await oneProcessOf(100, true)
  expect({ falseFailures, throttled }).toEqual({ falseFailures: 0, throttled: 0 })
  expect(requests).toBeLessThanOrEqual(350)
  expect(mostInFiveMinutes).toBeLessThanOrEqual(200)
  expect(lag).toBeLessThanOrEqual(4_000)
  expect(p95).toBeLessThanOrEqual(12_000)
})

test('500 jobs in one process have half the lag of round robin with the job list', async () => {
  const { falseFailures, throttled, mostInFiveMinutes, lag } = await oneProcessOf(500, true)
  expect({ falseFailures, throttled }).toEqual({ falseFailures: 0, throttled: 0 })
  expect(mostInFiveMinutes).toBeLessThanOrEqual(200)
  expect(lag / roundRobinOf(500).lag).toBeLessThanOrEqual(0.5)
})
