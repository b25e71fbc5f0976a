import type { JobResponse, JobList, ListResponse, ListEntry, TimeWindow } from '../response.ts'
import { keyOf } from '../api/job-list.ts'
import { isTerminal } from '../api/job.ts'
import type { JobState } from './judge.ts'
import { divide } from './window.ts'

/** More windows would cost more than they save: at once, and in one search for jobs. */
const MOST_PAGES = 20
/** In a row, of credentials that can be renewed. */
const MOST_REFUSALS = 2

/**
 * How the list stands to a job.
 * - `sought`: it was not read to its end yet
 * - `told`: it says that the job is not over
 * - `over`: it says that the job is over, which the job's own answer has to confirm
 * - `missing`: it lacks the job, or does not work, so that the job is asked for itself until it is found
 * - `distrusted`: it was wrong about the job, or is refused, so that the job is asked for itself from then on
 */
export type Standing = 'sought' | 'told' | 'over' | 'missing' | 'distrusted'

/** A window of the list, as a question. Times are milliseconds since the wait began. */
export interface Page {
  window: TimeWindow
  nextAsk: number
  isAsking: boolean
  isRead: boolean
  /** In a row: faults, and answers that told of none of the jobs, or of those alone about which it was wrong. */
  failures: number
  /** In a row. */
  refusals: number
}

/** What the task center's list says of the jobs that are waited for: hints, never a verdict. */
export class Listing {
  #pages: readonly Page[]
  readonly #places = new Map<string, Place>()
  /** Windows that were divided in this search, and whether the last one came to its end. */
  #divided = 0
  #isSearched = false

  /** @param window in which the jobs were created, as far as one can tell */
  constructor(window: TimeWindow, at: number) {
    this.#pages = [pageOf(window, at)]
  }

  get pages(): readonly Page[] {
    return this.#pages
  }

  standing({ id }: JobState): Standing {
    return this.#place(id).standing
  }

  /** The page that told last that the job is not over. */
  pageOf({ id }: JobState): Page | undefined {
    const { standing, page } = this.#place(id)
    return standing === 'told' ? page : undefined
  }

  /** Whether the list may still come to tell of the job. */
  isAwaited({ id, job }: JobState): boolean {
    const { standing } = this.#place(id)
    return job === undefined || standing === 'sought' || standing === 'missing'
  }

  /** Takes in what a page brought at a moment; returns what it tells of jobs that are not over. */
  hear(
    page: Page,
    answer: ListResponse,
    waiting: readonly JobState[],
    at: number,
  ): ReadonlyMap<JobState, ListEntry> {
    const reported = new Map<JobState, ListEntry>()
    page.failures += 1
    page.refusals = answer.kind === 'rejected' ? page.refusals + 1 : 0
    if (answer.kind === 'rejected' && (answer.isRenewable !== true || page.refusals >= MOST_REFUSALS)) {
      this.#pages = []
      for (const { id } of waiting) this.#place(id).standing = 'distrusted'
    }
    // That there were too many questions says nothing about the list.
    const isThrottled = answer.kind === 'transient' && answer.throttled !== undefined
    if (answer.kind !== 'list' && !isThrottled) this.#endSearch(waiting, false)
    if (answer.kind !== 'list') return reported
    const entries = new Map(answer.entries.map((entry) => [keyOf(entry.id), entry]))
    // The list may have been asked too early: where one of the missing is, there may be others.
    const isFound = waiting.some((job) => this.standing(job) === 'missing' && entries.has(keyOf(job.id)))
    if (isFound || !this.#isSearched) this.#seekAgain(waiting)
    for (const state of waiting) {
      const entry = entries.get(keyOf(state.id))
      this.#read(state.id, entry, page)
      if (entry === undefined || this.standing(state) === 'distrusted') continue
      page.failures = 0
      if (this.standing(state) === 'told') reported.set(state, entry)
    }
    this.#readOn(page, answer, waiting, at)
    return reported
  }

  /** Takes in what a job's own answer says of the list. */
  confirm({ id }: JobState, answer: JobResponse): void {
    const place = this.#place(id)
    const wasWrong =
      (answer.kind === 'job' && place.standing === 'over' && !isTerminal(answer.job.status)) ||
      (answer.kind === 'not-found-yet' && ['told', 'over'].includes(place.standing))
    if (wasWrong) place.standing = 'distrusted'
  }

  #read(id: JobState['id'], entry: ListEntry | undefined, page: Page): void {
    const place = this.#place(id)
    if (place.standing === 'distrusted') return
    if (entry === undefined) {
      if (place.page === page && place.standing === 'told') place.standing = 'sought'
      return
    }
    place.page = page
    if (isTerminal(entry.job.status)) place.standing = 'over'
    else place.standing = place.standing === 'over' ? 'distrusted' : 'told'
  }

  /** Narrows a page that had not all of its jobs, while any is sought; what no page has is missing. */
  #readOn(page: Page, list: JobList, waiting: readonly JobState[], at: number): void {
    page.isRead = true
    const isSought = waiting.some((state) => this.standing(state) === 'sought')
    const parts = list.isWhole || !isSought ? undefined : divide(page.window, list)
    if (parts !== undefined && this.#pages.length < MOST_PAGES && this.#divided < MOST_PAGES) {
      this.#divided += 1
      page.window = parts[0]
      this.#pages = [...this.#pages, pageOf(parts[1], at)]
    }
    if (this.#pages.every(({ isRead }) => isRead)) this.#endSearch(waiting, true)
    this.#pages = this.#pages.filter((one) => this.#isNeeded(one, waiting))
  }

  #seekAgain(waiting: readonly JobState[]): void {
    for (const { id } of waiting) {
      const place = this.#place(id)
      if (place.standing === 'missing') place.standing = 'sought'
    }
  }

  #endSearch(waiting: readonly JobState[], isSearched: boolean): void {
    this.#isSearched = isSearched
    this.#divided = 0
    for (const { id } of waiting) {
      const place = this.#place(id)
      if (place.standing === 'sought') place.standing = 'missing'
    }
  }

  #isNeeded(page: Page, waiting: readonly JobState[]): boolean {
    // A job that was just created may come into the list later, among the newest.
    const isAwaited = waiting.some((state) => this.isAwaited(state))
    const isNewest = this.#pages.every(({ window }) => window.until <= page.window.until)
    return !page.isRead || (isAwaited && isNewest) || waiting.some(({ id }) => this.#place(id).page === page)
  }

  #place(id: JobState['id']): Place {
    const place = this.#places.get(keyOf(id)) ?? { standing: 'sought', page: undefined }
    this.#places.set(keyOf(id), place)
    return place
  }
}

interface Place {
  standing: Standing
  /** That told of it last. */
  page: Page | undefined
}

function pageOf(window: TimeWindow, nextAsk: number): Page {
  return { window, nextAsk, isAsking: false, isRead: false, failures: 0, refusals: 0 }
}
