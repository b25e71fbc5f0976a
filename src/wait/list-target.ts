import type { ListJobs } from '../api/job-list.ts'
import { keyOf } from '../id.ts'
import { isTerminal } from '../api/job.ts'
import { DAY, MINUTE, SECOND } from '../duration.ts'
import { furthestAt } from '../judge/history.ts'
import type { WaitState } from '../judge/judge.ts'
import type { JobList, ListResponse } from '../response.ts'
import { ListedJob, pagesOf } from './listed-job.ts'
import type { PollInterval } from './poll-interval.ts'
import type { Deadline, JudgedTarget, PollTarget } from './poll-target.ts'
import { EVEN_INTERVAL, type RateLimit } from './rate-limit.ts'
import { MAX_CLOCK_SKEW, restOf, type Window } from './time-window.ts'

/** Nearly all waits begin, or are resumed, within a day after their jobs were created. */
const SEARCH_RANGE = DAY
/** Multiple of EVEN_INTERVAL: almost half of the requests confirm finished jobs. Measured with `npm run bench:matrix`. */
const INTERVALS_PER_PAGE = 1.82
const MAX_BACKOFF = 5 * MINUTE
/** Jobs are polled individually if the first response is this late, or a later one, or shows no progress for so long. */
const FIRST_LATE_AFTER = 10 * SECOND
const LATE_AFTER = 30 * SECOND
const STALE_AFTER = 10 * MINUTE
/** With many pages, the list is late only after two requests for a page failed. */
const LATE_AFTER_CYCLES = 3.5

export interface ListOptions {
  readonly listJobs: ListJobs
  readonly deadline: Deadline
  readonly rateLimit: RateLimit
  readonly interval: PollInterval
  /** When a job is polled next that the list does not report on; `count` is the number of such jobs. */
  readonly nextPoll: (state: WaitState, at: number, count: number) => number
}

/** The task center's list, which reports on up to 50 jobs at once. A scan reads on until it finds the job that is due. */
export class ListTarget implements PollTarget<ListResponse> {
  readonly rank = 2
  dueAt: number
  retryAt = -Infinity
  sentAt = -Infinity
  readonly #options: ListOptions
  readonly #jobs: readonly ListedJob[]
  readonly #range: Window
  /** What the current scan looks for, what it found, and what it reads next; undefined between scans. */
  #sought: ListedJob | undefined
  readonly #found = new Set<ListedJob>()
  #window: Window | undefined
  /** Whether a scan ended since the last fault; after a fault, missing jobs are searched for again. */
  #hasFinishedScan = false
  /** Consecutive faults, and scans that found none of the jobs. */
  #failures = 0
  /** How long it takes to read all pages once within the list's part of the rate limit. */
  #cycle = 0

