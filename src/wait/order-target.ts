import type { JobId } from '../api/job.ts'
import type { ListJobs } from '../api/job-list.ts'
import { DAY, HOUR, SECOND } from '../duration.ts'
import type { JobList, ListResponse, TimeWindow } from '../response.ts'
import { phrase } from '../untrusted-text.ts'
import { JudgedTarget, type JudgedOptions } from './job-target.ts'
import { initialState } from '../judge/judge.ts'
import { MAX_CLOCK_SKEW, MAX_WINDOWS, restOf } from './time-window.ts'

/** Orders are searched for repeatedly in the last hour, and once in everything that the task center keeps. */
const RECENT_RANGE = HOUR
const RETENTION = 30 * DAY
/** Between two windows of one search. */
const NEXT_WINDOW_DELAY = 2 * SECOND

const EMPTY_LIST: JobList = { kind: 'list', entries: [], isWhole: true }

/** An order: the job list is searched until it contains jobs of the order. */
export class OrderTarget extends JudgedTarget<ListResponse> {
  readonly #listJobs: ListJobs
  readonly #onFound: (jobs: readonly JobId[], at: number) => void
  readonly #recent: TimeWindow
  /** Windows that are left in the current search, the next one first. */
  #windows: readonly TimeWindow[]
  #windowsRead = 0
  #isWideSearchDone = false

  /** @param wallClock milliseconds since the epoch */
  constructor(
    order: JobId,
    wallClock: number,
    listJobs: ListJobs,
    onFound: (jobs: readonly JobId[], at: number) => void,
    options: JudgedOptions,
  ) {
    super(initialState(order, 'order'), 0, options)
    this.#listJobs = listJobs
    this.#onFound = onFound
    this.#recent = { since: wallClock - RECENT_RANGE, until: wallClock + MAX_CLOCK_SKEW }
    this.#windows = [this.#recent]
  }

  send(at: number, signal: AbortSignal): Promise<ListResponse> {
    this.sentAt = at
    return this.#listJobs(this.#windows[0] ?? this.#recent, signal)
  }

  handle(response: ListResponse, at: number): void {
    // The service may limit how far back a list reaches; the recent window decides what is wrong otherwise.
    const isRefused =
      response.kind === 'unusable' || (response.kind === 'rejected' && response.scope === 'job')
    const isWide = (this.#windows[0] ?? this.#recent).since < this.#recent.since
    if (response.kind !== 'list' && !(isRefused && isWide)) {
      this.judge(response, at)
      return
    }
    const list: JobList = response.kind === 'list' ? response : EMPTY_LIST
    const order = this.state.id.value.toLowerCase()
    const found = list.entries.filter(({ orderId }) => orderId?.toLowerCase() === order)
    const ids = found.map(({ id }) => id)
    if (ids.length > 0) {
      this.#onFound(ids, at)
      return
    }
    this.#nextWindow(list)
    const message = phrase`the job list contains no job of this order`
    this.judge({ kind: 'not-found-yet', detail: { label: 'no job yet', message } }, at)
    // The same window again is worth the usual interval.
    if (this.#windows.length > 0) this.dueAt = Math.min(this.dueAt, at + NEXT_WINDOW_DELAY)
  }

  #nextWindow(list: JobList): void {
    const [window = this.#recent, ...others] = this.#windows
    this.#windowsRead += 1
    const rest = list.isWhole || this.#windowsRead >= MAX_WINDOWS ? undefined : restOf(window, list)
    this.#windows = rest === undefined ? others : [rest, ...others]
    if (this.#windows.length > 0) return
    this.#windowsRead = 0
    const { since } = this.#recent
    if (!this.#isWideSearchDone) this.#windows = [{ since: since + RECENT_RANGE - RETENTION, until: since }]
    this.#isWideSearchDone = true
  }
}
