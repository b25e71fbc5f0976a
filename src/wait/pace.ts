import type { Answer } from '../answer.ts'
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
  /** When questions began, and when they were let through, within the last period. */
  readonly started: readonly number[]
  readonly admitted: readonly number[]
  /** When the period began in which the service counts, as far as we can tell. */
  readonly opened: number
  /** When a refusal last changed the gap, and when a question was last refused. */
  readonly changedAt: number
  readonly refusedAt: number
  /** Refusals in a row. */
  readonly refusals: number
}

export type Pacing = (pace: Pace, answer: Answer, at: number) => Pace

export const UNLIMITED: Pace = {
  gap: 0,
  notBefore: 0,
  started: [],
  admitted: [],
  opened: -Infinity,
  changedAt: -Infinity,
  refusedAt: -Infinity,
  refusals: 0,
}

/** The service's usual limit: 200 requests in 5 minutes. */
const USUAL_PERIOD = 5 * MINUTE
const USUAL_BUDGET = 200
/** A second refusal shows that the share of the first was too large, be it that others came. */
const LESS = 1.5
/** A period without a refusal: perhaps others have gone. */
const MORE = 0.5
const SMALLEST_GAP = 1 * SECOND
/** To the first try after a refusal; each further refusal doubles it. */
const FIRST_PROBE = 30 * SECOND

/** How the pace goes on after an answer; `random` uniform in 0 to 1. */
export function pacing(random: () => number): Pacing {
  return (pace, answer, at) => {
    if (answer.kind !== 'try-again') return admitted(pace, at)
    const { throttled, retryAfter } = answer
    return throttled === undefined ? pace : refused(pace, throttled.period, retryAfter, at, random)
  }
}

/** The pace once so many questions start. */
export function spend(pace: Pace, count: number, now: number): Pace {
  const started = [...recent(pace.started, now), ...Array.from({ length: count }, () => now)]
  return { ...pace, started, notBefore: Math.max(pace.notBefore, now + pace.gap) }
}

/** Questions that a process with several jobs may still start: it keeps to the usual limit by itself. */
export function budgetLeft({ started }: Pace, now: number): number {
  return USUAL_BUDGET - recent(started, now).length
}

/** When the next one may start, once none is left. */
export function budgetAt({ started }: Pace, now: number): number {
  return (recent(started, now).at(-USUAL_BUDGET) ?? -Infinity) + USUAL_PERIOD
}

/** Least time between two questions of a process with several jobs: once half of the budget is used, what it lasts for. */
export function sharedGap(pace: Pace, now: number): number {
  const isShort = budgetLeft(pace, now) <= USUAL_BUDGET / 2
  return Math.max(pace.gap, isShort ? USUAL_PERIOD / USUAL_BUDGET : 0)
}

function recent(times: readonly number[], now: number): readonly number[] {
  return times.filter((time) => time > now - USUAL_PERIOD)
}

function admitted(pace: Pace, at: number): Pace {
  const wasRefused = pace.refusedAt > pace.opened
  const isOver = at >= pace.opened + USUAL_PERIOD
  const gap = isOver && !wasRefused ? pace.gap * MORE : pace.gap
  return {
    ...pace,
    admitted: [...recent(pace.admitted, at), at],
    opened: isOver || wasRefused ? at : pace.opened,
    gap: gap < SMALLEST_GAP ? 0 : gap,
    refusals: 0,
  }
}

/**
 * The budget is used up until the period ends. What we got of it before is our share, and spread over a period it fits
 * in beside the others, who reckon alike. More refusals in the same period say nothing new. When the period ends is a
 * guess, so it is tried in between, more and more rarely.
 */
function refused(
  pace: Pace,
  told: number | undefined,
  retryAfter: number | undefined,
  at: number,
  random: () => number,
): Pace {
  const period = told ?? USUAL_PERIOD
  const isNews = at - pace.changedAt >= period
  const share = period / Math.max(pace.admitted.filter((time) => time > at - period).length, 1)
  const gap = isNews ? Math.max(share, pace.gap * LESS) : pace.gap
  const rest = pace.opened + period > at ? pace.opened + period - at : period * random()
  const probe = FIRST_PROBE * 2 ** pace.refusals * (1 - random() / 2)
  return {
    ...pace,
    gap,
    notBefore: at + (retryAfter ?? Math.min(rest + gap * random(), probe)),
    changedAt: isNews ? at : pace.changedAt,
    refusedAt: at,
    refusals: pace.refusals + 1,
  }
}
