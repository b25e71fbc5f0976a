import type { GetInstance } from '../api/instances.ts'
import type { ListJobs } from '../api/job-list.ts'
import type { GetJob } from '../api/jobs.ts'
import type { GetSubTasks } from '../api/sub-tasks.ts'
import type { Connect } from '../database.ts'
import type { Id } from '../id.ts'
import { initialState, type Outcome, type WaitState } from '../judge/judge.ts'
import type { JudgedResponse, ListEntry } from '../response.ts'
import type { UntrustedText } from '../untrusted-text.ts'
import type { WaitFor } from '../wait-for.ts'
import { JobTarget } from './job-target.ts'
import { Judged, type JudgedOptions, type WaitListener } from './judged-target.ts'
import { ListSearch, orderSearch, runningSearch } from './list-search.ts'
import { ListTarget } from './list-target.ts'
import type { PollInterval } from './poll-interval.ts'
import { InternalError, poll, type Clock, type Stop } from './poll-loop.ts'
import { deadlineOf, type PollTarget } from './poll-target.ts'
import { RateLimit } from './rate-limit.ts'
import { Readiness } from './readiness.ts'
import { SubTaskTarget } from './sub-task-target.ts'

/** With fewer jobs, the list saves no request. */
const MIN_LISTED_JOBS = 4
/** With more jobs, requests for sub-tasks would delay those for jobs, and the log does not show them. */
const MAX_JOBS_WITH_SUB_TASKS = 10

export interface WaitPlan extends WaitFor {
  /** Whether the service has a list of jobs. */
  readonly hasList: boolean
  /** Milliseconds. */
  readonly timeout: number
  readonly interval: PollInterval
  /** Whether the first result that is not a success ends the wait for all. */
  readonly failFast: boolean
  readonly successResults: readonly Outcome['result'][]
}

