import type { Job, JobId } from './api/job.ts'
import type { Fault, FaultDetail } from './http/fault.ts'
import type { UntrustedText } from './untrusted-text.ts'

/** All that asking about a job can come to, a row each of the contract's table; wait/judge.ts says what each means. */
export type JobResponse =
  /** The job that was asked for, be it that only the list tells of it. */
  | { readonly kind: 'job'; readonly job: Job; readonly isFromList?: true }
  /** A job, but not the one that was asked for. */
  | { readonly kind: 'other-job'; readonly id: UntrustedText }
  /** The service knows no such job; just after its creation that means: not yet. */
  | { readonly kind: 'not-found-yet'; readonly detail: FaultDetail }
  | Fault

/** All that asking for the task center's list can come to. */
export type ListResponse = JobList | Fault

export interface JobList {
  readonly kind: 'list'
  /** In the order of the list, each id once. */
  readonly entries: readonly ListEntry[]
  /** Whether it has all jobs of its window. */
  readonly isWhole: boolean
}

export interface ListEntry {
  readonly id: JobId
  readonly orderId: string | undefined
  /** Milliseconds since the epoch; NaN when that was not told. */
  readonly created: number
  /** Never with entities. */
  readonly job: Job
}

/** Jobs created between two moments, both included: milliseconds since the epoch. */
export interface TimeWindow {
  readonly since: number
  readonly until: number
}
