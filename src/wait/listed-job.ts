import type { JudgedTarget } from './poll-target.ts'

/** Consecutive responses of 50 jobs overlap by one. */
const JOBS_PER_PAGE = 49

/**
 * How far the job list can be relied on for one job. It is a hint, never a verdict.
 * - `searching`: the job's place in the list is unknown
 * - `active`: the list reports that the job is not terminal
 * - `finished`: the list reports that the job is terminal, which the job's own response has to confirm
 * - `missing`: the list does not contain the job, or fails: the job is polled individually until it is found
 * - `untrusted`: the list was wrong about the job, or is rejected: the job is polled individually from then on
 */
type ListedState = 'searching' | 'active' | 'finished' | 'missing' | 'untrusted'

/** A job and what the job list reports about it. Times are milliseconds since the wait began. */
export class ListedJob {
  readonly job: JudgedTarget
  #state: ListedState = 'searching'
  /** When a list is due to contain it again. */
  dueAt = 0
  /** Milliseconds since the epoch; NaN when unknown. */
  created = Number.NaN
  /** When its own response last contained it, and until when its own poll interval lasts. */
  seenAt = 0
  notBefore = 0

  constructor(job: JudgedTarget) {
    this.job = job
    job.rank = 3
  }

  get state(): ListedState {
    return this.#state
  }

  /** Also decides the rank of the job's own requests, and makes them due if the list no longer covers the job. */
  setState(state: ListedState, at: number): void {
    if (this.#state === state) return
    this.#state = state
    this.job.rank = state === 'finished' ? 1 : 3
    // What was never seen may be too new for the list: its first poll stays due.
    if (this.isTracked || (state === 'missing' && this.job.state.last === undefined)) return
    // The list no longer reports that the job is active: its own response has to show its status.
    this.job.dueAt = Math.min(this.job.dueAt, Math.max(at, this.notBefore))
  }

  /** Whether the next list should contain the job. */
  get isTracked(): boolean {
    return this.#state === 'searching' || this.#state === 'active'
  }
}

/** Divides jobs whose creation time is known into the pages in which the list contains them, the newest first. */
export function pagesOf(jobs: readonly ListedJob[]): readonly (readonly ListedJob[])[] {
  const sorted = jobs
    .filter(({ created }) => !Number.isNaN(created))
    .toSorted((a, b) => b.created - a.created)
  return [...Map.groupBy(sorted, (_, index) => Math.floor(index / JOBS_PER_PAGE)).values()]
}
