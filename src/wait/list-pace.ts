import type { ListResponse } from '../response.ts'
import { MINUTE, SECOND } from '../duration.ts'
import { furthestAt } from './history.ts'
import type { JobState } from './judge.ts'
import type { Listing, Page } from './listing.ts'
import { USUAL_GAP } from './pace.ts'
import type { Pause } from './schedule.ts'
import type { Turns } from './turns.ts'

/** Two questions for the list are so many of the limit's gaps apart at least: every other question confirms what it says. */
const GAPS = 1.8
const LONGEST_PAUSE = 5 * MINUTE
/** A job is asked for itself when the list is so late, or has told nothing new of it for so long. */
const LATE = 30 * SECOND
const STALE = 10 * MINUTE
/** With many windows it is late only after so many of its shares: two of its questions may fail. */
const LATE_SHARES = 3.5

/** When the list is asked, and when it is not relied on. Times are milliseconds since the wait began. */
export class ListPace {
  readonly #listing: Listing
  readonly #turns: Turns
  readonly #pause: Pause

  constructor(listing: Listing, turns: Turns, pause: Pause) {
    this.#listing = listing
    this.#turns = turns
    this.#pause = pause
  }

  /** When to ask for a page again: when the first of its jobs is worth a question, and the list has its share of them. */
  nextAsk(page: Page, answer: ListResponse, waiting: readonly JobState[], at: number): number {
    const share = this.#share(at)
    const backoff = page.failures > 0 ? Math.min(share * 2 ** (page.failures - 1), LONGEST_PAUSE) : share
    const retryAt = answer.kind === 'transient' ? at + (answer.retryAfter ?? 0) : at
    return Math.max(
      at + Math.max(backoff, this.#worthAfter(page, waiting, at)),
      retryAt,
      this.#turns.notBefore,
    )
  }

  /** When jobs that a page tells of are asked for themselves, should it not come. */
  lateAt({ nextAsk }: Page, at: number): number {
    return nextAsk + Math.max(LATE, LATE_SHARES * this.#share(at))
  }

  /** The same of one job, of which it may have told nothing new, either; its own answer last told of it at `seenAt`. */
  ownAt(state: JobState, seenAt: number, page: Page, at: number): number {
    return Math.min(this.lateAt(page, at), Math.max(seenAt, furthestAt(state.history)) + STALE)
  }

  /** Every page has its share of what the budget lasts for. */
  #share(at: number): number {
    return GAPS * this.#listing.pages.length * Math.max(this.#turns.gap(at), USUAL_GAP)
  }

  /** Until the first of a page's jobs is worth a question. What the list lacks sets the pace where there is no other. */
  #worthAfter(page: Page, waiting: readonly JobState[], at: number): number {
    const active = waiting.filter((state) => this.#listing.pageOf(state) === page || state.job === undefined)
    const worth = active.length > 0 ? active : waiting.filter((state) => this.#listing.isAwaited(state))
    const pauses = (worth.length > 0 ? worth : waiting).map((state) => this.#pause(state, at))
    return worth.length > 0 ? Math.min(...pauses) : Math.max(LONGEST_PAUSE, ...pauses)
  }
}
