import type { Answer, JobList, ListAnswer, ListEntry, Window } from '../answer.ts'
import { keyOf } from '../api/job-list.ts'
import { isOver } from '../api/job.ts'
import type { JobState } from './judge.ts'
import { divide } from './window.ts'

/** More windows would cost more than they save. */
const MOST_PAGES = 20

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
  window: Window
  nextAsk: number
  isAsking: boolean
  isRead: boolean
  /** In a row: faults, and answers that told of none of the jobs. */
  failures: number
}

/** What the task center's list says of the jobs that are waited for: hints, never a verdict. */
export class Listing {
  #pages: readonly Page[]
  readonly #places = new Map<string, Place>()

  /** @param window in which the jobs were created, as far as one can tell */
  constructor(window: Window, at: number) {
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

  /** Takes in what a page brought at a moment; returns what it tells of jobs that are not over. */
  hear(
    page: Page,
    answer: ListAnswer,
    waiting: readonly JobState[],
    at: number,
  ): ReadonlyMap<JobState, ListEntry> {
    const told = new Map<JobState, ListEntry>()
    page.failures += 1
    if (answer.kind === 'refused' && answer.scope === 'job') {
      this.#pages = []
      for (const { id } of waiting) this.#place(id).standing = 'distrusted'
    }
    // That there were too many questions says nothing about the list.
    const isThrottled = answer.kind === 'try-again' && answer.throttled !== undefined
    if (answer.kind !== 'list' && !isThrottled) this.#giveUpSearch(waiting)
    if (answer.kind !== 'list') return told
    const entries = new Map(answer.entries.map((entry) => [keyOf(entry.id), entry]))
    for (const state of waiting) {
      const entry = entries.get(keyOf(state.id))
      this.#read(state.id, entry, page)
      if (entry !== undefined) page.failures = 0
      if (entry !== undefined && this.standing(state) === 'told') told.set(state, entry)
    }
    this.#readOn(page, answer, waiting, at)
    return told
  }

  /** Takes in what a job's own answer says of the list. */
  confirm({ id }: JobState, answer: Answer): void {
    const place = this.#place(id)
    const wasWrong =
      (answer.kind === 'job' && place.standing === 'over' && !isOver(answer.job.status)) ||
      (answer.kind === 'not-visible' && ['told', 'over'].includes(place.standing))
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
    if (isOver(entry.job.status)) place.standing = 'over'
    else place.standing = place.standing === 'over' ? 'distrusted' : 'told'
  }

  /** Narrows a page that had not all of its jobs, while any is sought; what no page has is missing. */
  #readOn(page: Page, list: JobList, waiting: readonly JobState[], at: number): void {
    page.isRead = true
    const isSought = waiting.some((state) => this.standing(state) === 'sought')
    const parts = list.isWhole || !isSought ? undefined : divide(page.window, list)
    if (parts !== undefined && this.#pages.length < MOST_PAGES) {
      page.window = parts[0]
      this.#pages = [...this.#pages, pageOf(parts[1], at)]
    }
    if (this.#pages.every(({ isRead }) => isRead)) this.#giveUpSearch(waiting)
    this.#pages = this.#pages.filter((one) => this.#isNeeded(one, waiting))
  }

  #giveUpSearch(waiting: readonly JobState[]): void {
    for (const { id } of waiting) {
      const place = this.#place(id)
      if (place.standing === 'sought') place.standing = 'missing'
    }
  }

  #isNeeded(page: Page, waiting: readonly JobState[]): boolean {
    // A job that was just created may come into the list later, among the newest.
    const isAwaited = waiting.some(({ job }) => job === undefined)
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

function pageOf(window: Window, nextAsk: number): Page {
  return { window, nextAsk, isAsking: false, isRead: false, failures: 0 }
}
