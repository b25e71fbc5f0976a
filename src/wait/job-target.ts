import type { GetJob } from '../api/jobs.ts'
import type { Job, JobId } from '../api/job.ts'
import type { JobResponse } from '../response.ts'
import type { Phrase } from '../untrusted-text.ts'
import { initialState, judge, type JobState, type Outcome } from '../judge/judge.ts'
import { nextPollAt, type Deadline, type PollResponse, type PollTarget } from './poll-target.ts'

/** Receives what happens during a wait. */
export interface WaitListener {
  /**
   * After each response.
   *
   * @param nextPoll milliseconds since the wait began; undefined when no request follows
   */
  onResponse(state: JobState, nextPoll: number | undefined, isFinished: boolean): void
  onWarning(warning: Phrase): void
  /** The jobs of the order were found. */
  onJobsFound(jobs: readonly JobId[]): void
}

export interface JudgedOptions {
  readonly deadline: Deadline
  readonly listener: WaitListener
  /** When to poll next, after a response at a moment. */
  readonly nextPoll: (state: JobState, at: number) => number
  /** Called when the wait for this target ended by its own response. */
  readonly onFinished: (outcome: Outcome, response: JobResponse) => void
}

/** A target whose responses are judged until they end the wait for it. */
export abstract class JudgedTarget<Response extends PollResponse> implements PollTarget<Response> {
  state: JobState
  outcome: Outcome | undefined
  dueAt: number
  retryAt = -Infinity
  sentAt = -Infinity
  rank: 1 | 2 | 3 = 1
  protected readonly options: JudgedOptions

  constructor(state: JobState, dueAt: number, options: JudgedOptions) {
    this.state = state
    this.dueAt = dueAt
    this.options = options
  }

  abstract send(at: number, signal: AbortSignal): Promise<Response>
  abstract handle(response: Response, at: number): void

  /** Ends the wait for this target; a later response changes nothing. */
  finish(outcome: Outcome): void {
    this.outcome ??= outcome
  }

  /** Judges a response, then schedules the next request. */
  protected judge(response: JobResponse, at: number): void {
    if (this.outcome !== undefined) return
    this.outcome = this.update(response, at)
    this.retryAt = response.kind === 'transient' ? at + (response.retryAfter ?? 0) : at
    this.dueAt = this.options.nextPoll(this.state, at)
    this.report(nextPollAt(this, this.options.deadline))
    if (this.outcome !== undefined) this.options.onFinished(this.outcome, response)
  }

  protected update(response: JobResponse, at: number): Outcome | undefined {
    const { state, warning, outcome } = judge(this.state, response, at)
    this.state = state
    if (warning !== undefined) this.options.listener.onWarning(warning)
    return outcome
  }

  /** Passes the state on; `next` is when it will be polled next. */
  report(next: number): void {
    const { listener, deadline } = this.options
    const isFinished = this.outcome !== undefined
    listener.onResponse(this.state, isFinished || next >= deadline.timeout ? undefined : next, isFinished)
  }
}

/** One job, polled by its ID until it is terminal. */
export class JobTarget extends JudgedTarget<JobResponse> {
  readonly #getJob: GetJob

  constructor(id: JobId, dueAt: number, getJob: GetJob, options: JudgedOptions) {
    super(initialState(id), dueAt, options)
    this.#getJob = getJob
  }

  send(at: number, signal: AbortSignal): Promise<JobResponse> {
    this.sentAt = at
    return this.#getJob(this.state.id, signal)
  }

  handle(response: JobResponse, at: number): void {
    this.judge(response, at)
  }

  /** Takes over status and progress from the job list, which never end the wait. */
  updateFromList(job: Job, at: number): void {
    this.update({ kind: 'job', job, isFromList: true }, at)
  }
}
