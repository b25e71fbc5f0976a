import type { Instance } from './api/instance.ts'
import type { Job } from './api/job.ts'
import type { Fault, FaultDetail } from './http/fault.ts'
import type { Id } from './id.ts'
import type { UntrustedText } from './untrusted-text.ts'

/** Everything that a request to the service can return. */
export type ApiResponse = JobResponse | ListResponse | InstanceResponse | SubTasksResponse

/** Everything that judge/judge.ts decides the meaning of. */
export type JudgedResponse = JobResponse | InstanceResponse | ConnectionResponse

/** Every possible result of requesting a job. */
export type JobResponse =
  /** The requested job, from its own response or from the job list. */
  { readonly kind: 'job'; readonly job: Job; readonly isFromList?: true } | NotFoundYet | Fault

/** The service knows no such job or instance, which is normal for a few seconds after its creation. */
export interface NotFoundYet {
  readonly kind: 'not-found-yet'
  readonly detail: FaultDetail
}

/** Every possible result of requesting an instance, or the jobs that run on it. */
export type InstanceResponse =
  | { readonly kind: 'instance'; readonly instance: Instance }
  /** A job still runs on the instance, or none. */
  | { readonly kind: 'busy'; readonly id: Id; readonly job: Job }
  | { readonly kind: 'idle' }
  | NotFoundYet
  | Fault

/** Every possible result of requesting the sub-tasks of a job. They are a hint, never a verdict. */
export type SubTasksResponse = { readonly kind: 'sub-tasks'; readonly subTasks: readonly SubTask[] } | Fault

export interface SubTask {
  readonly name: UntrustedText
  readonly status: UntrustedText
  /** An integer from 0 to 100. */
  readonly progress: number | undefined
  /** Milliseconds that it will still take, as the service estimates. */
  readonly remaining: number | undefined
}

/** The result of connecting to a database. */
export interface ConnectionResponse {
  readonly kind: 'connection'
  readonly address: UntrustedText
  /** Whether the database accepts connections. */
  readonly isAccepted: boolean
  /** What was seen, in a few words: `connection refused`, `handshake of 8.0.22`. */
  readonly label: UntrustedText
}

/** Every possible result of requesting the job list. */
export type ListResponse = JobList | Fault

export interface JobList {
  readonly kind: 'list'
  /** In the order of the response, each job once per order and instance. */
  readonly entries: readonly ListEntry[]
  /** What is known of jobs whose entries can't be used: without a status, or contradicting each other. */
  readonly unusable: readonly UnusableEntry[]
  /** Whether the list contains all jobs of its time window. */
  readonly isWhole: boolean
  /** How far the service's clock is ahead of this runner's, in milliseconds; 0 if unknown. */
  readonly clockOffset: number
}

export interface UnusableEntry {
  readonly orderId: string | undefined
  readonly instanceId: string | undefined
}

export interface ListEntry {
  readonly id: Id
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