export interface WaitDependencies {
  readonly getJob: GetJob
  readonly listJobs: ListJobs
  readonly getInstance: GetInstance
  readonly connect: Connect
  readonly getSubTasks: GetSubTasks
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

/** A job, an order without a job, or an instance, and how the wait for it ended. */
export interface WaitResult {
  readonly state: WaitState
  /** The instance of a completed job whose readiness the wait included. */
  readonly instance?: WaitState
  readonly outcome: Outcome
}

/** Waits until everything has an outcome. Always resolves. */
export async function wait(plan: WaitPlan, deps: WaitDependencies): Promise<readonly WaitResult[]> {
  const { kind, ids, interval } = plan
  const { clock, wallClock, listJobs, listener } = deps
  const deadline = deadlineOf(plan.timeout)
  const rateLimit = new RateLimit(kind !== 'job' || ids.length > 1, deadline, deps.random)
  const options: JudgedOptions = {
    deadline,
    listener,
    nextPoll: (state, at) => nextPoll(state, at, openTargets().length),
    onFinished,
  }
  const readiness = new Readiness({ ...plan, ...deps, ...options })
  const lists: ListTarget[] = []
  const searches: ListSearch[] = []
  const subTasks: SubTaskTarget[] = []
  /** What gets a result. Jobs replace their order when they are found. */
  let subjects: readonly Judged[] = ids.map((id) => new Judged(initialState(id, kind), options))
  if (kind === 'job') subjects = follow(ids, 0)
  else {
    const search = kind === 'order' ? orderSearch(wallClock(), onJobsFound) : runningSearch(wallClock)
    const isSought = (one: Judged) => isOpen(one) && one.state.kind === kind
    searches.push(new ListSearch(search, () => subjects.filter(isSought), listJobs, options))
  }

  function openTargets(): readonly PollTarget[] {
    const jobs = subjects.filter((subject) => subject instanceof JobTarget)
    const judged = [...jobs, ...readiness.targets].filter(isOpen)
    return [...judged, ...[...searches, ...lists, ...subTasks].filter(isOpen)]
  }

  function finishAll(outcome: Outcome): void {
    for (const judged of [...subjects, ...readiness.targets]) judged.finish(outcome)
  }

  function onFinished({ state, outcome }: Judged, response: JudgedResponse, at: number): void {
    const result = outcome?.result ?? 'error'
    const instance = instanceOf(state)
    const needsInstance = result === 'completed' && plan.until !== 'completed'
    if (needsInstance && instance !== undefined) readiness.follow(instance, at, state)
    if (outcome !== undefined && response.kind === 'rejected' && response.scope === 'all') finishAll(outcome)
    const isSuccess = needsInstance ? instance !== undefined : plan.successResults.includes(result)
    if (plan.failFast && !isSuccess) finishAll({ result: 'interrupted', by: 'fail-fast' })
  }

  /** After a response: its poll interval, or longer if the rate limit is divided among `count` targets. */
  function nextPoll(state: WaitState, at: number, count: number): number {
    // The rate limit alone decides when to try again after a throttled request.
    const isThrottled = state.last?.kind === 'transient' && state.last.throttled !== undefined
    const minInterval = isThrottled ? 0 : rateLimit.interval(at) * count
    // A connection is not a request to the service.
    const notBefore = state.connection === undefined ? rateLimit.notBefore : at
    return Math.max(at + interval(state, at, minInterval), notBefore)
  }

  function onJobsFound(order: Judged, entries: readonly ListEntry[], at: number): void {
    const found = entries.map(({ id }) => id)
    listener.onJobsFound(order.state.id, found)
    const jobs = follow(found, at)
    subjects = subjects.flatMap((subject) => (subject === order ? jobs : [subject]))
  }

  function follow(found: readonly Id[], at: number): readonly Judged[] {
    const isListed = plan.hasList && found.length >= MIN_LISTED_JOBS
    let list: ListTarget | undefined
    const jobOptions: JudgedOptions = isListed
      ? { ...options, nextPoll: (state, moment) => list?.nextJobPoll(state, moment) ?? moment }
      : options
    const jobs = found.map((id) => new JobTarget(id, at, deps.getJob, jobOptions))
    if (subTasks.length + jobs.length <= MAX_JOBS_WITH_SUB_TASKS) {
      subTasks.push(...jobs.map((job) => new SubTaskTarget(job, deps.getSubTasks)))
    }
    if (isListed) {
      list = new ListTarget(jobs, at, wallClock(), { listJobs, deadline, rateLimit, interval, nextPoll })
      lists.push(list)
    }
    return jobs
  }

  const stop = await poll({ targets: openTargets, deadline, rateLimit, clock, signal: deps.signal })
  if (stop === 'timed-out') {
    for (const instance of readiness.targets) instance.finish({ result: 'not-ready', cause: 'timeout' })
  }
  finishAll(outcomeOf(stop, deps))
  return subjects.map(({ state, outcome = outcomeOf(stop, deps) }) => {
    if (outcome.result !== 'completed' || plan.until === 'completed') return { state, outcome }
    const id = instanceOf(state)
    const target = id && readiness.get(id)
    if (target?.outcome === undefined)
      return { state, outcome: { result: 'not-ready', cause: 'no-instance' } }
    // The state of an instance continues in its own target.
    if (kind === 'instance') return { state: target.state, outcome: target.outcome }
    return { state, instance: target.state, outcome: target.outcome }
  })
}

function isOpen({ isOpen }: { readonly isOpen: boolean }): boolean {
  return isOpen
}

function instanceOf({ kind, id, job }: WaitState): Id | undefined {
  return kind === 'instance' ? id : job?.instanceId
}

/** The outcome of targets that are unfinished when polling stops. */
function outcomeOf(stop: Stop, { describe }: WaitDependencies): Outcome {
  if (stop === 'timed-out') return { result: 'timed-out' }
  if (!(stop instanceof InternalError)) return { result: 'interrupted', by: 'signal' }
  const detail = { label: 'internal error', message: [describe(stop.thrown)] }
  return { result: 'error', reason: 'internal', detail }
}
