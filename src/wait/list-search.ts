import type { ListJobs } from '../api/job-list.ts'
import { DAY, HOUR, SECOND } from '../duration.ts'
import { keyOf } from '../id.ts'
import type { JobList, JudgedResponse, ListEntry, ListResponse, TimeWindow } from '../response.ts'
import { phrase } from '../untrusted-text.ts'
import type { Judged, JudgedOptions } from './judged-target.ts'
import { nextPollAt, retryAt, type PollTarget } from './poll-target.ts'
import { MAX_CLOCK_SKEW, MAX_WINDOWS, restOf } from './time-window.ts'

/** Orders are searched for repeatedly in the last hour, and once in everything that the task center keeps. */
const RECENT_RANGE = HOUR
const RETENTION = 30 * DAY
/** Running jobs are searched for in this range if the service refuses a wider one. */
const USUAL_RANGE = DAY
/** Between two windows of one search. */
const NEXT_WINDOW_DELAY = 2 * SECOND

/** What to search for. Windows may overlap. */
interface Search {
  readonly status?: 'Running'
  /** Returns the windows of a search, at least one. A wide one can be refused: it is then skipped. */
  readonly windows: (isFirst: boolean, isRefused: boolean) => readonly Window[]
  /** Reads what the search contained so far; undefined if there is nothing to judge yet. */
  readonly read: (subject: Judged, found: Found, at: number) => JudgedResponse | undefined
}

interface Found {
  readonly entries: readonly ListEntry[]
  /** Whether the search has ended, with or without some of its jobs. */
  readonly end: 'whole' | 'incomplete' | undefined
}

interface Window extends TimeWindow {
  readonly isWide?: true
}

/** Searches for the jobs of orders, until the list contains jobs of the order. `wallClock` in milliseconds since the epoch. */
export function orderSearch(
  wallClock: number,
  onFound: (order: Judged, entries: readonly ListEntry[], at: number) => void,
): Search {
  const until = wallClock + MAX_CLOCK_SKEW
  const recent = { since: wallClock - RECENT_RANGE, until }
  const older: Window = { since: wallClock - RETENTION, until: recent.since, isWide: true }
  const message = phrase`the job list contains no job of this order`
  return {
    windows: (isFirst) => (isFirst ? [recent, older] : [recent]),
    read: (order, { entries }, at) => {
      const key = keyOf(order.state.id)
      const found = entries.filter(({ orderId }) => orderId?.toLowerCase() === key)
      if (found.length === 0) return { kind: 'not-found-yet', detail: { label: 'no job yet', message } }
      onFound(order, found, at)
      return undefined
    },
  }
}

/** Searches for jobs that run on instances: the list has no filter for that. */
export function runningSearch(wallClock: () => number): Search {
  return {
    status: 'Running',
    windows: (_isFirst, isRefused) => {
      const until = wallClock() + MAX_CLOCK_SKEW
      return isRefused
        ? [{ since: until - USUAL_RANGE, until }]
        : [{ since: until - RETENTION, until, isWide: true }]
    },
    read: (instance, { entries, end }) => {
      const key = keyOf(instance.state.id)
      const running = entries.find(
        ({ job: { status, instanceId } }) =>
          status.meaning === 'running' && instanceId !== undefined && keyOf(instanceId) === key,
      )
      if (running !== undefined) return { kind: 'busy', id: running.id, job: running.job }
      if (end !== 'incomplete') return end && { kind: 'idle' }
      const message = phrase`the job list is too long to be read completely`
      return { kind: 'unusable', detail: { label: 'incomplete list', message } }
    },
  }
}

/** Reads the job list window by window, again and again, for orders or instances that have no requests of their own. */
export class ListSearch implements PollTarget<ListResponse> {
  readonly rank = 1
  dueAt = 0
  retryAt = -Infinity
  sentAt = -Infinity
  readonly #search: Search
  /** What the search still looks for. */
  readonly #subjects: () => readonly Judged[]
  readonly #listJobs: ListJobs
  readonly #options: JudgedOptions
  /** The windows that are left in the current search, the next one first, and what it contained so far. */
  #windows: readonly Window[]
  #hasRead = false
  /** Requests for the current window and its parts. */
  #windowsRead = 0
  #entries: readonly ListEntry[] = []
  #isIncomplete = false
  #isRefused = false

  constructor(search: Search, subjects: () => readonly Judged[], listJobs: ListJobs, options: JudgedOptions) {
    this.#search = search
    this.#subjects = subjects
    this.#listJobs = listJobs
    this.#options = options
    this.#windows = search.windows(true, false)
  }

  get isOpen(): boolean {
    return this.#subjects().length > 0
  }

  send(at: number, signal: AbortSignal): Promise<ListResponse> {
    this.sentAt = at
    const [window = EMPTY_WINDOW] = this.#windows
    return this.#listJobs(window, signal, this.#search.status)
  }

  handle(response: ListResponse, at: number): void {
    // The service may limit how far back a list reaches; another window decides what is wrong otherwise.
    const isRefused =
      response.kind === 'unusable' || (response.kind === 'rejected' && response.scope === 'job')
    const isSkipped = isRefused && this.#windows[0]?.isWide === true
    this.#isRefused ||= isSkipped
    if (response.kind === 'list') this.#read(response, at)
    else if (!isSkipped) this.#judgeAll(() => response, at, true)
    else if (this.#hasRead) this.#read(UNREAD_LIST, at)
    else {
      this.#start()
      this.dueAt = at + NEXT_WINDOW_DELAY
    }
  }

  #read(list: JobList, at: number): void {
    this.#entries = [...this.#entries, ...list.entries]
    this.#hasRead = true
    this.#windowsRead += 1
    const [window = EMPTY_WINDOW, ...others] = this.#windows
    const rest = list.isWhole || this.#windowsRead >= MAX_WINDOWS ? undefined : restOf(window, list)
    this.#isIncomplete ||= !list.isWhole && rest === undefined
    this.#windows = rest === undefined ? others : [{ ...window, ...rest }, ...others]
    if (rest === undefined) this.#windowsRead = 0
    const isLast = this.#windows.length === 0
    const found = {
      entries: this.#entries,
      end: isLast ? (this.#isIncomplete ? ('incomplete' as const) : ('whole' as const)) : undefined,
    }
    this.#judgeAll((subject) => this.#search.read(subject, found, at), at, isLast)
    if (isLast) this.#start()
  }

  #start(): void {
    this.#windows = this.#search.windows(false, this.#isRefused)
    this.#hasRead = false
    this.#windowsRead = 0
    this.#entries = []
    this.#isIncomplete = false
  }

  /** The next request is due when the first subject needs it; the same window again is worth the usual interval. */
  #judgeAll(read: (subject: Judged) => JudgedResponse | undefined, at: number, isLast: boolean): void {
    this.dueAt = isLast ? Infinity : at + NEXT_WINDOW_DELAY
    for (const subject of this.#subjects()) {
      const response = read(subject)
      if (response === undefined) continue
      subject.accept(response, at, () => {
        this.retryAt = retryAt(response, at)
        if (subject.isOpen) this.dueAt = Math.min(this.dueAt, this.#options.nextPoll(subject.state, at))
        return nextPollAt(this, this.#options.deadline)
      })
    }
  }
}

/** Stands for a window that was refused: nothing is known about its jobs. */
const UNREAD_LIST: JobList = { kind: 'list', entries: [], isWhole: false }
const EMPTY_WINDOW: Window = { since: 0, until: 0 }
