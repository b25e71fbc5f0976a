import { SECOND } from '../duration.ts'
import type { Id } from '../id.ts'
import { judge, type Outcome, type WaitState } from '../judge/judge.ts'
import type { JudgedResponse, ListResponse, SubTask, SubTasksResponse } from '../response.ts'
import type { Phrase } from '../untrusted-text.ts'

/** Everything that a request of a wait can return. */
export type PollResponse = JudgedResponse | ListResponse | SubTasksResponse

/**
 * Something that is polled until it is finished: a job, the job list, an order that has no job yet, an instance, its
 * database. The loop knows nothing else of it. Times are milliseconds since the wait began.
 */
export interface PollTarget<Response extends PollResponse = PollResponse> {
  readonly isOpen: boolean
  /** When its next request is due; `Infinity` when none is. */
  readonly dueAt: number
  /** The earliest moment that the service's `Retry-After` allows; the loop sets it. */
  retryAt: number
  /** When the latest request was sent that covers this target; the loop sets it. `Infinity` if it needs no final poll. */
  sentAt: number
  /**
   * Lower ranks go first: 1 for an order, a job, or an instance, 2 for the job list, 3 for sub-tasks and a job that the list covers,
   * and 4 for a database. 3 is spread; 4 sends nothing to the service, so no rate limit applies.
   */
  readonly rank: 1 | 2 | 3 | 4

  /** Sends one request; always resolves. */
  send(signal: AbortSignal, at: number): Promise<Response>
  /** Updates the target with a response received at a moment. */
  handle(response: Response, at: number): void
}

/** When a wait has to end. Milliseconds since it began. */
export interface Deadline {
  /** Every target is polled once more from here on, so that a job that finished meanwhile is still seen. */
  readonly finalPollAt: number
  readonly timeout: number
}

export function deadlineOf(timeout: number): Deadline {
  // Two seconds are enough for a response; in a short wait, they would take up too much of the time.
  return { timeout, finalPollAt: timeout - Math.min(timeout / 10, 2 * SECOND) }
}

/** When a target's next request is due, its final poll included. */
export function nextPollAt({ dueAt, retryAt, sentAt }: PollTarget, { finalPollAt }: Deadline): number {
  return sentAt < finalPollAt ? Math.min(dueAt, Math.max(finalPollAt, retryAt)) : dueAt
}

/** Receives what happens during a wait. */
export interface WaitListener {
  /** After each response; `nextPoll` in milliseconds since the wait began, undefined when no request follows. */
  onResponse(state: WaitState, nextPoll: number | undefined, isFinished: boolean): void
  onWarning(warning: Phrase): void
  /** The jobs of an order were found. */
  onJobsFound(order: Id, jobs: readonly Id[]): void
}

export interface JudgedOptions {
  readonly deadline: Deadline
  readonly listener: WaitListener
  /** When to poll next, after a response at a moment. */
  readonly nextPoll: (state: WaitState, at: number) => number
  /** Called when a response at a moment ended the wait for something. */
  readonly onFinished: (judged: Judged, outcome: Outcome, at: number) => void
}

/** Something that the wait ends for: its responses are judged until it has an outcome. */
export class Judged {
  state: WaitState
  outcome: Outcome | undefined
  protected readonly options: JudgedOptions

  constructor(state: WaitState, options: JudgedOptions) {
    this.state = state
    this.options = options
  }

  get isOpen(): boolean {
    return this.outcome === undefined
  }

  /** The job list replaces it for the jobs that it covers. */
  nextPoll = (at: number): number => this.options.nextPoll(this.state, at)

  /** Ends the wait; a later response changes nothing. */
  finish(outcome: Outcome): void {
    this.outcome ??= outcome
  }

  /** Judges a response that ends nothing by itself. */
  update(response: JudgedResponse, at: number, sentAt = at): Outcome | undefined {
    const { state, warning, outcome } = judge(this.state, response, at, sentAt)
    this.state = state
    if (warning !== undefined) this.options.listener.onWarning(warning)
    return outcome
  }

  /** Judges a response, and reports it; `schedule` then returns when the next request is due. */
  accept(response: JudgedResponse, at: number, sentAt: number, schedule: () => number): void {
    if (this.outcome !== undefined) return
    this.outcome = this.update(response, at, sentAt)
    this.report(schedule())
    if (this.outcome !== undefined) this.options.onFinished(this, this.outcome, at)
  }

  /** Passes the state on; `next` is when it will be polled next. */
  report(next: number): void {
    const { listener, deadline } = this.options
    const hasNext = this.isOpen && next < deadline.timeout
    listener.onResponse(this.state, hasNext ? next : undefined, !this.isOpen)
  }
}

/** A job, an instance, or a database, with requests of its own. */
export class JudgedTarget extends Judged implements PollTarget<JudgedResponse> {
  rank: PollTarget['rank'] = 1
  dueAt: number
  retryAt = -Infinity
  sentAt = -Infinity
  readonly send: (signal: AbortSignal) => Promise<JudgedResponse>

  /** @param send sends one request; it never rejects */
  constructor(state: WaitState, dueAt: number, send: JudgedTarget['send'], options: JudgedOptions) {
    super(state, options)
    this.dueAt = dueAt
    this.send = send
  }

  handle(response: JudgedResponse, at: number): void {
    this.accept(response, at, this.sentAt, () => {
      this.dueAt = this.nextPoll(at)
      return nextPollAt(this, this.options.deadline)
    })
  }

  updateSubTasks(list: readonly SubTask[], at: number): void {
    this.state = { ...this.state, subTasks: { list, at } }
    this.report(nextPollAt(this, this.options.deadline))
  }
}
