import { CLIENTS } from './clients.ts'
import { drive, type Outcome } from './drive.ts'
import { seeded } from './random.ts'
import { BAD_CURVES, CURVES, durations, plan } from './workload.ts'

/** Means over all jobs; lags in milliseconds. */
export interface Score {
  readonly requests: number
  readonly lag: number
  readonly p95: number
  readonly longest: number
}

/**
 * A client's results on a curve: the real loop with its intervals, on the same jobs as all others.
 *
 * @param step 2 for every second of the 400 jobs
 */
export async function scoreOf(client: string, curve: string, step = 1): Promise<Score> {
  const intervals = CLIENTS[client]
  const shape = { ...CURVES, ...BAD_CURVES }[curve]
  if (intervals === undefined || shape === undefined)
    throw new Error(`there is no client ${client} or no curve ${curve}`)
  const { delay, interval } = intervals(seeded(1))
  const outcomes: Outcome[] = []
  for (const [index, duration] of durations().entries())
    if (index % step === 0) outcomes.push(await drive(plan(shape, duration, index), interval, delay))
  const lags = outcomes.map(({ lag }) => lag).sort((a, b) => a - b)
  return {
    requests: mean(outcomes.map(({ requests }) => requests)),
    lag: mean(lags),
    p95: percentile95(lags),
    longest: lags.at(-1) ?? Number.NaN,
  }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** @param sorted ascending */
export function percentile95(sorted: readonly number[]): number {
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? Number.NaN
}
