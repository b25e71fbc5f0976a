import { keyOf, type ListJobs } from '../api/job-list.ts'
import { isTerminal } from '../api/job.ts'
import { DAY, MINUTE, SECOND } from '../duration.ts'
import type { JobList, ListResponse, TimeWindow } from '../response.ts'
import type { Phrase } from '../untrusted-text.ts'
import { furthestAt } from '../judge/history.ts'
import type { JobTarget } from './job-target.ts'
import type { JobState } from '../judge/judge.ts'
import type { PollInterval } from './poll-interval.ts'
import type { Deadline, PollTarget } from './poll-target.ts'
import { EVEN_INTERVAL, type RateLimit } from './rate-limit.ts'
import { divide, MAX_CLOCK_SKEW, MAX_WINDOWS } from './time-window.ts'

/** Nearly all waits begin, or begin again, within a day after their jobs were created. */
const SEARCHED = DAY
/** Of 50 jobs in a response, one is the last of the response before. */
const JOBS_PER_PAGE = 49
/** In even intervals: almost every other request confirms what the list reported. Measured with `npm run bench:matrix`. */
const INTERVALS_PER_PAGE = 1.82
const MAX_BACKOFF = 5 * MINUTE
/** Jobs are polled themselves if the first page is this late, or a later one, or reported nothing new for so long. */
const FIRST_LATE_AFTER = 10 * SECOND
const LATE_AFTER = 30 * SECOND
const STALE_AFTER = 10 * MINUTE
/** With many pages, the list is late only after two requests for a page failed. */
const LATE_AFTER_CYCLES = 3.5

/**
 * What the list is good for, for one job. It is a hint, never a verdict.
 * - `searching`: the job's place in the list is unknown
 * - `active`: the list reports that the job is not terminal
 * - `finished`: the list reports that the job is terminal, which the job's own response has to confirm
 * - `missing`: the list does not contain the job, or fails: the job is polled itself until it is found
 * - `untrusted`: the list was wrong about the job, or is rejected: the job is polled itself from then on
 */
type ListedState = 'searching' | 'active' | 'finished' | 'missing' | 'untrusted'

interface ListedJob {
  readonly job: JobTarget
  state: ListedState
  /** The scan that contained it last, and when it is due to be contained again. */
  scan: number
  dueAt: number
  /** Milliseconds since the epoch; NaN when unknown. */
  created: number
  /** When its own response last contained it, and until when its own poll interval lasts. */
  seenAt: number
  notBefore: number
}

export interface ListOptions {
  readonly listJobs: ListJobs
  readonly deadline: Deadline
  readonly rateLimit: RateLimit
  readonly interval: PollInterval
  /** When a job is polled next that the list does not report on; `count` is the number of such jobs. */
  readonly nextPoll: (state: JobState, at: number, count: number) => number
}

/** The task center's list, which reports on up to 50 jobs at once. A scan reads on until it finds the job that is due. */
export class ListTarget implements PollTarget<ListResponse> {
  readonly rank = 2
  dueAt: number
  retryAt = -Infinity
  sentAt = -Infinity
  readonly #options: ListOptions
  readonly #jobs: ReadonlyMap<string, ListedJob>
  readonly #range: TimeWindow
  /** What the current scan looks for, what it reads next, and how much it did. */
  #sought: ListedJob | undefined
  #window: TimeWindow
  #scan = 0
  #requests = 0
  /** Whether a scan ended since the last fault. */
  #isSearched = false
  /** Faults in a row, and scans with none of the jobs. */
  #failures = 0
  /** How long it takes to read all pages with the list's share of the rate limit. */
  #cycle = 0

  /** @param wallClock milliseconds since the epoch */
  constructor(jobs: readonly JobTarget[], at: number, wallClock: number, options: ListOptions) {
    this.#options = options
    this.dueAt = at
    this.#range = { since: wallClock - SEARCHED, until: wallClock + MAX_CLOCK_SKEW }
    this.#window = this.#range
    const unknown = { state: 'searching', scan: 0, dueAt: at, created: NaN, seenAt: 0, notBefore: 0 } as const
    this.#jobs = new Map(jobs.map((job) => [keyOf(job.state.id), { job, ...unknown }]))
    for (const job of jobs) Object.assign(job, { rank: 3, dueAt: at + FIRST_LATE_AFTER })
  }

