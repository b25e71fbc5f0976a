import type { ListJobs } from '../api/job-list.ts'
import { DAY, HOUR, SECOND } from '../duration.ts'
import { keyOf } from '../id.ts'
import type { JobList, JudgedResponse, ListEntry, ListResponse } from '../response.ts'
import { phrase } from '../untrusted-text.ts'
import { nextPollAt, type Deadline, type Judged, type PollTarget } from './poll-target.ts'
import { MAX_CLOCK_SKEW, restOf, type Window } from './time-window.ts'

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
  /** Returns the windows of a search, at least one. A wide one that is refused is skipped. */
  readonly windows: (isFirst: boolean, isRefused: boolean) => readonly Window[]
  /** Reads what the search contained so far; undefined if there is nothing to judge yet. */
  readonly read: (subject: Judged, found: JobList, at: number, page: Page) => JudgedResponse | undefined
}

/** The response that a search just received. */
interface Page {
  readonly list: JobList
  /** Whether the same window has jobs that no response contained yet, and whether this was the last of all windows. */
  readonly hasRest: boolean
  readonly isLast: boolean
}

const INCOMPLETE: JudgedResponse = {
  kind: 'unusable',
  detail: { label: 'incomplete list', message: ['the job list is too long to be read completely'] },
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
    read: (order, { entries }, at, { list, hasRest }) => {
      const key = keyOf(order.state.id)
      const isSought = ({ orderId }: ListEntry) => orderId?.toLowerCase() === key
      // Consecutive responses overlap.
      const found = new Map(entries.filter(isSought).map((entry) => [keyOf(entry.id), entry]))
      if (found.size === 0) return { kind: 'not-found-yet', detail: { label: 'no job yet', message } }
      // The jobs of an order are created together, so more of them may follow until a response contains none.
      const isInside = list.entries.some(isSought)
      if (!list.isWhole && (isInside || list.entries.length === 0)) return hasRest ? undefined : INCOMPLETE
      // They were found in another window, whose end could not be read.
      if (!isInside && order.state.last === INCOMPLETE) return INCOMPLETE
      onFound(order, [...found.values()], at)
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
    read: (instance, { entries, isWhole }, _at, { isLast }) => {
      const key = keyOf(instance.state.id)
      const running = entries.find(
        ({ job: { status, instanceId } }) =>
          status.meaning === 'running' && instanceId !== undefined && keyOf(instanceId) === key,
      )
      if (running !== undefined) return { kind: 'busy', id: running.id, job: running.job }
      if (!isLast) return undefined
      return isWhole ? { kind: 'idle' } : INCOMPLETE
    },
  }
}

/**
 * Reads the job list window by window, again and again, for orders or instances that have no requests of their own.
 *
 * @param subjects returns what the search still looks for
 */
export function listSearch(
  search: Search,
  subjects: () => readonly Judged[],
  listJobs: ListJobs,
  deadline: Deadline,
): PollTarget<ListResponse> {
  /** The windows that are left in the current search, the next one first, and what it contained so far. */
  let windows = search.windows(true, false)
  let found: JobList | undefined
  let isRefused = false
  const target = {
    rank: 1 as const,
    dueAt: 0,
    retryAt: -Infinity,
    sentAt: -Infinity,
    get isOpen() {
      return subjects().length > 0
    },
    send: (signal: AbortSignal) => listJobs(windows[0] ?? EMPTY_WINDOW, signal, search.status),
    handle,
  }
  return target

  function handle(response: ListResponse, at: number): void {
    // The service may limit how far back a list reaches; another window decides what is wrong otherwise.
    const isRejected =
      response.kind === 'unusable' || (response.kind === 'rejected' && response.scope === 'job')
    const isSkipped = isRejected && windows[0]?.isWide === true
    isRefused ||= isSkipped
    if (response.kind === 'list') read(response, at)
    else if (!isSkipped) judgeAll(() => response, at, true)
    else if (found !== undefined) read(UNREAD_LIST, at)
    else {
      start()
      target.dueAt = at + NEXT_WINDOW_DELAY
    }
  }

  function read(list: JobList, at: number): void {
    const [window = EMPTY_WINDOW, ...others] = windows
    const rest = restOf(window, list)
    windows = rest === undefined ? others : [rest, ...others]
    const { entries, isWhole } = found ?? { entries: [], isWhole: true }
    const isRead = list.isWhole || rest !== undefined
    const all: JobList = { kind: 'list', entries: [...entries, ...list.entries], isWhole: isWhole && isRead }
    found = all
    const isLast = windows.length === 0
    const page = { list, hasRest: rest !== undefined, isLast }
    judgeAll((subject) => search.read(subject, all, at, page), at, isLast)
    if (isLast) start()
  }

  function start(): void {
    windows = search.windows(false, isRefused)
    found = undefined
  }

  /** The next request is due when the first subject needs it; the same window again is worth the usual interval. */
  function judgeAll(
    judge: (subject: Judged) => JudgedResponse | undefined,
    at: number,
    isLast: boolean,
  ): void {
    target.dueAt = isLast ? Infinity : at + NEXT_WINDOW_DELAY
    for (const subject of subjects()) {
      const response = judge(subject)
      if (response === undefined) continue
      subject.accept(response, at, () => {
        if (subject.isOpen) target.dueAt = Math.min(target.dueAt, subject.nextPoll(at))
        return nextPollAt(target, deadline)
      })
    }
  }
}

/** Stands for a window that was refused: nothing is known about its jobs. */
const UNREAD_LIST: JobList = { kind: 'list', entries: [], isWhole: false }
const EMPTY_WINDOW: Window = { since: 0, until: 0 }
