import { keyOf, type ListJobs } from '../api/job-list.ts'
import { isTerminal } from '../api/job.ts'
import { DAY, MINUTE, SECOND } from '../duration.ts'
import type { JobList, ListResponse, TimeWindow } from '../response.ts'
import type { Phrase } from '../untrusted-text.ts'
import { furthestAt } from './history.ts'
import type { JobTarget } from './job-target.ts'
import type { JobState } from './judge.ts'
import type { Deadline, PollTarget } from './poll-target.ts'
import { EVEN_INTERVAL, type RateLimit } from './rate-limit.ts'
import type { PollInterval } from './poll-interval.ts'
import { divide, MAX_CLOCK_SKEW, MAX_WINDOWS } from './time-window.ts'

/** Nearly all waits begin, or begin again, within a day after their jobs were created. */
const SEARCHED = DAY
/** Even intervals between two requests for the list: almost every other request confirms what it reported. */
const INTERVALS_PER_REQUEST = 1.82
const MAX_INTERVAL = 5 * MINUTE
/** Of 50, one is the last of the request before. */
const JOBS_PER_REQUEST = 49
/** Jobs are polled themselves when the first scan is this late, or a later one, or reported nothing new for so long. */
const FIRST_LATE_AFTER = 10 * SECOND
const LATE_AFTER = 30 * SECOND
const STALE_AFTER = 10 * MINUTE
/** A long scan is late only after two of its requests for the same part failed. */
const LATE_AFTER_SCANS = 3.5
/** In a row, with credentials that can be renewed. */
const MAX_REJECTIONS = 2

export interface ListOptions {
  readonly listJobs: ListJobs
  readonly deadline: Deadline
  readonly rateLimit: RateLimit
  readonly interval: PollInterval
  /** When a job is polled next that the list does not report on; `count` is the number of such jobs. */
  readonly nextPoll: (state: JobState, at: number, count: number) => number
}

/**
 * What the list is good for, for one job. It is a hint, never a verdict.
 * - `searching`: no scan was completed yet
 * - `active`: it reports that the job is not terminal
 * - `finished`: it reports that the job is terminal, which the job's own response has to confirm
 * - `missing`: it does not contain the job, or fails: the job is polled itself until it is found
 * - `untrusted`: it was wrong about the job, or is rejected: the job is polled itself from then on
 */
type ListedState = 'searching' | 'active' | 'finished' | 'missing' | 'untrusted'

interface ListedJob {
  readonly job: JobTarget
  state: ListedState
  /** The scan that contained it last. */
  scan: number
  /** When it was created, milliseconds since the epoch; NaN when unknown. */
  created: number
  /** When it is worth a request for the list. */
  dueAt: number
  /** When its own response last contained it, and until when its own poll interval lasts. */
  seenAt: number
  notBefore: number
}

/** The task center's list. A request reports on up to 50 jobs; a scan reads on until it has seen every job that is due. */
export class ListTarget implements PollTarget<ListResponse> {
  readonly rank = 2
  dueAt: number
  retryAt = -Infinity
  sentAt = -Infinity
  readonly #options: ListOptions
  readonly #jobs: ReadonlyMap<string, ListedJob>
  readonly #range: TimeWindow
  /** The part of the range that the current scan reads next, and what it did before. */
  #window: TimeWindow
  #scan = 1
  #requests = 0
  #isUseful = false
  #sought: ListedJob | undefined
  /** Whether a scan was completed since the last fault. */
  #isSearched = false
  /** In a row: faults, and scans that contained no trusted job. */
  #failures = 0
  #rejections = 0
  #cycle = INTERVALS_PER_REQUEST * EVEN_INTERVAL

  /** @param wallClock milliseconds since the epoch */
  constructor(jobs: readonly JobTarget[], at: number, wallClock: number, options: ListOptions) {
    this.#options = options
    this.dueAt = at
    this.#range = { since: wallClock - SEARCHED, until: wallClock + MAX_CLOCK_SKEW }
    this.#window = this.#range
    const listed = (job: JobTarget): ListedJob => {
      return { job, state: 'searching', scan: 0, created: NaN, dueAt: at, seenAt: 0, notBefore: -Infinity }
    }
    this.#jobs = new Map(jobs.map((job) => [keyOf(job.state.id), listed(job)]))
    for (const job of jobs) {
      job.rank = 3
      job.dueAt = at + FIRST_LATE_AFTER
    }
  }