  send(at: number, signal: AbortSignal): Promise<ListResponse> {
    if (this.#requests === 0 || (this.#isFinal(at) && !this.#isFinal(this.sentAt))) this.#startScan(at)
    this.sentAt = at
    return this.#options.listJobs(this.#window, signal)
  }

  handle(response: ListResponse, at: number): void {
    this.retryAt = response.kind === 'transient' ? at + (response.retryAfter ?? 0) : at
    const hints = response.kind === 'list' ? this.#read(response, at) : this.#onFault(response, at)
    const pages = this.#pages().filter((page) => page.some(isOpen))
    const interval = Math.max(this.#options.rateLimit.interval(at), EVEN_INTERVAL)
    this.#cycle = INTERVALS_PER_PAGE * Math.max(pages.length, 1) * interval
    for (const [listed] of hints) this.#schedule(listed, at)
    this.dueAt = this.#nextRequestAt(at)
    for (const [{ job }, warning] of hints) job.report(this.dueAt, warning)
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
    if (isWrong) setState(listed, 'untrusted', at)
    const isReported = (one: ListedJob) => one.state === 'active' && this.#failures === 0
    if (isReported(listed)) return Math.max(listed.notBefore, this.#lateAt(this.dueAt))
    return this.#options.nextPoll(state, at, this.#open().filter((one) => !isReported(one)).length)
  }

  /** Reads a page; returns the jobs that it reports as active, with warnings. */
  #read(list: JobList, at: number): [ListedJob, Phrase | undefined][] {
    const open = this.#open()
    const entries = new Map(list.entries.map((entry) => [keyOf(entry.id), entry]))
    // The list may have been read too early: where one missing job is now, there may be others.
    const missing = open.filter(({ state }) => state === 'missing')
    const isFound = missing.some(({ job }) => entries.has(keyOf(job.state.id)))
    if (isFound || !this.#isSearched) for (const listed of missing) setState(listed, 'searching', at)
    const hints: [ListedJob, Phrase | undefined][] = []
    for (const listed of open) {
      const entry = entries.get(keyOf(listed.job.state.id))
      if (entry === undefined || listed.state === 'untrusted') continue
      Object.assign(listed, { scan: this.#scan, created: entry.created })
      if (isTerminal(entry.job.status)) setState(listed, 'finished', at)
      // What was finished can't become active again.
      else setState(listed, listed.state === 'finished' ? 'untrusted' : 'active', at)
      if (listed.state === 'active') hints.push([listed, listed.job.hint(entry.job, at)])
    }
    this.#requests += 1
    const isSought = (one: ListedJob) => one === this.#sought || one.state === 'searching'
    const unseen = this.#due(at).filter((one) => isSought(one) && one.scan !== this.#scan)
    const isDone = list.isWhole || unseen.length === 0 || this.#requests >= MAX_WINDOWS
    const rest = isDone ? undefined : divide(this.#window, list)?.[1]
    if (rest !== undefined) this.#window = rest
    else {
      for (const listed of unseen) setState(listed, 'missing', at)
      const isUseful = open.some(({ scan, state }) => scan === this.#scan && state !== 'untrusted')
      this.#failures = isUseful ? 0 : this.#failures + 1
      this.#isSearched = true
      this.#requests = 0
    }
    return hints
  }

  #onFault(fault: Exclude<ListResponse, JobList>, at: number): [] {
    const isRejected = fault.kind === 'rejected' && fault.isRenewable !== true
    // Rejected credentials would be rejected for each job, too.
    if (isRejected && fault.scope === 'all') this.#open()[0]?.job.handle(fault, at)
    this.#failures += 1
    this.#requests = 0
    const isFinal = isRejected || (fault.kind === 'rejected' && this.#failures > 1)
    if (isFinal) for (const listed of this.#open()) setState(listed, 'untrusted', at)
    // A throttled request means nothing for the list.
    if (fault.kind === 'transient' && fault.throttled !== undefined) return []
    this.#isSearched = false
    for (const listed of this.#open()) if (listed.state === 'searching') setState(listed, 'missing', at)
    return []
  }

  /** Looks for the job that has been due for longest, beginning with its page, or for all whose place is unknown. */
  #startScan(at: number): void {
    const due = this.#due(at)
    const pages = this.#pages()
    const [sought] = due.toSorted((a, b) => a.dueAt - b.dueAt)
    const page = pages.find((jobs) => sought !== undefined && jobs.includes(sought))
    const [first, last] = [page?.[0], pages.at(-1)?.at(-1)]
    const isKnown = due.every(({ created }) => !Number.isNaN(created)) && first !== undefined
    this.#window =
      isKnown && last !== undefined
        ? { since: last.created - SECOND, until: first.created + SECOND }
        : this.#range
    this.#sought = sought
    this.#scan += 1
    this.#requests = 0
  }

  /** The jobs as the list contains them, the newest first, as far as it does. */
  #pages(): readonly (readonly ListedJob[])[] {
    const listed = [...this.#jobs.values()].filter(({ created }) => !Number.isNaN(created))
    const sorted = listed.sort((a, b) => b.created - a.created)
    const count = Math.ceil(sorted.length / JOBS_PER_PAGE)
    return Array.from({ length: count }, (_, index) =>
      sorted.slice(index * JOBS_PER_PAGE, (index + 1) * JOBS_PER_PAGE),
    )
  }

  #due(at: number): readonly ListedJob[] {
    const { finalPollAt } = this.#options.deadline
    const needsFinalPoll = ({ job }: ListedJob) => at >= finalPollAt && job.sentAt < finalPollAt
    return this.#open().filter((one) => isExpected(one) && (one.dueAt <= at || needsFinalPoll(one)))
  }

  /** The list reports on the job: its own request waits until the list is late or has nothing new. */
  #schedule(listed: ListedJob, at: number): void {
    const { job, seenAt, notBefore } = listed
    listed.dueAt = at + Math.max(this.#options.interval(job.state, at), this.#cycle)
    job.sentAt = Math.max(job.sentAt, this.sentAt)
    const staleAt = Math.max(seenAt, furthestAt(job.state.history)) + STALE_AFTER
    const ownAt = Math.max(notBefore, Math.min(this.#lateAt(listed.dueAt), staleAt))
    job.dueAt = this.#isFinal(this.sentAt) ? Infinity : ownAt
  }

  #nextRequestAt(at: number): number {
    const open = this.#open()
    if (this.#requests > 0 || (this.#failures === 0 && this.#due(at).length > 0)) return at
    const backoff = this.#failures === 0 ? 0 : Math.min(this.#cycle * 2 ** (this.#failures - 1), MAX_BACKOFF)
    const expected = open.filter(isExpected).map(({ dueAt }) => dueAt - at)
    const missing = open.filter(({ state }) => state === 'missing')
    const intervals = missing.map(({ job }) => this.#options.interval(job.state, at))
    const next = Math.min(...(expected.length > 0 ? expected : intervals))
    return Math.max(at + Math.max(backoff, next), this.retryAt, this.#options.rateLimit.notBefore)
  }

  #lateAt(dueAt: number): number {
    return dueAt + Math.max(LATE_AFTER, LATE_AFTER_CYCLES * this.#cycle)
  }

  #isFinal(moment: number): boolean {
    return moment >= this.#options.deadline.finalPollAt
  }

  #open(): readonly ListedJob[] {
    return [...this.#jobs.values()].filter(isOpen)
  }
}

function isOpen({ job }: ListedJob): boolean {
  return job.outcome === undefined
}

/** Whether the list has to contain the job when it is due. */
function isExpected({ state }: ListedJob): boolean {
  return state === 'searching' || state === 'active'
}

function setState(listed: ListedJob, state: ListedState, at: number): void {
  if (listed.state === state) return
  const { job, notBefore } = listed
  listed.state = state
  job.rank = state === 'finished' ? 1 : 3
  // What was never seen may be too new for the list: its first poll stays due.
  if (isExpected(listed) || (state === 'missing' && job.state.last === undefined)) return
  // The list does not report any more that the job is active: its own response has to say what is true.
  job.dueAt = Math.min(job.dueAt, Math.max(at, notBefore))
}
