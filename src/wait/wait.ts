import type { Answer } from '../answer.ts'
import type { JobId } from '../api/job.ts'
import { SECOND } from '../duration.ts'
import type { OutsideText, Phrase } from '../outside-text.ts'
import { begin, judge, type End, type JobState } from './judge.ts'
import { budgetAt, budgetLeft, sharedGap, spend, UNLIMITED, type Pacing } from './pace.ts'
import type { Pause } from './schedule.ts'

/** Exchanges under way at once, so that many jobs do not open as many connections. */
const MOST_AT_ONCE = 8
/**
 * Until the first answer, questions go out one by one, so far apart at least: refused credentials shall not be sent
 * for each of many jobs, since repeated refusals lock an account.
 */
const FIRST_APART = 2 * SECOND

const INTERRUPTED: End = { result: 'interrupted', by: 'signal' }

export interface WaitPlan {
  /** Distinct jobs, in the order given. */
  readonly jobs: readonly JobId[]
  /** Longest wait, milliseconds. */
  readonly timeout: number
  readonly pause: Pause
  readonly pacing: Pacing
  /** Whether the first job that does not complete ends the wait for all. */
  readonly failFast: boolean
}

/** What the wait needs of the world; tests bring their own. */
export interface World {
  /** Asks once about one job. */
  readonly ask: (id: JobId, signal: AbortSignal) => Promise<Answer>
  readonly clock: Clock
  /** Aborts when the process shall end; with a {@link Defect} as its reason when something is broken. */
  readonly signal: AbortSignal
  readonly listener: Listener
  /** Makes a defect of ours presentable. */
  readonly describe: (error: unknown) => OutsideText
}

