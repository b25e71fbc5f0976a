import type { JobResponse, ListResponse } from '../response.ts'
import { MINUTE, SECOND } from '../duration.ts'

/**
 * What all questions of this process share: how often the service lets its user ask. Others ask for the same user, and
 * we see nothing of them but that the budget is used up. Times are milliseconds since the wait began.
 */
export interface Pace {
  /** Least time between two questions; 0 while no limit was met. */
  readonly gap: number
  /** No question before. */
  readonly notBefore: number
  /** No question before, not even the last look: the service said so. */
  readonly retryAt: number
  /** In which the service counts, milliseconds. */
  readonly period: number
  /** When questions began, and when they were let through, within the last period. */
  readonly started: readonly number[]
  readonly admitted: readonly number[]
  /** Since when we know our share, or learn it, and when the service's period began, as far as we can tell. */
  readonly since: number
  readonly opened: number
  /** When a refusal last changed the gap. */
  readonly changedAt: number
  /** Refusals in a row, and questions let through since the gap was last changed. */
  readonly refusals: number
  readonly admissions: number
}

export type Pacing = (pace: Pace, answer: JobResponse | ListResponse, at: number) => Pace

/** The service's usual limit: 200 requests in 5 minutes. */
const USUAL_PERIOD = 5 * MINUTE
const USUAL_BUDGET = 200
/** What it lasts for. */
export const USUAL_GAP = USUAL_PERIOD / USUAL_BUDGET
/** More than any budget that is worth reckoning with. */
const MOST_TIMES = 1_000

export const UNLIMITED: Pace = {
  gap: 0,
  notBefore: 0,
  retryAt: 0,
  period: USUAL_PERIOD,
  started: [],
  admitted: [],
  since: Infinity,
  opened: -Infinity,
  changedAt: -Infinity,
  refusals: 0,
  admissions: 0,
}

/** Questions in a row that were let through: perhaps others have gone. */
const MORE = 0.5
const ADMISSIONS_FOR_MORE = 4
/** Before a period has passed the share is a guess, and each question that is let through speaks against it. */
const MUCH_MORE = 0.25
/** Refusals in a row after which the share of before means nothing. */
const SHUT_OUT = 8
/** To the first try after a refusal; each further refusal doubles it. */
const FIRST_PROBE = 30 * SECOND
const LONGEST_PROBE = 2 * MINUTE
/** Refusals in a row after which it doubles again: a service that counts refusals, too, lets in nobody who asks on. */
const STUBBORN = 5

/** How the pace goes on after an answer; `random` uniform in 0 to 1. */
export function pacing(random: () => number): Pacing {
  return (pace, answer, at) => {
    if (answer.kind === 'transient' && answer.throttled !== undefined) {
      const known = { ...pace, period: answer.throttled.period ?? pace.period }
      return refused(known, answer.retryAfter, at, random)
    }
    const isAdmitted = ['job', 'other-job', 'not-found-yet', 'list'].includes(answer.kind)
    return isAdmitted ? admitted(pace, at) : pace
  }
}

/** The pace once so many questions start. */
export function spend(pace: Pace, count: number, now: number): Pace {
  const starts = Array.from({ length: count }, () => now)
  return {
    ...pace,
    since: Math.min(pace.since, now),
    started: [...recent(pace.started, now, USUAL_PERIOD), ...starts].slice(-MOST_TIMES),
    notBefore: Math.max(pace.notBefore, now + pace.gap),
  }
}

/** Questions that a process with several jobs may still start: it keeps to the usual limit by itself. */
export function budgetLeft({ started }: Pace, now: number, kept = 0): number {
  return USUAL_BUDGET - kept - recent(started, now, USUAL_PERIOD).length
}

/** When the next one may start, once none is left. */
export function budgetAt({ started }: Pace, now: number, kept = 0): number {
  return (recent(started, now, USUAL_PERIOD).at(kept - USUAL_BUDGET) ?? -Infinity) + USUAL_PERIOD
}

/** What of it is kept for a last look at so many jobs, in so many milliseconds: half of it at most. */
export function keptFor(jobs: number, left: number): number {
  return left > 0 && left < USUAL_PERIOD ? Math.min(jobs, USUAL_BUDGET / 2) : 0
}

/** Least time between two questions of a process with several jobs: once half of the budget is used, what it lasts for. */
export function sharedGap(pace: Pace, now: number): number {
  const isShort = budgetLeft(pace, now) <= USUAL_BUDGET / 2
  return Math.max(pace.gap, isShort ? USUAL_GAP : 0)
}

function admitted(pace: Pace, at: number): Pace {
  const isNewPeriod = at >= pace.opened + pace.period || pace.refusals > 0
  const since = pace.refusals >= SHUT_OUT ? at : pace.since
  const admissions = pace.admissions + 1
  const isGuess = at - since < pace.period
  const isRelaxed = isGuess || admissions >= ADMISSIONS_FOR_MORE
  // Once a limit was met, nobody does better than the whole of it.
  const gap = Math.max(isRelaxed ? pace.gap * (isGuess ? MUCH_MORE : MORE) : pace.gap, USUAL_GAP)
  return {
    ...pace,
    admitted: [...recent(pace.admitted, at, pace.period), at].slice(-MOST_TIMES),
    opened: isNewPeriod ? at : pace.opened,
    gap: pace.gap === 0 ? 0 : gap,
    notBefore: Math.min(pace.notBefore, at + gap),
    since,
    refusals: 0,
    admissions: isRelaxed ? 0 : admissions,
  }
}

/**
 * The budget is used up until the period ends. What we got of it before is our share, and spread over a period it fits
 * in beside the others, who reckon alike. More refusals in the same period say nothing new. When the period ends is a
 * guess, so it is tried in between, more and more rarely.
 */
function refused(pace: Pace, retryAfter: number | undefined, at: number, random: () => number): Pace {
  const { period } = pace
  const got = recent(pace.admitted, at, period).length
  // Who got nothing for a period was shut out, and learns nothing new of its share.
  const isNews = at - pace.changedAt >= period && (got > 0 || pace.gap === 0)
  const share = period / Math.max(got, 1)
  const gap = isNews ? Math.max(share, pace.gap) : pace.gap
  const rest = pace.opened + period > at ? pace.opened + period - at : period
  const longest = Math.max(LONGEST_PROBE * Math.max(2 ** (pace.refusals - STUBBORN), 1), gap)
  const probe = Math.min(FIRST_PROBE * 2 ** pace.refusals, longest) * (1 - random() / 2)
  // A `Retry-After` is believed once; when it was too short, it is the least.
  const isBelieved = retryAfter !== undefined && pace.refusals === 0
  return {
    ...pace,
    gap,
    notBefore:
      at + (isBelieved ? retryAfter : Math.max(retryAfter ?? 0, Math.min(rest + gap * random(), probe))),
    retryAt: retryAfter === undefined ? pace.retryAt : at + retryAfter,
    changedAt: isNews ? at : pace.changedAt,
    refusals: pace.refusals + 1,
    admissions: 0,
  }
}

function recent(times: readonly number[], now: number, period: number): readonly number[] {
  return times.filter((time) => time > now - period)
}
