import { endOf, type JobPlan } from '../simulator/job.ts'
import { rateLimiter, throttledMessage, usualLimit } from '../simulator/rate-limit.ts'
import { services } from '../simulator/services.ts'
import { openTaskCenter } from '../simulator/task-center.ts'
import { VirtualClock } from '../simulator/virtual-clock.ts'
import type { TimeWindow } from '../src/response.ts'
import { MINUTE, SECOND } from '../src/duration.ts'
import { pacing } from '../src/wait/pace.ts'
import { schedule } from '../src/wait/schedule.ts'
import { mean, percentile95 } from './compare.ts'
import { answerAt, listAt, read, refusedList, START, waitInVirtualTime } from './drive.ts'
import { seeded } from './random.ts'
import { CURVES, plan } from './workload.ts'

/** How processes do that share one budget. Lags in milliseconds. */
export interface MatrixScore {
  /** Waits that did not end as completed, though each job completed. */
  readonly falseFailures: number
  readonly requests: number
  readonly mostInFiveMinutes: number
  /** Of all requests, and of those after the first ten minutes: answered 429. */
  readonly refused: number
  readonly refusedLater: number
  readonly lag: number
  readonly p95: number
}

/** So many processes of this action, started together, a job of 5 to 20 minutes each: means of three matrices. */
export async function matrixOf(waiters: number): Promise<MatrixScore> {
  const scores: MatrixScore[] = []
  for (const seed of SEEDS)
    scores.push(
      await scoreOfProcesses(
        jobs(waiters, seed).map((job) => [job]),
        seed,
      ),
    )
  const average = (field: keyof MatrixScore) => mean(scores.map((score) => score[field]))
  return {
    falseFailures: average('falseFailures'),
    requests: average('requests'),
    mostInFiveMinutes: average('mostInFiveMinutes'),
    refused: average('refused'),
    refusedLater: average('refusedLater'),
    lag: average('lag'),
    p95: average('p95'),
  }
}

/** One process that waits for so many of the same jobs. */
export function oneProcessOf(count: number, hasList: boolean): Promise<MatrixScore> {
  return scoreOfProcesses([jobs(count, 1)], 1, hasList)
}

const SEEDS = [1, 2, 3]

/** Processes, with their jobs each. */
async function scoreOfProcesses(
  processes: readonly (readonly JobPlan[])[],
  seed: number,
  hasList = false,
): Promise<MatrixScore> {
  const clock = new VirtualClock()
  const limiter = rateLimiter(usualLimit)
  const plans = new Map(processes.flat().map((job) => [job.id, job]))
  const asked: { readonly at: number; readonly isRefused: boolean }[] = []
  const lags: number[] = []
  const tasks = openTaskCenter(() => clock.now(), START, services.taurusdb)
  for (const job of plans.values()) tasks.add(job)
  const isAdmitted = () => {
    const at = clock.now()
    const isRefused = !limiter.admit('user', at)
    asked.push({ at, isRefused })
    return !isRefused
  }
  const askList = (window: TimeWindow) => {
    return Promise.resolve(isAdmitted() ? listAt(tasks, window) : refusedList(429, THROTTLED_BODY))
  }
  const ask = (id: string) => {
    const [at, job] = [clock.now(), plans.get(id)]
    if (job === undefined) throw new Error(`nobody waits for ${id}`)
    const isRefused = !isAdmitted()
    if (!isRefused && at >= endOf(job)) lags.push(at - endOf(job))
    return Promise.resolve(isRefused ? THROTTLED : answerAt(job, at))
  }
  const waiting = processes.map((its, index) => {
    const random = seeded(10_000 * seed + index)
    const ids = its.map(({ id }) => id)
    const pause = schedule('auto', random)
    return waitInVirtualTime(ids, {
      clock,
      pause,
      pacing: pacing(random),
      ask,
      ...(hasList ? { askList } : {}),
      timeout: 60 * MINUTE,
    })
  })
  const waited = (await clock.run(Promise.all(waiting))).flat()
  lags.sort((a, b) => a - b)
  return {
    falseFailures: waited.filter(({ outcome }) => outcome.result !== 'completed').length,
    requests: asked.length,
    mostInFiveMinutes: mostWithin(
      asked.map(({ at }) => at),
      5 * MINUTE,
    ),
    refused: share(asked),
    refusedLater: share(asked.filter(({ at }) => at >= 10 * MINUTE)),
    lag: mean(lags),
    p95: percentile95(lags),
  }
}

/** @param times ascending */
function mostWithin(times: readonly number[], period: number): number {
  let [first, most] = [0, 0]
  for (const [index, time] of times.entries()) {
    while ((times[first] ?? 0) <= time - period) first++
    most = Math.max(most, index - first + 1)
  }
  return most
}

/** The best that the budget allows to who sees no progress: one round robin, a request each 1.5 s, no job twice within 2 s. */
export function budgetsBest(waiters: number): { readonly lag: number; readonly p95: number } {
  const bests = SEEDS.map((seed) => bestOf(waiters, seed))
  return { lag: mean(bests.map(({ lag }) => lag)), p95: mean(bests.map(({ p95 }) => p95)) }
}

function bestOf(waiters: number, seed: number): { readonly lag: number; readonly p95: number } {
  const waiting = jobs(waiters, seed).map((job) => ({ end: endOf(job), last: -Infinity }))
  const lags: number[] = []
  let turn = 0
  for (let now = 0; waiting.length > 0; now += 1.5 * SECOND) {
    const place = turn % waiting.length
    const job = waiting[place]
    if (job === undefined) break
    now = Math.max(now, job.last + 2 * SECOND)
    job.last = now
    turn = place + 1
    if (now < job.end) continue
    lags.push(now - job.end)
    waiting.splice(place, 1)
    turn = place
  }
  lags.sort((a, b) => a - b)
  return { lag: mean(lags), p95: percentile95(lags) }
}

const THROTTLED_BODY = { error_code: 'APIGW.0308', error_msg: throttledMessage(usualLimit) }
const THROTTLED = read(429, THROTTLED_BODY, 'none')

/** Jobs of 5 to 20 minutes. */
function jobs(count: number, seed: number): readonly JobPlan[] {
  const random = seeded(seed)
  const linear = CURVES['linear']
  if (linear === undefined) throw new Error('there is no linear curve')
  return Array.from({ length: count }, (_, index) => ({
    ...plan(linear, (5 + 15 * random()) * MINUTE, index),
    // For the list, which shows them by it: one create call a second.
    createdAt: START + (index - count) * SECOND,
  }))
}

function share(asked: readonly { readonly isRefused: boolean }[]): number {
  return asked.filter(({ isRefused }) => isRefused).length / Math.max(asked.length, 1)
}
