import { notFoundYet } from '../api/get.ts'
import type { ListJobs } from '../api/job-list.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../duration.ts'
import { keyOf, type Id } from '../id.ts'
import type { JobList, JudgedResponse, ListEntry, ListResponse } from '../response.ts'
import { nextPollAt, type Deadline, type Judged, type PollTarget } from './poll-target.ts'
import { MAX_CLOCK_SKEW, restOf, type Window } from './time-window.ts'

/** Orders are searched for repeatedly in the last hour, and once in everything that the task center keeps. */
const RECENT_RANGE = HOUR
const RETENTION = 30 * DAY
/** The jobs of an order are created within this time. */
const CREATED_WITHIN = MINUTE
/** Running jobs are searched for in this range if the service refuses a wider one. */
const USUAL_RANGE = DAY
/** Between two windows of one search. */
const NEXT_WINDOW_DELAY = 2 * SECOND

/** What to search for. Windows may overlap. */
interface Search {
  readonly status?: 'Running'
  /** Returns the windows of a search, at least one. */
  readonly windows: (before: Before) => readonly Window[]
  /** Which responses for a wide window mean that the service refuses it. It is then skipped. */
  readonly refusedBy: readonly ListResponse['kind'][]
  /** Reads what the search contained so far; undefined if there is nothing to judge yet. */
  readonly read: (subject: Judged, found: JobList, page: Page) => JudgedResponse | undefined
  /** Called when a response was read for all subjects. */
  readonly onRead?: (at: number) => void
}

/** What is known when a search begins. */
interface Before {
  /** Whether a wide window was read to its end. */
  readonly isWideRead: boolean
  /** Whether the service refused a wide window just now, or twice. A refusal may pass. */
  readonly isWideRefused: boolean
  /** How far the service's clock is ahead of this runner's, in milliseconds. */
  readonly clockOffset: number
}

/** The response that a search just received. */
interface Page {
  readonly list: JobList
  readonly window: Window
  /** Whether the same window has jobs that no response contained yet, and whether this was the last of all windows. */
  readonly hasRest: boolean
  readonly isLast: boolean
}

const INCOMPLETE: JudgedResponse = {
  kind: 'unusable',
  detail: { label: 'incomplete list', message: ['the job list is too long to be read completely'] },
}

const NO_JOB = notFoundYet('no job yet', ['the job list contains no job of this order'])
/** Its status may follow soon. */
const UNUSABLE_JOB = notFoundYet('a job without a status', [
  'the job list contains a job of this order without a usable status',
])
const UNUSABLE_RUNNING_JOB: JudgedResponse = {
  kind: 'unusable',
  detail: {
    label: 'unusable entry',
    message: ['the job list contains a job of this instance without a usable status'],
  },
}

/**
 * Searches for the jobs of orders, until the list contains jobs of the order.
 *
 * @param wallClock milliseconds since the epoch
 * @param onFound receives the jobs of all orders that a response completed
 */
export function orderSearch(
  wallClock: () => number,
  onFound: (jobs: ReadonlyMap<Judged, readonly Id[]>, at: number) => void,
): Search {
  const start = wallClock()
  let jobs = new Map<Judged, readonly Id[]>()
  return {
    windows: ({ isWideRead, isWideRefused, clockOffset }) => {
      const now = wallClock() + clockOffset
      const recent = {
        since: Math.min(start, now) - RECENT_RANGE,
        until: Math.max(now, wallClock()) + MAX_CLOCK_SKEW,
      }
      if (isWideRead || isWideRefused) return [recent]
      return [recent, { since: start - RETENTION, until: recent.since, isWide: true }]
    },
    refusedBy: ['rejected', 'unusable'],
    read: (order, { entries, unusable, isWhole }, { list, window, hasRest, isLast }) => {
      const key = keyOf(order.state.id)
      const isSought = ({ orderId }: Pick<ListEntry, 'orderId'>) => orderId?.toLowerCase() === key
      if (unusable.some(isSought)) return UNUSABLE_JOB
      // Consecutive responses overlap.
      const found = new Map(entries.filter(isSought).map((entry) => [keyOf(entry.id), entry]))
      if (found.size === 0) return NO_JOB
      // The jobs of an order are created together, so more of them may follow until a response contains none.
      const isInside = list.entries.some(isSought)
      if (!list.isWhole && (isInside || list.entries.length === 0)) return hasRest ? undefined : INCOMPLETE
      // They were found in another window, whose end could not be read.
      if (!isInside && !isWhole) return INCOMPLETE
      // The older window may contain the others.
      const isAtEdge = [...found.values()].some(({ created }) => created < window.since + CREATED_WITHIN)
      if (!isLast && window.isWide !== true && isAtEdge) return undefined
      jobs.set(
        order,
        [...found.values()].map(({ id }) => id),
      )
      return undefined
    },
    onRead: (at) => {
      if (jobs.size > 0) onFound(jobs, at)
      jobs = new Map()
    },
  }
}

