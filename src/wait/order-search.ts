import type { JobResponse, JobList, ListResponse, TimeWindow } from '../response.ts'
import type { JobId } from '../api/job.ts'
import { HOUR } from '../duration.ts'
import { phrase } from '../untrusted-text.ts'
import { divide } from './window.ts'

/** An order of just now is looked for here, again and again, and then once in all that the task center keeps. */
const RECENT = HOUR
const KEPT = 30 * 24 * HOUR
/** What clocks may differ by. */
const AHEAD = HOUR
/** Windows at most that one look leads to. */
const MOST_WINDOWS = 20

/** Where an order's jobs are looked for in the task center's list. */
export class OrderSearch {
  readonly #order: JobId
  readonly #recent: TimeWindow
  #left: readonly TimeWindow[]
  #isWide = false
  #read = 0

  /** @param now milliseconds since the epoch */
  constructor(order: JobId, now: number) {
    this.#order = order
    this.#recent = { since: now - RECENT, until: now + AHEAD }
    this.#left = [this.#recent]
  }

  /** To be asked for next. */
  get window(): TimeWindow {
    return this.#left[0] ?? this.#recent
  }

  /** Whether a look is under way of which this is a later window. */
  get goesOn(): boolean {
    return this.#left.length > 0
  }

  /** The order's jobs, at least one; or what the answer means for the order. */
  read(answer: ListResponse): readonly JobId[] | JobResponse {
    if (answer.kind !== 'list') return answer
    const wanted = this.#order.value.toLowerCase()
    const found = answer.entries.filter(({ orderId }) => orderId?.toLowerCase() === wanted)
    if (found.length > 0) return found.map(({ id }) => id)
    this.#next(answer)
    return {
      kind: 'not-found-yet',
      detail: { label: 'no job yet', message: phrase`the task center lists no job of it` },
    }
  }

  #next(list: JobList): void {
    const [window = this.#recent, ...left] = this.#left
    this.#read += 1
    const rest = list.isWhole || this.#read >= MOST_WINDOWS ? undefined : divide(window, list)?.[1]
    this.#left = rest === undefined ? left : [rest, ...left]
    if (this.#left.length > 0) return
    this.#read = 0
    if (!this.#isWide) this.#left = [{ since: this.#recent.since + RECENT - KEPT, until: this.#recent.since }]
    this.#isWide = true
  }
}
