import { endOf, type JobPlan } from '../simulator/job.ts'
import { rateLimiter, throttledMessage, usualLimit } from '../simulator/rate-limit.ts'
import { services } from '../simulator/services.ts'
import { openTaskCenter } from '../simulator/task-center.ts'
import { VirtualClock } from '../simulator/virtual-clock.ts'
import type { TimeWindow } from '../src/response.ts'
import { MINUTE, SECOND } from '../src/duration.ts'
import { pollInterval } from '../src/wait/poll-interval.ts'
import { mean, percentile95 } from './compare.ts'
import { responseAt, listAt, read, rejectedList, START, waitInVirtualTime } from './drive.ts'
import { seeded } from './random.ts'
import { CURVES, plan } from './workload.ts'

/** Results of processes that share one rate limit. Lags in milliseconds. */
export interface MatrixScore {
  /** Waits that did not end as completed, although every job completed. */
  readonly falseFailures: number
  readonly requests: number
  readonly mostInFiveMinutes: number
  /** The part of all requests, and of those after the first ten minutes, that was throttled (429). */
  readonly throttled: number
  readonly throttledLater: number
  readonly lag: number
  readonly p95: number
}

/** Processes of this action that start together, each with a job of 5 to 20 minutes: means of three matrices. */
export async function matrixOf(waits: number): Promise<MatrixScore> {
  const scores: MatrixScore[] = []
  for (const seed of SEEDS)
    scores.push(
      await scoreOfProcesses(
        planJobs(waits, seed).map((job) => [job]),
        seed,
      ),
    )
  const average = (field: keyof MatrixScore) => mean(scores.map((score) => score[field]))
  return {
    falseFailures: average('falseFailures'),
    requests: average('requests'),
    mostInFiveMinutes: average('mostInFiveMinutes'),
    throttled: average('throttled'),
    throttledLater: average('throttledLater'),
    lag: average('lag'),
    p95: average('p95'),
  }
}

/** One process that waits for several of the same jobs. */
export function oneProcessOf(count: number, hasList: boolean): Promise<MatrixScore> {
  return scoreOfProcesses([planJobs(count, 1)], 1, hasList)
}

const SEEDS = [1, 2, 3]

/** @param processes the jobs of each process */
async function scoreOfProcesses(
  processes: readonly (readonly JobPlan[])[],
  seed: number,
  hasList = false,
): Promise<MatrixScore> {
  const clock = new VirtualClock()
  const limiter = rateLimiter(usualLimit)
  const plans = new Map(processes.flat().map((job) => [job.id, job]))
  const requests: { readonly at: number; readonly isThrottled: boolean }[] = []
  const lags: number[] = []
  const tasks = openTaskCenter(() => clock.now(), START, services.taurusdb)
  for (const job of plans.values()) tasks.add(job)
  const isAdmitted = () => {
    const at = clock.now()
    const isThrottled = !limiter.admit('user', at)
    requests.push({ at, isThrottled })
    return !isThrottled
  }
  const listJobs = (window: TimeWindow) => {
    return Promise.resolve(isAdmitted() ? listAt(tasks, window) : rejectedList(429, THROTTLED_BODY))
  }
  const getJob = (id: string) => {
    const [at, job] = [clock.now(), plans.get(id)]
    if (job === undefined) throw new Error(`no process waits for ${id}`)
    const isThrottled = !isAdmitted()
    if (!isThrottled && at >= endOf(job)) lags.push(at - endOf(job))
    return Promise.resolve(isThrottled ? THROTTLED : responseAt(job, at))
  }
  const waits = processes.map((jobs, index) => {
    const random = seeded(10_000 * seed + index)
    const ids = jobs.map(({ id }) => id)
    return waitInVirtualTime(ids, {
      clock,
      interval: pollInterval('auto', random),
      random,
      getJob,
      ...(hasList ? { listJobs } : {}),
      timeout: 60 * MINUTE,
    })
  })
  const results = (await clock.run(Promise.all(waits))).flat()
  lags.sort((a, b) => a - b)
  return {
    falseFailures: results.filter(({ outcome }) => outcome.result !== 'completed').length,
    requests: requests.length,
    mostInFiveMinutes: mostWithin(
      requests.map(({ at }) => at),
      5 * MINUTE,
    ),
    throttled: share(requests),
    throttledLater: share(requests.filter(({ at }) => at >= 10 * MINUTE)),
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

/** The lower bound without progress: one central queue, a request every 1.5 s, and no job twice within 2 s. */
export function roundRobinOf(waits: number): { readonly lag: number; readonly p95: number } {
  const runs = SEEDS.map((seed) => roundRobin(waits, seed))
  return { lag: mean(runs.map(({ lag }) => lag)), p95: mean(runs.map(({ p95 }) => p95)) }
}

function roundRobin(waits: number, seed: number): { readonly lag: number; readonly p95: number } {
  const waiting = planJobs(waits, seed).map((job) => ({ end: endOf(job), last: -Infinity }))
  const lags: number[] = []
  let next = 0
  for (let now = 0; waiting.length > 0; now += 1.5 * SECOND) {
    const index = next % waiting.length
    const job = waiting[index]
    if (job === undefined) break
    now = Math.max(now, job.last + 2 * SECOND)
    job.last = now
    next = index + 1
    if (now < job.end) continue
    lags.push(now - job.end)
    waiting.splice(index, 1)
    next = index
  }
  lags.sort((a, b) => a - b)
  return { lag: mean(lags), p95: percentile95(lags) }
}

const THROTTLED_BODY = { error_code: 'APIGW.0308', error_msg: throttledMessage(usualLimit) }
const THROTTLED = read(429, THROTTLED_BODY, 'none')

/** Jobs of 5 to 20 minutes. */
function planJobs(count: number, seed: number): readonly JobPlan[] {
  const random = seeded(seed)
  const linear = CURVES['linear']
  if (linear === undefined) throw new Error('there is no linear curve')
  return Array.from({ length: count }, (_, index) => ({
    ...plan(linear, (5 + 15 * random()) * MINUTE, index),
    // One job was created per second; the list is sorted by this date.
    createdAt: START + (index - count) * SECOND,
  }))
}

function share(requests: readonly { readonly isThrottled: boolean }[]): number {
  return requests.filter(({ isThrottled }) => isThrottled).length / Math.max(requests.length, 1)
}