/** Searches for jobs that run on instances: the list has no filter for that. */
export function runningSearch(wallClock: () => number): Search {
  return {
    status: 'Running',
    windows: ({ isWideRefused, clockOffset }) => {
      const now = wallClock() + clockOffset
      const until = Math.max(now, wallClock()) + MAX_CLOCK_SKEW
      return isWideRefused
        ? [{ since: now - USUAL_RANGE, until }]
        : [{ since: now - RETENTION, until, isWide: true }]
    },
    // What is left out may contain a running job, so a fault that may pass does not count.
    refusedBy: ['rejected'],
    read: (instance, { entries, unusable, isWhole }, { isLast }) => {
      const key = keyOf(instance.state.id)
      const running = entries.find(
        ({ job: { status, instanceId } }) =>
          // Only running jobs were requested, so an unknown status is one of these.
          ['running', 'unknown'].includes(status.meaning) &&
          instanceId !== undefined &&
          keyOf(instanceId) === key,
      )
      if (running !== undefined) return { kind: 'busy', id: running.id, job: running.job }
      if (unusable.some(({ instanceId }) => instanceId?.toLowerCase() === key)) return UNUSABLE_RUNNING_JOB
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
  let windows = search.windows({ isWideRead: false, isWideRefused: false, clockOffset: 0 })
  let found: JobList | undefined
  let isWideRead = false
  let refusals = 0
  let clockOffset = 0
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
    const isFinal = response.kind === 'rejected' && !['request', 'permission'].includes(response.reason)
    const isSkipped = windows[0]?.isWide === true && search.refusedBy.includes(response.kind) && !isFinal
    if (isSkipped) refusals += 1
    if (response.kind === 'list') read(response, at)
    else if (!isSkipped) judgeAll(() => response, at, true)
    else if (found !== undefined) read(UNREAD_LIST, at)
    else {
      start(true)
      target.dueAt = at + NEXT_WINDOW_DELAY
    }
  }

  function read(list: JobList, at: number): void {
    const [window = EMPTY_WINDOW, ...others] = windows
    const rest = restOf(window, list)
    windows = rest === undefined ? others : [rest, ...others]
    const { entries, unusable, isWhole } = found ?? { ...UNREAD_LIST, isWhole: true }
    const isRead = list.isWhole || rest !== undefined
    const all: JobList = {
      ...list,
      entries: [...entries, ...list.entries],
      unusable: [...unusable, ...list.unusable],
      isWhole: isWhole && isRead,
    }
    found = all
    if (list !== UNREAD_LIST) {
      clockOffset = list.clockOffset
      if (window.isWide === true && rest === undefined) {
        isWideRead = true
        refusals = 0
      }
    }
    const isLast = windows.length === 0
    const page = { list, window, hasRest: rest !== undefined, isLast }
    judgeAll((subject) => search.read(subject, all, page), at, isLast)
    if (isLast) start(refusals > 1)
  }

  function start(isWideRefused: boolean): void {
    windows = search.windows({ isWideRead, isWideRefused, clockOffset })
    found = undefined
  }

  /** The next request is due when the first subject needs it; the same window again is worth the usual interval. */
  function judgeAll(
    judge: (subject: Judged) => JudgedResponse | undefined,
    at: number,
    isLast: boolean,
  ): void {
    target.dueAt = isLast ? Infinity : at + NEXT_WINDOW_DELAY
    const judged = subjects().map((subject) => [subject, judge(subject)] as const)
    // A response that ends the wait for all must also end it for jobs that were just found.
    search.onRead?.(at)
    for (const [subject, response] of judged) {
      if (response === undefined) continue
      subject.accept(response, at, target.sentAt, () => {
        if (subject.isOpen) target.dueAt = Math.min(target.dueAt, subject.nextPoll(at))
        return nextPollAt(target, deadline)
      })
    }
  }
}

/** Stands for a window that was refused: nothing is known about its jobs. */
const UNREAD_LIST: JobList = { kind: 'list', entries: [], unusable: [], isWhole: false, clockOffset: 0 }
const EMPTY_WINDOW: Window = { since: 0, until: 0 }
