import type { Id } from '../id.ts'
import { judge, type Outcome, type WaitState } from '../judge/judge.ts'
import type { JudgedResponse } from '../response.ts'
import type { Phrase } from '../untrusted-text.ts'
import { nextPollAt, retryAt, type Deadline, type PollTarget } from './poll-target.ts'

/** Receives what happens during a wait. */
export interface WaitListener {
  /**
   * After each response.
   *
   * @param nextPoll milliseconds since the wait began; undefined when no request follows
   */
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
  /** Called when the wait for something ended by a response at a moment. */
  readonly onFinished: (judged: Judged, response: JudgedResponse, at: number) => void
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

  /** Ends the wait; a later response changes nothing. */
  finish(outcome: Outcome): void {
    this.outcome ??= outcome
  }

  /** Judges a response that ends nothing by itself. */
  update(response: JudgedResponse, at: number): Outcome | undefined {
    const { state, warning, outcome } = judge(this.state, response, at)
    this.state = state
    if (warning !== undefined) this.options.listener.onWarning(warning)
    return outcome
  }

  /** Judges a response, and reports it; `schedule` then returns when the next request is due. */
  accept(response: JudgedResponse, at: number, schedule: () => number): void {
    if (this.outcome !== undefined) return
    this.outcome = this.update(response, at)
    this.report(schedule())
    if (this.outcome !== undefined) this.options.onFinished(this, response, at)
  }

  /** Passes the state on; `next` is when it will be polled next. */
  report(next: number): void {
    const { listener, deadline } = this.options
    const isFinished = this.outcome !== undefined
    listener.onResponse(this.state, isFinished || next >= deadline.timeout ? undefined : next, isFinished)
  }
}

/** A job, an instance, or a database, with requests of its own. */
export class JudgedTarget extends Judged implements PollTarget<JudgedResponse> {
  dueAt: number
  retryAt = -Infinity
  sentAt = -Infinity
  rank: PollTarget['rank'] = 1
  readonly #request: (signal: AbortSignal) => Promise<JudgedResponse>

  /** @param request sends one request; it never rejects */
  constructor(
    state: WaitState,
    dueAt: number,
    request: (signal: AbortSignal) => Promise<JudgedResponse>,
    options: JudgedOptions,
  ) {
    super(state, options)
    this.dueAt = dueAt
    this.#request = request
  }

  send(at: number, signal: AbortSignal): Promise<JudgedResponse> {
    this.sentAt = at
    return this.#request(signal)
  }

  handle(response: JudgedResponse, at: number): void {
    this.accept(response, at, () => {
      this.retryAt = retryAt(response, at)
      this.dueAt = this.options.nextPoll(this.state, at)
      return nextPollAt(this, this.options.deadline)
    })
  }
}
