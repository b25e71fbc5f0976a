import { SECOND } from '../duration.ts'
import type { JobResponse, ListResponse } from '../response.ts'

/** Everything that a request of a wait can return. */
export type PollResponse = JobResponse | ListResponse

/**
 * Something that is polled until it is finished: a job, the job list, an order that has no job yet. The loop knows
 * nothing else of it. Times are milliseconds since the wait began.
 */
export interface PollTarget<Response extends PollResponse = PollResponse> {
  /** When its next request is due; `Infinity` when none is. */
  readonly dueAt: number
  /** The service asked for no request before this moment. */
  readonly retryAt: number
  /** When the request was sent that its latest information comes from. */
  readonly sentAt: number
  /** Requests of a lower rank are sent first. Those of rank 3 are spread, so that they leave requests to the others. */
  readonly rank: 1 | 2 | 3

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
  // Two seconds are enough for a response; of a short wait they would be too large a part.
  return { timeout, finalPollAt: timeout - Math.min(timeout / 10, 2 * SECOND) }
}

/** When a target's next request is due, its final poll included. */
export function nextPollAt({ dueAt, retryAt, sentAt }: PollTarget, { finalPollAt }: Deadline): number {
  return sentAt < finalPollAt ? Math.min(dueAt, Math.max(finalPollAt, retryAt)) : dueAt
}