export interface Clock {
  /** Milliseconds from some moment on; never goes back. */
  now(): number
  /** Ends early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** What was thrown where it should not have been. */
export class Defect {
  readonly thrown: unknown
  constructor(thrown: unknown) {
    this.thrown = thrown
  }
}

/** Hears what happens. */
export interface Listener {
  /** After each answer; `nextAsk` in milliseconds since the wait began, undefined when no question follows. */
  answered(state: JobState, nextAsk: number | undefined, isOver: boolean): void
  warned(warning: Phrase): void
}

/** A job and how the wait for it ended. */
export interface Waited {
  readonly state: JobState
  readonly end: End
}

interface Track {
  state: JobState
  end: End | undefined
  nextAsk: number
  isAsking: boolean
}

/** Waits until the wait for each job has ended: asks, judges, sleeps. It always resolves. */
export async function wait(plan: WaitPlan, world: World): Promise<readonly Waited[]> {
  const { clock, signal, listener } = world
  const start = clock.now()
  const elapsed = () => clock.now() - start
  /** When the last question starts, so that a job that ended meanwhile is still seen. */
  const lastLook = plan.timeout - Math.min(plan.timeout / 10, 2 * SECOND)
  const tracks = plan.jobs.map((id): Track => {
    const state = begin(id)
    return { state, end: undefined, nextAsk: plan.pause(state, 0), isAsking: false }
  })
  /** Ends the exchanges that began before the last look, so that a stalled one is not in its way. */
  const untilLastLook = new AbortController()
  const untilTimeout = new AbortController()
  let isAnswered = false as boolean
  let lastStart = -Infinity
  let pace = UNLIMITED
  let alarm = new AbortController()
  const wake = () => {
    alarm.abort()
  }
  signal.addEventListener('abort', wake)

  const endAll = (end: End) => {
    for (const track of tracks) track.end ??= end
  }

  const brokenBy = (thrown: unknown): End => ({
    result: 'error',
    why: 'defect',
    told: { label: 'defect', says: [world.describe(thrown)] },
  })

  /** One job alone can't use up the budget, but for who asks each second, and means it. */
  const isBudgeted = plan.jobs.length > 1
  const gapNow = (now: number) => (isBudgeted ? sharedGap(pace, now) : pace.gap)

  const settle = (track: Track, answer: Answer, askedAt: number) => {
    isAnswered ||= saysThatWeMayAsk(answer)
    if (track.end !== undefined) return
    const at = elapsed()
    const { state, warning, end } = judge(track.state, answer, at)
    track.state = state
    track.end = end
    pace = plan.pacing(pace, answer, at)
    const open = tracks.filter((other) => other.end === undefined).length
    // After a refusal for the service's limit, when to try again is the pace's matter alone.
    const gap = answer.kind === 'try-again' && answer.throttled !== undefined ? 0 : gapNow(at) * open
    track.nextAsk = Math.max(at + plan.pause(state, at, gap), pace.notBefore)
    const notBefore = answer.kind === 'try-again' ? at + (answer.retryAfter ?? 0) : at
    if (askedAt < lastLook) {
      track.nextAsk = Math.min(track.nextAsk, Math.max(lastLook, notBefore, pace.retryAt))
    }
    const isOver = end !== undefined
    listener.answered(state, !isOver && track.nextAsk < plan.timeout ? track.nextAsk : undefined, isOver)
    if (warning !== undefined) listener.warned(warning)
    if (end === undefined || end.result === 'completed') return
    if (answer.kind === 'refused' && answer.scope === 'all') endAll(end)
    if (plan.failFast) endAll({ result: 'interrupted', by: 'fail-fast' })
  }

  const ask = async (track: Track) => {
    const askedAt = elapsed()
    const until = askedAt < lastLook ? untilLastLook : untilTimeout
    track.isAsking = true
    try {
      settle(track, await world.ask(track.state.id, until.signal), askedAt)
    } catch (error) {
      endAll(brokenBy(error))
    }
    track.isAsking = false
    wake()
  }

  const mostStarts = (now: number, underWay: number) => {
    const isLast = now >= lastLook
    if (now < pace.retryAt || (now < pace.notBefore && !isLast)) return 0
    if (!isAnswered && now < lastStart + FIRST_APART) return 0
    const isOneByOne = !isAnswered || (pace.gap > 0 && !isLast)
    const budget = isBudgeted ? budgetLeft(pace, now) : Infinity
    return Math.max(Math.min(isOneByOne ? 1 : Infinity, MOST_AT_ONCE - underWay, budget), 0)
  }

  for (;;) {
    // One look at the clock for one round: what became due in between would be neither asked nor waited for.
    const now = elapsed()
    if (signal.aborted) endAll(signal.reason instanceof Defect ? brokenBy(signal.reason.thrown) : INTERRUPTED)
    if (now >= plan.timeout) endAll({ result: 'timed-out' })
    if (now >= lastLook) untilLastLook.abort()
    const open = tracks.filter((track) => track.end === undefined)
    if (open.length === 0) break

    alarm = new AbortController()
    const idle = open.filter((track) => !track.isAsking).sort((a, b) => a.nextAsk - b.nextAsk)
    const due = idle.filter((track) => track.nextAsk <= now)
    const underWay = open.length - idle.length
    const started = due.slice(0, mostStarts(now, underWay))
    if (started.length > 0) {
      lastStart = now
      pace = spend(pace, started.length, now)
    }
    for (const track of started) void ask(track)
    const moments = [
      idle[due.length]?.nextAsk ?? Infinity,
      isAnswered ? -Infinity : lastStart + FIRST_APART,
      pace.notBefore,
      pace.retryAt,
      isBudgeted ? budgetAt(pace, now) : Infinity,
      lastLook,
      plan.timeout,
    ]
    await clock.sleep(Math.ceil(Math.min(...moments.filter((moment) => moment > now)) - now), alarm.signal)
  }

  signal.removeEventListener('abort', wake)
  untilLastLook.abort()
  untilTimeout.abort()
  return tracks.map(({ state, end }) => ({ state, end: end ?? INTERRUPTED }))
}

/** Whether the service took the credentials, be it that it knows nothing of the job. */
function saysThatWeMayAsk(answer: Answer): boolean {
  if (answer.kind === 'refused') return answer.scope === 'job'
  return answer.kind !== 'try-again' && answer.kind !== 'unusable'
}
