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
    const { state, warning, outcome } = judge(this.state, response, at)
    this.state = state
    this.outcome = outcome
    this.retryAt = response.kind === 'transient' ? at + (response.retryAfter ?? 0) : at
    this.dueAt = this.options.nextPoll(state, at)
    this.report(nextPollAt(this, this.options.deadline), warning)
    if (outcome !== undefined) this.options.onFinished(outcome, response)
  }

  /** Passes the state on; `next` is when it will be polled next. */
  report(next: number, warning: Phrase | undefined): void {
    const { listener, deadline } = this.options
    const isFinished = this.outcome !== undefined
    listener.onResponse(this.state, isFinished || next >= deadline.timeout ? undefined : next, isFinished)
    if (warning !== undefined) listener.onWarning(warning)
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

  /** Takes over status and progress that somebody else saw; they never end the wait. Returns a warning. */
  hint(job: Job, at: number): Phrase | undefined {
    const { state, warning } = judge(this.state, { kind: 'job', job, isFromList: true }, at)
    this.state = state
    return warning
  }
}
