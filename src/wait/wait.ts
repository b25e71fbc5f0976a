import type { ListJobs } from '../api/job-list.ts'
import type { GetJob } from '../api/jobs.ts'
import type { JobId } from '../api/job.ts'
import type { UntrustedText } from '../untrusted-text.ts'
import { JobTarget, type JudgedOptions, type WaitListener } from './job-target.ts'
import type { JobState, Outcome } from '../judge/judge.ts'
import { ListTarget } from './list-target.ts'
import { OrderTarget } from './order-target.ts'
import { InternalError, poll, type Clock, type Stop } from './poll-loop.ts'
import { deadlineOf, type PollTarget } from './poll-target.ts'
import { RateLimit } from './rate-limit.ts'
import type { PollInterval } from './poll-interval.ts'

/** With fewer jobs, the list saves no request. */
const MIN_LISTED_JOBS = 4

export interface WaitPlan {
  /** Distinct jobs, in the order given; or the order whose jobs are searched for. */
  readonly jobs: readonly JobId[] | { readonly order: JobId }
  /** Whether the service has a list of jobs. */
  readonly hasList: boolean
  /** Milliseconds. */
  readonly timeout: number
  readonly interval: PollInterval
  /** Whether the first job that does not complete ends the wait for all. */
  readonly failFast: boolean
}

export interface WaitDependencies {
  readonly getJob: GetJob
  readonly listJobs: ListJobs
  readonly clock: Clock
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number
  /** Uniform in 0 to 1. */
  readonly random: () => number
  /** Aborts when the process has to end; with an {@link InternalError} as its reason when something is broken. */
  readonly signal: AbortSignal
  readonly listener: WaitListener
  /** Makes a thrown error presentable. */
  readonly describe: (error: unknown) => UntrustedText
}

/** A job, or an order without a job, and how the wait for it ended. */
export interface WaitResult {
  readonly state: JobState
  readonly outcome: Outcome
}

/** Waits until every job has an outcome. Always resolves. */
export async function wait(plan: WaitPlan, deps: WaitDependencies): Promise<readonly WaitResult[]> {
  const { clock, listener, signal } = deps
  const deadline = deadlineOf(plan.timeout)
  const hasManyJobs = 'order' in plan.jobs || plan.jobs.length > 1
  const rateLimit = new RateLimit(hasManyJobs, deadline, deps.random)
  let order: OrderTarget | undefined
  let jobs: readonly JobTarget[] = []
  let list: ListTarget | undefined

  /** The targets that get an outcome: the jobs, or the order until its jobs are found. */
  const judged = () => (jobs.length > 0 || order === undefined ? jobs : [order])
  const openTargets = (): readonly PollTarget[] => {
    const open = judged().filter(({ outcome }) => outcome === undefined)
    return list === undefined || open.length === 0 ? open : [...open, list]
  }
  const finishAll = (outcome: Outcome) => {
    for (const target of judged()) target.finish(outcome)
  }
  const options: JudgedOptions = {
    deadline,
    listener,
    nextPoll: (state, at) => nextPoll(state, at, openTargets().length),
    onFinished: (outcome, response) => {
      if (outcome.result === 'completed') return
      if (response.kind === 'rejected' && response.scope === 'all') finishAll(outcome)
      if (plan.failFast) finishAll({ result: 'interrupted', by: 'fail-fast' })
    },
  }

  /** After a job's response: its poll interval, or longer if the rate limit is divided among `count` targets. */
  function nextPoll(state: JobState, at: number, count: number): number {
    // The rate limit alone decides when to try again after a throttled request.
    const isThrottled = state.last?.kind === 'transient' && state.last.throttled !== undefined
    const minInterval = isThrottled ? 0 : rateLimit.interval(at) * count
    return Math.max(at + plan.interval(state, at, minInterval), rateLimit.notBefore)
  }

  function follow(ids: readonly JobId[], at: number): void {
    const { listJobs, getJob } = deps
    const isListed = plan.hasList && ids.length >= MIN_LISTED_JOBS
    const jobOptions: JudgedOptions = isListed
      ? { ...options, nextPoll: (state, moment) => list?.nextJobPoll(state, moment) ?? moment }
      : options
    jobs = ids.map((id) => new JobTarget(id, at, getJob, jobOptions))
    const { interval } = plan
    if (isListed)
      list = new ListTarget(jobs, at, deps.wallClock(), { listJobs, deadline, rateLimit, interval, nextPoll })
  }

  if ('order' in plan.jobs) {
    const onFound = (ids: readonly JobId[], at: number) => {
      listener.onJobsFound(ids)
      follow(ids, at)
    }
    order = new OrderTarget(plan.jobs.order, deps.wallClock(), deps.listJobs, onFound, options)
  } else follow(plan.jobs, 0)

  const stop = await poll({ targets: openTargets, deadline, rateLimit, clock, signal })
  finishAll(outcomeOf(stop, deps))
  return judged().map(({ state, outcome = outcomeOf(stop, deps) }) => ({ state, outcome }))
}

/** The outcome of targets that are unfinished when polling stops. */
function outcomeOf(stop: Stop, { describe }: WaitDependencies): Outcome {
  if (stop === 'timed-out') return { result: 'timed-out' }
  if (!(stop instanceof InternalError)) return { result: 'interrupted', by: 'signal' }
  const detail = { label: 'internal error', message: [describe(stop.thrown)] }
  return { result: 'error', reason: 'internal', detail }
}
