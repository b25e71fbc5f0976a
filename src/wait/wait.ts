import type { JobResponse, ListResponse } from '../response.ts'
import type { ListJobs } from '../api/job-list.ts'
import type { GetJob } from '../api/jobs.ts'
import type { JobId } from '../api/job.ts'
import { HOUR, MINUTE, SECOND } from '../duration.ts'
import type { UntrustedText, Phrase } from '../untrusted-text.ts'
import { initialState, judge, type Outcome, type JobState } from './judge.ts'
import { ListPace } from './list-pace.ts'
import { Listing, type Page } from './listing.ts'
import { OrderSearch } from './order-search.ts'
import type { Pacing } from './pace.ts'
import type { Pause } from './schedule.ts'
import { Turns } from './turns.ts'

/** The fewest jobs for which the list is asked: with less, it saves nothing. */
const FEWEST_LISTED = 4
/** Jobs that are given by their ids are looked for so far back: nearly all waits are begun, or begun anew, by then. */
const LISTED_BACK = 24 * HOUR
/** What clocks may differ by. */
const AHEAD = HOUR
/** Half of what may be under way, so that a list that stalls is not in the jobs' way. */
const MOST_PAGES_AT_ONCE = 4
/** A job is asked for itself when the first list is so late, or lacks it after so long. */
const LATE_AT_FIRST = 10 * SECOND
const MISSING_PAUSE = 5 * SECOND
/** To the next window of an order's search. */
const NEXT_WINDOW = 2 * SECOND
/** Questions that are so much less urgent are due later by so much, as their turns go. */
const URGENCY = MINUTE

const INTERRUPTED: Outcome = { result: 'interrupted', by: 'signal' }

export interface WaitPlan {
  /** Distinct jobs, in the order given; or the order whose jobs are to be found. */
  readonly jobs: readonly JobId[] | { readonly order: JobId }
  /** Whether the service has a list of jobs. */
  readonly hasList: boolean
  /** Longest wait, milliseconds. */
  readonly timeout: number
  readonly pause: Pause
  readonly pacing: Pacing
  /** Whether the first job that does not complete ends the wait for all. */
  readonly failFast: boolean
}

/** What the wait needs of the world; tests bring their own. */
export interface WaitDependencies {
  readonly getJob: GetJob
  readonly listJobs: ListJobs
  readonly clock: Clock
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number
  /** Aborts when the process shall end; with a {@link InternalError} as its reason when something is broken. */
  readonly signal: AbortSignal
  readonly listener: WaitListener
  /** Makes a defect of ours presentable. */
  readonly describe: (error: unknown) => UntrustedText
}

export interface Clock {
  /** Milliseconds from some moment on; never goes back. */
  now(): number
  /** Ends early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** What was thrown where it should not have been. */
export class InternalError {
  readonly thrown: unknown
  constructor(thrown: unknown) {
    this.thrown = thrown
  }
}

/** Hears what happens. */
export interface WaitListener {
  /** After each answer; `nextAsk` in milliseconds since the wait began, undefined when no question follows. */
  onResponse(state: JobState, nextAsk: number | undefined, isOver: boolean): void
  onWarning(warning: Phrase): void
  /** The jobs of the order were found. */
  onJobsFound(jobs: readonly JobId[]): void
}

/** A job, or an order without one, and how the wait for it ended. */
export interface WaitResult {
  readonly state: JobState
  readonly outcome: Outcome
}

/** Waits until the wait for each job has ended: asks, judges, sleeps. It always resolves. */
export function wait(plan: WaitPlan, world: WaitDependencies): Promise<readonly WaitResult[]> {
  return new Waiting(plan, world).untilOver()
}

/** A job, or an order, as a question. Times are milliseconds since the wait began. */
interface Track {
  state: JobState
  outcome: Outcome | undefined
  nextAsk: number
  /** When its schedule allows the next question, whatever the list says. */
  notBefore: number
  /** When its own answer last told of it; 0 before. */
  seenAt: number
  isAsking: boolean
  /** Of an order. */
  readonly search: OrderSearch | undefined
}

class Waiting {
  readonly #plan: WaitPlan
  readonly #world: WaitDependencies
  readonly #start: number
  /** When the last questions start, so that a job that ended meanwhile is still seen. */
  readonly #lastLook: number
  /** When jobs that the list tells of are asked for themselves, should the last list not come. */
  readonly #backstop: number
  readonly #turns: Turns
  #tracks: readonly Track[] = []
  #list: { readonly listing: Listing; readonly pace: ListPace } | undefined
  /** Ends the exchanges that began before the last look, so that a stalled one is not in its way. */
  readonly #untilLastLook = new AbortController()
  readonly #untilTimeout = new AbortController()
  #alarm = new AbortController()