  /** @param wallClock milliseconds since the epoch */
  constructor(jobs: readonly JudgedTarget[], at: number, wallClock: number, options: ListOptions) {
    this.#options = options
    this.dueAt = at
    this.#range = { since: wallClock - SEARCH_RANGE, until: wallClock + MAX_CLOCK_SKEW }
    this.#jobs = jobs.map((job) => {
      const listed = new ListedJob(job)
      job.dueAt = at + FIRST_LATE_AFTER
      job.nextPoll = (moment) => this.#nextJobPoll(listed, moment)
      return listed
    })
  }

  get isOpen(): boolean {
    return this.#open().length > 0
  }

  send(signal: AbortSignal, at: number): Promise<ListResponse> {
    if (this.#window === undefined || this.#needsFinalPoll(this, at)) this.#window = this.#startScan(at)
    return this.#options.listJobs(this.#window, signal)
  }

  handle(response: ListResponse, at: number): void {
    const active = response.kind === 'list' ? this.#read(response, at) : this.#onFault(response, at)
    const pages = pagesOf(this.#jobs).filter((page) => page.some(({ job }) => job.isOpen))
    const interval = Math.max(this.#options.rateLimit.interval(at), EVEN_INTERVAL)
    this.#cycle = INTERVALS_PER_PAGE * Math.max(pages.length, 1) * interval
    for (const listed of active) this.#schedule(listed, at)
    this.dueAt = this.#nextRequestAt(at)
    for (const { job } of active) job.report(this.dueAt)
  }

  /** When a job is polled individually after its own response, which may prove the list wrong. */
  #nextJobPoll(listed: ListedJob, at: number): number {
    const { state } = listed.job
    const { last } = state
    if (last?.kind === 'job') listed.seenAt = at
    listed.notBefore = at + this.#options.interval(state, at)
    const isWrong =
      (last?.kind === 'job' && listed.state === 'finished' && !isTerminal(last.job.status)) ||
      (last?.kind === 'not-found-yet' && ['active', 'finished'].includes(listed.state))
    if (isWrong) listed.setState('untrusted', at)
    const isReported = (one: ListedJob) => one.state === 'active' && this.#failures === 0
    if (isReported(listed)) return Math.max(listed.notBefore, this.#lateAt(this.dueAt))
    return this.#options.nextPoll(state, at, this.#open().filter((one) => !isReported(one)).length)
  }

  /** Reads a page; returns the jobs that it reports as active. */
  #read(list: JobList, at: number): readonly ListedJob[] {
    const open = this.#open()
    const entries = new Map(list.entries.map((entry) => [keyOf(entry.id), entry]))
    // The list may have been read before the jobs appeared: if one missing job is there now, others may be, too.
    const missing = open.filter(({ state }) => state === 'missing')
    const isFound = missing.some(({ job }) => entries.has(keyOf(job.state.id)))
    if (isFound || !this.#hasFinishedScan) for (const listed of missing) listed.setState('searching', at)
    const active: ListedJob[] = []
    for (const listed of open) {
      const entry = entries.get(keyOf(listed.job.state.id))
      if (entry === undefined || listed.state === 'untrusted') continue
      this.#found.add(listed)
      listed.created = entry.created
      if (isTerminal(entry.job.status)) listed.setState('finished', at)
      // What was finished can't become active again.
      else listed.setState(listed.state === 'finished' ? 'untrusted' : 'active', at)
      if (listed.state !== 'active') continue
      listed.job.update({ kind: 'job', job: entry.job, isFromList: true }, at)
      active.push(listed)
    }
    this.#continueScan(list, at)
    return active
  }

  /** Reads on as long as a job is due that no page contained; the rest of them is missing. */
  #continueScan(list: JobList, at: number): void {
    const isSought = (one: ListedJob) => one === this.#sought || one.state === 'searching'
    const unseen = this.#due(at).filter((one) => isSought(one) && !this.#found.has(one))
    this.#window = this.#window && unseen.length > 0 ? restOf(this.#window, list) : undefined
    if (this.#window !== undefined) return
    for (const listed of unseen) listed.setState('missing', at)
    const isUseful = this.#open().some((one) => this.#found.has(one) && one.state !== 'untrusted')
    this.#failures = isUseful ? 0 : this.#failures + 1
    this.#hasFinishedScan = true
  }

  #onFault(fault: Exclude<ListResponse, JobList>, at: number): readonly ListedJob[] {
    const isRejected = fault.kind === 'rejected' && fault.isRenewable !== true
    // Rejected credentials would be rejected for each job, too.
    if (isRejected && fault.scope === 'all') this.#open()[0]?.job.handle(fault, at)
    this.#failures += 1
    this.#window = undefined
    const isGivenUp = isRejected || (fault.kind === 'rejected' && this.#failures > 1)
    if (isGivenUp) for (const listed of this.#open()) listed.setState('untrusted', at)
    // A throttled request says nothing about the list.
    if (fault.kind === 'transient' && fault.throttled !== undefined) return []
    this.#hasFinishedScan = false
    for (const listed of this.#open()) if (listed.state === 'searching') listed.setState('missing', at)
    return []
  }

  /** Looks for the job that has been due for longest, beginning with its page, or for all whose place is unknown. */
  #startScan(at: number): Window {
    const due = this.#due(at)
    const pages = pagesOf(this.#jobs)
    const [sought] = due.toSorted((a, b) => a.dueAt - b.dueAt)
    this.#sought = sought
    this.#found.clear()
    const page = pages.find((jobs) => sought !== undefined && jobs.includes(sought))
    const [newest, oldest] = [page?.[0], pages.at(-1)?.at(-1)]
    const isKnown = due.every(({ created }) => !Number.isNaN(created))
    if (!isKnown || newest === undefined || oldest === undefined) return this.#range
    return { since: oldest.created - SECOND, until: newest.created + SECOND }
  }

  #due(at: number): readonly ListedJob[] {
    const isDue = ({ job, dueAt }: ListedJob) => dueAt <= at || this.#needsFinalPoll(job, at)
    return this.#open().filter((one) => one.isTracked && isDue(one))
  }

  /** The list reports on the job: its own request waits until the list is late or has nothing new. */
  #schedule(listed: ListedJob, at: number): void {
    const { job, seenAt, notBefore } = listed
    listed.dueAt = at + Math.max(this.#options.interval(job.state, at), this.#cycle)
    job.sentAt = Math.max(job.sentAt, this.sentAt)
    const staleAt = Math.max(seenAt, furthestAt(job.state.history)) + STALE_AFTER
    const ownAt = Math.max(notBefore, Math.min(this.#lateAt(listed.dueAt), staleAt))
    job.dueAt = this.sentAt >= this.#options.deadline.finalPollAt ? Infinity : ownAt
  }

  #nextRequestAt(at: number): number {
    if (this.#window !== undefined || (this.#failures === 0 && this.#due(at).length > 0)) return at
    const open = this.#open()
    const backoff = this.#failures === 0 ? 0 : Math.min(this.#cycle * 2 ** (this.#failures - 1), MAX_BACKOFF)
    const expected = open.filter(({ isTracked }) => isTracked).map(({ dueAt }) => dueAt - at)
    const missing = open.filter(({ state }) => state === 'missing')
    const intervals = missing.map(({ job }) => this.#options.interval(job.state, at))
    const next = Math.min(...(expected.length > 0 ? expected : intervals))
    return Math.max(at + Math.max(backoff, next), this.retryAt, this.#options.rateLimit.notBefore)
  }

  #lateAt(dueAt: number): number {
    return dueAt + Math.max(LATE_AFTER, LATE_AFTER_CYCLES * this.#cycle)
  }

  #needsFinalPoll({ sentAt }: PollTarget, at: number): boolean {
    const { finalPollAt } = this.#options.deadline
    return at >= finalPollAt && sentAt < finalPollAt
  }

  #open(): readonly ListedJob[] {
    return this.#jobs.filter(({ job }) => job.isOpen)
  }
}
