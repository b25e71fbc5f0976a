import type { Job, JobId } from './api/job.ts'
import type { Fault, FaultDetail } from './http/fault.ts'
import type { UntrustedText } from './untrusted-text.ts'

/** Every possible result of requesting a job; judge/judge.ts decides what each one means. */
export type JobResponse =
  /** The requested job, from its own response or from the job list. */
  | { readonly kind: 'job'; readonly job: Job; readonly isFromList?: true }
  | { readonly kind: 'other-job'; readonly id: UntrustedText }
  /** The service knows no such job, which is normal for a few seconds after its creation. */
  | { readonly kind: 'not-found-yet'; readonly detail: FaultDetail }
  | Fault

/** Every possible result of requesting the job list. */
export type ListResponse = JobList | Fault

export interface JobList {
  readonly kind: 'list'
  /** In the order of the response, each ID once. */
  readonly entries: readonly ListEntry[]
  /** Whether the list contains all jobs of its time window. */
  readonly isWhole: boolean
}

export interface ListEntry {
  readonly id: JobId
  readonly orderId: string | undefined
  /** Milliseconds since the epoch; NaN if missing. */
  readonly created: number
  /** The list never contains `entities`. */
  readonly job: Job
}

/** Bounds for the creation time of jobs, both inclusive, in milliseconds since the epoch. */
export interface TimeWindow {
  readonly since: number
  readonly until: number
}
