import type { GetInstance } from '../api/instances.ts'
import type { ListJobs } from '../api/job-list.ts'
import type { GetJob } from '../api/jobs.ts'
import type { GetSubTasks } from '../api/sub-tasks.ts'
import type { Connect } from '../database.ts'
import { SECOND } from '../duration.ts'
import { keyOf, type Id } from '../id.ts'
import { initialState, type Outcome, type WaitState } from '../judge/judge.ts'
import { total } from '../judge/tally.ts'
import type { UntrustedText } from '../untrusted-text.ts'
import type { WaitFor } from '../wait-for.ts'
import { listSearch, orderSearch, runningSearch } from './list-search.ts'
import { ListTarget } from './list-target.ts'
import type { PollInterval } from './poll-interval.ts'
import { InternalError, poll, type Clock, type Stop } from './poll-loop.ts'
import { deadlineOf, Judged, JudgedTarget } from './poll-target.ts'
import type { JudgedOptions, PollTarget, WaitListener } from './poll-target.ts'
import { RateLimit } from './rate-limit.ts'
import { subTaskTarget } from './sub-task-target.ts'

/** With fewer jobs, the list saves no request. */
const MIN_LISTED_JOBS = 4
/** Jobs that share an instance complete together within this time. */
const COMPLETED_WITHIN = 10 * SECOND
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
  const { kind, ids, until, interval } = plan
  const { wallClock, listJobs, listener } = deps
  const deadline = deadlineOf(plan.timeout)
  const rateLimit = new RateLimit(kind !== 'job' || ids.length > 1, deadline, deps.random)
  const options: JudgedOptions = { deadline, listener, nextPoll, onFinished }
  const lists: PollTarget[] = []
  const subTasks: PollTarget[] = []
  /** Jobs that no list covers yet. */
  let unlisted: readonly JudgedTarget[] = []
  /** By the keys of their IDs: instances, and their databases, which replace them. Several jobs can share one. */
  const instances = new Map<string, JudgedTarget>()
  /** What gets a result. Jobs replace their order when they are found. */
  let subjects: readonly Judged[] = ids.map((id) => new Judged(initialState(id, kind), options))
  if (kind === 'job') subjects = follow(ids, 0)
  else {
    const search = kind === 'order' ? orderSearch(wallClock, onJobsFound) : runningSearch(wallClock)
    const sought = () => subjects.filter(({ isOpen, state }) => isOpen && state.kind === kind)
    lists.push(listSearch(search, sought, listJobs, deadline))
  }

  function openTargets(): readonly PollTarget[] {
    const jobs = subjects.filter((subject) => subject instanceof JudgedTarget)
    return [...jobs, ...instances.values(), ...lists, ...subTasks].filter(({ isOpen }) => isOpen)
  }

  function finishAll(outcome: Outcome): void {
    for (const judged of [...subjects, ...instances.values()]) judged.finish(outcome)
  }

  function onFinished({ state }: Judged, outcome: Outcome, at: number): void {
    const { last } = state
    if (last?.kind === 'rejected' && last.scope === 'all') finishAll(outcome)
    const needsInstance = outcome.result === 'completed' && until !== 'completed'
    const isSuccess = needsInstance ? followInstance(state, at) : plan.successResults.includes(outcome.result)
    if (plan.failFast && !isSuccess) finishAll({ result: 'interrupted', by: 'fail-fast' })
  }

  /** Polls the instance of something that completed until it is available, and its database after that. */
  function followInstance(before: WaitState, at: number): boolean {
    const id = instanceOf(before)
    if (id === undefined) return false
    if (before.instance !== undefined) {
      if (until === 'connectable' && before.connection === undefined) connect(before, at)
      return true
    }
    const shared = instances.get(keyOf(id))
    // It stays not ready.
    if (shared?.outcome !== undefined && shared.outcome.result !== 'completed') return true
    // Jobs that complete together need no request each.
    const isNew =
      shared !== undefined && total(shared.state.tally) <= 1 && at - shared.sentAt < COMPLETED_WITHIN
    if (isNew && shared.isOpen) return true
    // Neither what was seen before this job completed nor a response to an earlier request counts.
    shared?.finish({ result: 'completed' })
    const known = shared?.state ?? (before.kind === 'instance' ? before : initialState(id, 'instance'))
    const state = { ...known, activeSince: undefined, connection: undefined }
    instances.set(keyOf(id), new JudgedTarget(state, at, (signal) => deps.getInstance(id, signal), options))
    return true
  }

  /** Connects to the database of an available instance until it accepts a connection. */
  function connect(state: WaitState, at: number): void {
    const address = plan.connectTo ?? state.instance?.address
    const database = new JudgedTarget(state, at, deps.connect(address ?? { host: '', port: 0 }), options)
    database.rank = 4
    instances.set(keyOf(state.id), database)
    if (address !== undefined) return
    const outcome = { result: 'not-ready', cause: 'no-address' } as const
    database.finish(outcome)
    onFinished(database, outcome, at)
  }

  /** After a response: its poll interval, or longer if the rate limit is divided among `count` targets. */
  function nextPoll(state: WaitState, at: number, count = openTargets().length): number {
    // The rate limit alone decides when to try again after a throttled request.
    const isThrottled = state.last?.kind === 'transient' && state.last.throttled !== undefined
    const minInterval = isThrottled ? 0 : rateLimit.interval(at) * count
    // A connection is not a request to the service.
    const notBefore = state.connection === undefined ? rateLimit.notBefore : at
    return Math.max(at + interval(state, at, minInterval), notBefore)
  }

  /** Replaces orders by their jobs. */
  function onJobsFound(found: ReadonlyMap<Judged, readonly Id[]>, at: number): void {
    for (const [order, ids] of found) listener.onJobsFound(order.state.id, ids)
    const jobs = [...follow([...found.values()].flat(), at)]
    subjects = subjects.flatMap((subject) => {
      const ids = found.get(subject)
      return ids === undefined ? [subject] : jobs.splice(0, ids.length)
    })
  }

  function follow(found: readonly Id[], at: number): readonly Judged[] {
    const jobs = found.map(
      (id) => new JudgedTarget(initialState(id), at, (signal) => deps.getJob(id, signal), options),
    )
    if (subTasks.length + jobs.length <= MAX_JOBS_WITH_SUB_TASKS) {
      subTasks.push(...jobs.map((job) => subTaskTarget(job, deps.getSubTasks)))
    }
    unlisted = [...unlisted, ...jobs].filter(({ isOpen }) => isOpen)
    if (plan.hasList && unlisted.length >= MIN_LISTED_JOBS) {
      const listOptions = { listJobs, deadline, rateLimit, interval, nextPoll }
      lists.push(new ListTarget(unlisted, at, wallClock(), listOptions))
      unlisted = []
    }
    return jobs
  }

  const stop = await poll(openTargets, deadline, rateLimit, deps)
  if (stop === 'timed-out') {
    for (const instance of instances.values()) instance.finish({ result: 'not-ready', cause: 'timeout' })
  }
  const unfinished = outcomeOf(stop, deps)
  finishAll(unfinished)
  return subjects.map(({ state, outcome = unfinished }) => {
    if (outcome.result !== 'completed' || until === 'completed') return { state, outcome }
    const id = instanceOf(state)
    const instance = id && instances.get(keyOf(id))
    if (instance?.outcome === undefined)
      return { state, outcome: { result: 'not-ready', cause: 'no-instance' } }
    // The state of an instance continues in its own target.
    if (kind === 'instance') return { state: instance.state, outcome: instance.outcome }
    return { state, instance: instance.state, outcome: instance.outcome }
  })
}

function instanceOf({ kind, id, job }: WaitState): Id | undefined {
  return kind === 'instance' ? id : job?.instanceId
}

/** The outcome of targets that are unfinished when polling stops. */
function outcomeOf(stop: Stop, { describe }: WaitDependencies): Outcome {
  if (stop === 'timed-out') return { result: 'timed-out' }
  if (!(stop instanceof InternalError)) return { result: 'interrupted', by: 'signal' }
  const detail = { label: 'internal error', message: [describe(stop.cause)] }
  return { result: 'error', reason: 'internal', detail }
}
