import type { Job } from './api/job.ts'
import type { Fault, Told } from './http/fault.ts'
import type { OutsideText } from './outside-text.ts'

/** All that asking about a job can come to, a row each of the contract's table; wait/judge.ts says what each means. */
export type Answer =
  /** The job that was asked for. */
  | { readonly kind: 'job'; readonly job: Job }
  /** A job, but not the one that was asked for. */
  | { readonly kind: 'other-job'; readonly id: OutsideText }
  /** The service knows no such job; just after its creation that means: not yet. */
  | { readonly kind: 'not-visible'; readonly told: Told }
  | Fault
