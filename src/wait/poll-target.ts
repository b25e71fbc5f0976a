import { SECOND } from '../duration.ts'
import type { JudgedResponse, ListResponse, SubTasksResponse } from '../response.ts'

/** Everything that a request of a wait can return. */
export type PollResponse = JudgedResponse | ListResponse | SubTasksResponse

/**
 * Something that is polled until it is finished: a job, the job list, an order that has no job yet, an instance, its
 * database. The loop knows nothing else of it. Times are milliseconds since the wait began.
 */
export interface PollTarget<Response extends PollResponse = PollResponse> {
  /** When its next request is due; `Infinity` when none is. */
  readonly dueAt: number
  /** The earliest moment that the service's `Retry-After` allows. */
  readonly retryAt: number
  /** When the latest request was sent that covers this target. */
  readonly sentAt: number
  /**
   * Lower ranks go first: 1 for an order, a job, or an instance, 2 for the job list, 3 for sub-tasks and a job that the list covers,
   * and 4 for a database. 3 is spread; 4 sends nothing to the service, so no rate limit applies.
   */
  readonly rank: 1 | 2 | 3 | 4

  /** Sends one request; always resolves. */
  send(at: number, signal: AbortSignal): Promise<Response>
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

/** The earliest moment for the next request after a response. */
export function retryAt(response: PollResponse, at: number): number {
  return response.kind === 'transient' ? at + (response.retryAfter ?? 0) : at
}

/** When a target's next request is due, its final poll included. */
export function nextPollAt({ dueAt, retryAt, sentAt }: PollTarget, { finalPollAt }: Deadline): number {
  return sentAt < finalPollAt ? Math.min(dueAt, Math.max(finalPollAt, retryAt)) : dueAt
}