  send(at: number, signal: AbortSignal): Promise<ListResponse> {
    const isFinalScan = this.#isFinal(at) && !this.#isFinal(this.sentAt)
    if (this.#requests === 0 || isFinalScan) this.#startScan(at)
    this.sentAt = at
    return this.#options.listJobs(this.#window, signal)
  }

  handle(response: ListResponse, at: number): void {
    this.retryAt = response.kind === 'transient' ? at + (response.retryAfter ?? 0) : at
    // Rejected credentials would be rejected for each job, too.
    const isForAll = response.kind === 'rejected' && response.scope === 'all' && response.isRenewable !== true
    if (isForAll) this.#open()[0]?.job.handle(response, at)
    const open = this.#open()
    const before = open.map(({ state }) => state)
    this.#cycle = this.#measureCycle(at)
    const hints = response.kind === 'list' ? this.#read(response, open, at) : this.#onFault(response, open)
    this.dueAt = this.#nextRequestAt(at)
    for (const [listed, warning] of hints) {
      this.#pollLater(listed, at)
      listed.job.report(this.dueAt, warning)
    }
    for (const [index, listed] of open.entries())
      if (listed.state !== before[index]) this.#pollSooner(listed, at)
  }

  /** When a job is polled itself after its own response, which may prove the list wrong. */
  nextJobPoll(state: JobState, at: number): number {
    const listed = this.#jobs.get(keyOf(state.id))
    if (listed === undefined) return at
    const { last } = state
    if (last?.kind === 'job') listed.seenAt = at
    listed.notBefore = at + this.#options.interval(state, at)
    const isWrong =
      (last?.kind === 'job' && listed.state === 'finished' && !isTerminal(last.job.status)) ||
      (last?.kind === 'not-found-yet' && ['active', 'finished'].includes(listed.state))
    if (isWrong) listed.state = 'untrusted'
    listed.job.rank = listed.state === 'finished' ? 1 : 3
    if (this.#isReported(listed)) return Math.max(listed.notBefore, this.#lateAt(this.dueAt))
    const count = this.#open().filter((one) => !this.#isReported(one)).length
    return this.#options.nextPoll(state, at, count)
  }

  /** Reads a part of the list; returns the jobs that it reports as active, with warnings. */
  #read(list: JobList, open: readonly ListedJob[], at: number): [ListedJob, Phrase | undefined][] {
    const entries = new Map(list.entries.map((entry) => [keyOf(entry.id), entry]))
    const entryOf = ({ job }: ListedJob) => entries.get(keyOf(job.state.id))
    // The list may have been read too early: where one missing job is now, there may be others.
    const isFound = open.some((listed) => listed.state === 'missing' && entryOf(listed) !== undefined)
    if (isFound || !this.#isSearched) setAll(open, 'missing', 'searching')
    const hints: [ListedJob, Phrase | undefined][] = []
    for (const listed of open) {
      const entry = entryOf(listed)
      if (entry === undefined || listed.state === 'untrusted') continue
      listed.scan = this.#scan
      listed.created = entry.created
      this.#failures = 0
      this.#isUseful = true
      if (isTerminal(entry.job.status)) listed.state = 'finished'
      // What was finished can't become active again.
      else listed.state = listed.state === 'finished' ? 'untrusted' : 'active'
      if (listed.state !== 'active') continue
      hints.push([listed, listed.job.hint(entry.job, at)])
      listed.dueAt = at + Math.max(this.#options.interval(listed.job.state, at), this.#cycle)
    }
    this.#requests += 1
    const isSought = (one: ListedJob) => one === this.#sought || one.state === 'searching'
    const unseen = this.#dueJobs(at).filter((one) => isSought(one) && one.scan !== this.#scan)
    const isDone = list.isWhole || unseen.length === 0 || this.#requests >= MAX_WINDOWS
    const rest = isDone ? undefined : divide(this.#window, list)?.[1]
    if (rest !== undefined) this.#window = rest
    else {
      for (const listed of unseen) listed.state = 'missing'
      if (!this.#isUseful) this.#failures += 1
      this.#isSearched = true
      this.#requests = 0
    }
    this.#rejections = 0
    return hints
  }

  #onFault(fault: Exclude<ListResponse, JobList>, open: readonly ListedJob[]): [] {
    this.#failures += 1
    this.#rejections = fault.kind === 'rejected' ? this.#rejections + 1 : 0
    const isFinal =
      fault.kind === 'rejected' && (fault.isRenewable !== true || this.#rejections >= MAX_REJECTIONS)
    if (isFinal) for (const listed of open) listed.state = 'untrusted'
    // A throttled request means nothing for the list.
    if (fault.kind === 'transient' && fault.throttled !== undefined) return []
    this.#isSearched = false
    setAll(open, 'searching', 'missing')
    return []
  }

  /** Looks for the newest job that is due, and for all whose place in the list is unknown. */
  #startScan(at: number): void {
    const due = this.#dueJobs(at)
    const pages = this.#pages()
    this.#sought = due.toSorted((a, b) => a.dueAt - b.dueAt)[0]
    const page = pages.find((jobs) => this.#sought !== undefined && jobs.includes(this.#sought))
    const isKnown = due.every(({ created }) => !Number.isNaN(created))
    const [first, last] = [page?.[0], pages.at(-1)?.at(-1)]
    this.#window =
      isKnown && first !== undefined && last !== undefined
        ? { since: last.created - SECOND, until: first.created + SECOND }
        : this.#range
    this.#scan += 1
    this.#requests = 0
    this.#isUseful = false
  }

  #dueJobs(at: number): readonly ListedJob[] {
    const { finalPollAt } = this.#options.deadline
    return this.#open().filter(
      ({ state, dueAt, job }) =>
        isExpected(state) && (dueAt <= at || (at >= finalPollAt && job.sentAt < finalPollAt)),
    )
  }

  /** The list reports on the job: its own request waits until the list is late or has nothing new. */
  #pollLater({ job, seenAt, notBefore, dueAt }: ListedJob, at: number): void {
    job.sentAt = Math.max(job.sentAt, this.sentAt)
    const nextScanAt = Math.max(at + this.#cycle, dueAt)
    const staleAt = Math.max(seenAt, furthestAt(job.state.history)) + STALE_AFTER
    job.dueAt = Math.max(notBefore, Math.min(this.#lateAt(nextScanAt), staleAt))
    if (this.#isFinal(this.sentAt)) job.dueAt = Infinity
  }

  /** The list does not report any more that the job is active: its own response has to say what is true. */
  #pollSooner({ job, state, notBefore }: ListedJob, at: number): void {
    job.rank = state === 'finished' ? 1 : 3
    if (isExpected(state)) return
    // What was never seen may be too new for the list: its first poll stays due.
    if (state === 'missing' && job.state.last === undefined) return
    job.dueAt = Math.min(job.dueAt, Math.max(at, notBefore))
  }

  #nextRequestAt(at: number): number {
    const open = this.#open()
    if (open.every(({ state }) => state === 'untrusted')) return Infinity
    if (this.#failures === 0 && (this.#requests > 0 || this.#dueJobs(at).length > 0)) return at
    const backoff = this.#failures === 0 ? 0 : Math.min(this.#cycle * 2 ** (this.#failures - 1), MAX_INTERVAL)
    const interval = Math.max(backoff, this.#jobsInterval(at))
    return Math.max(at + interval, this.retryAt, this.#options.rateLimit.notBefore)
  }

  /** Until the first of the jobs is worth a request that the list may report on. */
  #jobsInterval(at: number): number {
    const open = this.#open()
    const expected = open.filter(({ state }) => isExpected(state)).map(({ dueAt }) => dueAt - at)
    if (expected.length > 0) return Math.min(...expected)
    const missing = open.filter(({ state }) => state === 'missing')
    return Math.min(...missing.map(({ job }) => this.#options.interval(job.state, at)))
  }

  #lateAt(nextScanAt: number): number {
    return nextScanAt + Math.max(LATE_AFTER, LATE_AFTER_SCANS * this.#cycle)
  }

  /** How long it takes to read every page that still has open jobs, with the list's share of the rate limit. */
  #measureCycle(at: number): number {
    const pages = this.#pages().filter((jobs) => jobs.some(({ job }) => job.outcome === undefined))
    const interval = Math.max(this.#options.rateLimit.interval(at), EVEN_INTERVAL)
    return INTERVALS_PER_REQUEST * Math.max(pages.length, 1) * interval
  }

  /** Our jobs as the list contains them, the newest first, as far as it does. */
  #pages(): readonly (readonly ListedJob[])[] {
    const listed = [...this.#jobs.values()].filter(({ created }) => !Number.isNaN(created))
    const sorted = listed.sort((a, b) => b.created - a.created)
    const count = Math.ceil(sorted.length / JOBS_PER_REQUEST)
    return Array.from({ length: count }, (_, index) =>
      sorted.slice(index * JOBS_PER_REQUEST, (index + 1) * JOBS_PER_REQUEST),
    )
  }

  #isReported({ state }: ListedJob): boolean {
    return state === 'active' && this.#failures === 0
  }

  #isFinal(moment: number): boolean {
    return moment >= this.#options.deadline.finalPollAt
  }

  #open(): readonly ListedJob[] {
    return [...this.#jobs.values()].filter(({ job }) => job.outcome === undefined)
  }
}

/** Whether a scan reads on for the job. */
function isExpected(state: ListedState): boolean {
  return state === 'searching' || state === 'active'
}

function setAll(jobs: readonly ListedJob[], from: ListedState, to: ListedState): void {
  for (const listed of jobs) if (listed.state === from) listed.state = to
}