  constructor(plan: WaitPlan, world: WaitDependencies) {
    this.#plan = plan
    this.#world = world
    this.#start = world.clock.now()
    this.#lastLook = plan.timeout - Math.min(plan.timeout / 10, 2 * SECOND)
    this.#backstop = (this.#lastLook + plan.timeout) / 2
    const { jobs, pacing } = plan
    this.#turns = new Turns(pacing, 'order' in jobs || jobs.length > 1, this.#lastLook)
    if ('order' in jobs) {
      const search = new OrderSearch(jobs.order, world.wallClock())
      this.#tracks = [trackOf(initialState(jobs.order, 'order'), 0, search)]
    } else this.#follow(jobs, 0)
  }

  async untilOver(): Promise<readonly WaitResult[]> {
    const { clock, signal } = this.#world
    const { timeout } = this.#plan
    const wake = () => {
      this.#alarm.abort()
    }
    signal.addEventListener('abort', wake)
    for (;;) {
      // One look at the clock for one round: what became due in between would be neither asked nor waited for.
      const now = this.#elapsed()
      if (signal.aborted)
        this.#endAll(
          signal.reason instanceof InternalError ? this.#brokenBy(signal.reason.thrown) : INTERRUPTED,
        )
      if (now >= timeout) this.#endAll({ result: 'timed-out' })
      if (now >= this.#lastLook) this.#untilLastLook.abort()
      const open = this.#open()
      if (open.length === 0) break

      this.#alarm = new AbortController()
      const questions = [...open, ...(this.#list?.listing.pages ?? [])]
      const idle = questions.filter(({ isAsking }) => !isAsking)
      const started = this.#firstOf(
        idle.filter(({ nextAsk }) => nextAsk <= now),
        this.#turns.free(now, questions.length - idle.length, questions.length),
        now,
      )
      if (started.length > 0) this.#turns.start(started.length, now)
      for (const question of started) void this.#put(question, now)
      const moments = [
        ...idle.map(({ nextAsk }) => nextAsk),
        ...this.#turns.moments(now, questions.length),
        this.#lastLook,
        timeout,
      ]
      const next = Math.min(...moments.filter((moment) => moment > now))
      await clock.sleep(Math.ceil(next - now), this.#alarm.signal)
    }
    signal.removeEventListener('abort', wake)
    this.#untilLastLook.abort()
    this.#untilTimeout.abort()
    return this.#tracks.map(({ state, outcome }) => ({ state, outcome: outcome ?? INTERRUPTED }))
  }

  /** Begins to wait for jobs. */
  #follow(jobs: readonly JobId[], at: number): void {
    const isListed = this.#plan.hasList && jobs.length >= FEWEST_LISTED
    const now = this.#world.wallClock()
    const listing = new Listing({ since: now - LISTED_BACK, until: now + AHEAD }, at)
    const pace = new ListPace(listing, this.#turns, this.#plan.pause)
    this.#list = isListed ? { listing, pace } : undefined
    const late = Math.min(at + LATE_AT_FIRST, this.#lastLook)
    this.#tracks = jobs.map((id) => {
      const state = initialState(id)
      // What was found by an order is asked for at once.
      const first = at === 0 ? this.#plan.pause(state, 0) : at
      return trackOf(state, isListed ? late : first)
    })
  }

  async #put(question: Track | Page, askedAt: number): Promise<void> {
    const { getJob, listJobs } = this.#world
    const { signal } = askedAt < this.#lastLook ? this.#untilLastLook : this.#untilTimeout
    question.isAsking = true
    try {
      if ('window' in question) this.#hearList(question, await listJobs(question.window, signal), askedAt)
      else if (question.search === undefined)
        this.#hear(question, await getJob(question.state.id, signal), askedAt)
      else this.#hearOrder(question, question.search, await listJobs(question.search.window, signal), askedAt)
    } catch (error) {
      this.#endAll(this.#brokenBy(error))
    }
    question.isAsking = false
    this.#alarm.abort()
  }

