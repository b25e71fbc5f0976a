import { endOf, type JobPlan } from '../simulator/job.ts'
import { rateLimiter, throttledMessage, usualLimit } from '../simulator/rate-limit.ts'
import { VirtualClock } from '../simulator/virtual-clock.ts'
import { MINUTE, SECOND } from '../src/duration.ts'
import { pacing } from '../src/wait/pace.ts'
import { schedule } from '../src/wait/schedule.ts'
import { mean, percentile95 } from './compare.ts'
import { answerAt, read, waitInVirtualTime } from './drive.ts'
import { seeded } from './random.ts'
import { CURVES, plan } from './workload.ts'

/** How waiters do that each wait for one job, and share one budget. Lags in milliseconds. */
export interface MatrixScore {
  /** Waits that did not end as completed, though each job completed. */
  readonly falseFailures: number
  readonly requests: number
  /** Of all requests, and of those after the first ten minutes: answered 429. */
  readonly refused: number
  readonly refusedLater: number
  readonly lag: number
  readonly p95: number
}

/** So many processes of this action, started together, for jobs of 5 to 20 minutes: means of three matrices. */
export async function matrixOf(waiters: number): Promise<MatrixScore> {
  const scores: MatrixScore[] = []
  for (const seed of SEEDS) scores.push(await oneMatrixOf(waiters, seed))
  const average = (field: keyof MatrixScore) => mean(scores.map((score) => score[field]))
  return {
    falseFailures: average('falseFailures'),
    requests: average('requests'),
    refused: average('refused'),
    refusedLater: average('refusedLater'),
    lag: average('lag'),
    p95: average('p95'),
  }
}

const SEEDS = [1, 2, 3]

async function oneMatrixOf(waiters: number, seed: number): Promise<MatrixScore> {
  const clock = new VirtualClock()
  const limiter = rateLimiter(usualLimit)
  const asked: { readonly at: number; readonly isRefused: boolean }[] = []
  const lags: number[] = []
  let falseFailures = 0
  const waitFor = async (job: JobPlan, index: number) => {
    const random = seeded(10_000 * seed + index)
    const ask = () => {
      const at = clock.now()
      const isRefused = !limiter.admit('user', at)
      asked.push({ at, isRefused })
      return Promise.resolve(isRefused ? THROTTLED : answerAt(job, at))
    }
    const [waited] = await waitInVirtualTime([job.id], {
      clock,
      pause: schedule('auto', random),
      pacing: pacing(random),
      ask,
      timeout: 60 * MINUTE,
    })
    if (waited?.end.result !== 'completed') falseFailures += 1
    lags.push(clock.now() - endOf(job))
  }
  await clock.run(Promise.all(jobs(waiters, seed).map(waitFor)))
  const later = asked.filter(({ at }) => at >= 10 * MINUTE)
  lags.sort((a, b) => a - b)
  return {
    falseFailures,
    requests: asked.length,
    refused: share(asked),
    refusedLater: share(later),
    lag: mean(lags),
    p95: percentile95(lags),
  }
}

/** How one process does that waits for so many of the same jobs. */
export async function oneProcessOf(
  count: number,
): Promise<MatrixScore & { readonly mostInFiveMinutes: number }> {
  const clock = new VirtualClock()
  const limiter = rateLimiter(usualLimit)
  const all = new Map(jobs(count, 1).map((job) => [job.id, job]))
  const asked: { readonly at: number; readonly isRefused: boolean }[] = []
  const lags: number[] = []
  const random = seeded(10_000)
  const ask = (id: string) => {
    const [at, job] = [clock.now(), all.get(id)]
    if (job === undefined) throw new Error(`nobody waits for ${id}`)
    const isRefused = !limiter.admit('user', at)
    asked.push({ at, isRefused })
    if (!isRefused && at >= endOf(job)) lags.push(at - endOf(job))
    return Promise.resolve(isRefused ? THROTTLED : answerAt(job, at))
  }
  const waited = await clock.run(
    waitInVirtualTime([...all.keys()], {
      clock,
      pause: schedule('auto', random),
      pacing: pacing(random),
      ask,
      timeout: 60 * MINUTE,
    }),
  )
  lags.sort((a, b) => a - b)
  const within = ({ at }: { readonly at: number }) =>
    asked.filter((other) => other.at >= at && other.at < at + 5 * MINUTE)
  return {
    falseFailures: waited.filter(({ end }) => end.result !== 'completed').length,
    requests: asked.length,
    refused: share(asked),
    refusedLater: share(asked.filter(({ at }) => at >= 10 * MINUTE)),
    lag: mean(lags),
    p95: percentile95(lags),
    mostInFiveMinutes: Math.max(...asked.map((question) => within(question).length)),
  }
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

const THROTTLED = read(429, { error_code: 'APIGW.0308', error_msg: throttledMessage(usualLimit) }, 'none')

/** Jobs of 5 to 20 minutes. */
function jobs(count: number, seed: number): readonly JobPlan[] {
  const random = seeded(seed)
  const linear = CURVES['linear']
  if (linear === undefined) throw new Error('there is no linear curve')
  return Array.from({ length: count }, (_, index) => plan(linear, (5 + 15 * random()) * MINUTE, index))
}

function share(asked: readonly { readonly isRefused: boolean }[]): number {
  return asked.filter(({ isRefused }) => isRefused).length / Math.max(asked.length, 1)
}