  /** A job's own answer. */
  #hear(track: Track, answer: JobResponse, askedAt: number): void {
    const at = this.#elapsed()
    this.#turns.hear(answer, at)
    if (track.outcome !== undefined) return
    this.#list?.listing.confirm(track.state, answer)
    this.#judge(track, answer, at, askedAt)
  }

  /** What the list says of an order: its jobs take its place once there are any. */
  #hearOrder(track: Track, search: OrderSearch, answer: ListResponse, askedAt: number): void {
    const at = this.#elapsed()
    this.#turns.hear(answer, at)
    if (track.outcome !== undefined) return
    const read = search.read(answer)
    if ('kind' in read) {
      this.#judge(track, read, at, askedAt)
      // The next window of the same look; the same one again is worth the usual pause.
      if (answer.kind === 'list' && search.goesOn) track.nextAsk = Math.min(track.nextAsk, at + NEXT_WINDOW)
      return
    }
    this.#world.listener.onJobsFound(read)
    this.#follow(read, at)
  }

  #judge(track: Track, answer: JobResponse, at: number, askedAt: number): void {
    const { listener } = this.#world
    const { state, warning, outcome } = judge(track.state, answer, at)
    track.state = state
    track.outcome = outcome
    if (answer.kind === 'job') track.seenAt = at
    const { listing, pace } = this.#list ?? {}
    const page = listing?.pageOf(state)
    track.notBefore = listing === undefined ? at : at + this.#plan.pause(state, at)
    track.nextAsk =
      pace !== undefined && page?.failures === 0
        ? Math.max(track.notBefore, pace.lateAt(page, at))
        : this.#scheduled(state, at)
    if (askedAt < this.#lastLook)
      track.nextAsk = Math.min(track.nextAsk, this.#lastLookAt(retryAt(answer, at)))
    listener.onResponse(
      state,
      outcome === undefined ? this.#inTime(track.nextAsk) : undefined,
      outcome !== undefined,
    )
    if (warning !== undefined) listener.onWarning(warning)
    if (outcome === undefined || outcome.result === 'completed') return
    if (answer.kind === 'rejected' && answer.scope === 'all') this.#endAll(outcome)
    if (this.#plan.failFast) this.#endAll({ result: 'interrupted', by: 'fail-fast' })
  }

  /** What the list says of the jobs: hints. That a job is over has to be confirmed by its own answer. */
  #hearList(page: Page, answer: ListResponse, askedAt: number): void {
    const at = this.#elapsed()
    this.#turns.hear(answer, at)
    const { listing, pace } = this.#list ?? {}
    if (listing === undefined || pace === undefined) return
    const open = this.#open()
    // Credentials that are refused, and will be for each job.
    const [first] = open
    const isFinal = answer.kind === 'rejected' && answer.scope === 'all' && answer.isRenewable !== true
    if (isFinal && first !== undefined) this.#judge(first, answer, at, askedAt)
    const before = open.map(({ state }) => listing.standing(state))
    const entries = listing.hear(
      page,
      answer,
      open.map(({ state }) => state),
      at,
    )
    const reported = open.flatMap((track) => {
      const entry = entries.get(track.state)
      if (entry === undefined) return []
      const { state, warning } = judge(track.state, { kind: 'job', job: entry.job, isFromList: true }, at)
      track.state = state
      return [{ track, warning }]
    })
    const waiting = this.#open().map(({ state }) => state)
    page.nextAsk = pace.nextAsk(page, answer, waiting, at)
    if (askedAt < this.#lastLook) page.nextAsk = Math.min(page.nextAsk, this.#lastLookAt(retryAt(answer, at)))
    for (const { track, warning } of reported) {
      const { state } = track
      track.nextAsk = Math.max(track.notBefore, pace.ownAt(state, track.seenAt, page, at))
      track.nextAsk = askedAt < this.#lastLook ? Math.min(track.nextAsk, this.#backstop) : Infinity
      this.#world.listener.onResponse(state, this.#inTime(page.nextAsk), false)
      if (warning !== undefined) this.#world.listener.onWarning(warning)
    }
    for (const [index, track] of open.entries()) {
      const standing = listing.standing(track.state)
      if (standing === before[index] || !['over', 'missing', 'distrusted'].includes(standing)) continue
      // What the list lacks may be too new for it, and what failed may pass: that gets one look more.
      const isNew = standing === 'missing' && track.state.last === undefined
      const inMs = isNew ? MISSING_PAUSE : 0
      track.nextAsk = Math.min(track.nextAsk, Math.max(at + inMs, track.notBefore))
    }
  }

  /** The next question about a job that is asked for itself. */
  #scheduled(state: JobState, at: number): number {
    const alone = this.#open().filter((track) => this.#list?.listing.pageOf(track.state)?.failures !== 0)
    // After a refusal for the service's limit, when to try again is the pace's matter alone.
    const isThrottled = state.last?.kind === 'transient' && state.last.throttled !== undefined
    const gap = isThrottled ? 0 : this.#turns.gap(at) * alone.length
    return Math.max(at + this.#plan.pause(state, at, gap), this.#turns.notBefore)
  }

  #lastLookAt(notBefore: number): number {
    return Math.max(this.#lastLook, notBefore, this.#turns.retryAt)
  }

  #inTime(moment: number): number | undefined {
    return moment < this.#plan.timeout ? moment : undefined
  }

  /**
   * Those whose turn it is. The list leaves connections to the jobs, should it stall; and jobs that it does not call over
   * leave it its part of the budget.
   */
  #firstOf(due: readonly (Track | Page)[], count: number, now: number): readonly (Track | Page)[] {
    const pages = this.#list?.listing.pages ?? []
    let pagesLeft = MOST_PAGES_AT_ONCE - pages.filter(({ isAsking }) => isAsking).length
    let unhurriedLeft = pages.length > 0 ? this.#turns.unhurried(now) : Infinity
    const mayStart = (question: Track | Page) => {
      if ('window' in question) return pagesLeft-- > 0
      return this.#isOver(question) || unhurriedLeft-- > 0
    }
    return due
      .toSorted((a, b) => this.#turn(a) - this.#turn(b))
      .filter(mayStart)
      .slice(0, count)
  }

  /** Whose turn is first, as a moment. */
  #turn(question: Track | Page): number {
    if ('window' in question) return question.nextAsk
    return question.nextAsk + (this.#isOver(question) ? -URGENCY : URGENCY)
  }

  /** So the list says. */
  #isOver({ state }: Track): boolean {
    return this.#list?.listing.standing(state) === 'over'
  }

  #open(): readonly Track[] {
    return this.#tracks.filter(({ outcome }) => outcome === undefined)
  }

  #endAll(end: Outcome): void {
    for (const track of this.#tracks) track.outcome ??= end
  }

  #brokenBy(thrown: unknown): Outcome {
    return {
      result: 'error',
      reason: 'defect',
      detail: { label: 'defect', message: [this.#world.describe(thrown)] },
    }
  }

  #elapsed(): number {
    return this.#world.clock.now() - this.#start
  }
}

function retryAt(answer: JobResponse | ListResponse, at: number): number {
  return answer.kind === 'transient' ? at + (answer.retryAfter ?? 0) : at
}

function trackOf(state: JobState, nextAsk: number, search?: OrderSearch): Track {
  return {
    state,
    outcome: undefined,
    nextAsk,
    notBefore: -Infinity,
    seenAt: 0,
    isAsking: false,
    search,
  }
}
