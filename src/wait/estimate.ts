import type { HistoryPoint } from './history.ts'

/** When a job will probably be over, in milliseconds since the wait began. */
export interface Estimate {
  readonly earliest: number
  readonly end: number
  readonly latest: number
  /** Whether the pace has been the same from the first look on, and was seen finely enough to tell. */
  readonly isSteady: boolean
}

/** Percent of progress over which the pace is measured: what is more recent says more, what is less says too little. */
const BASELINE = 20
/** Percent from which on an end is in sight. */
const MIN_PROGRESS = 30
/** By how much of the time left a pace may change on the way. */
const RATE_UNCERTAINTY = 0.1

/**
 * Where the job's recent progress leads. Undefined when it tells no pace: too little is seen yet, none is told, or it
 * has just fallen back. docs/schedule.md explains it.
 */
export function estimateCompletion(history: readonly HistoryPoint[]): Estimate | undefined {
  const rise = segmentOf(history)
  const [first, now, before] = [rise[0], rise.at(-1), rise.at(-2)]
  if (first === undefined || now === undefined || before === undefined) return undefined
  const start = rise.findLast(({ progress }) => now.progress - progress >= BASELINE) ?? first
  const overall = extrapolate(start, now)
  const recent = extrapolate(before, now)
  // A pace that fell counts at once, one that rose only over the whole baseline: to be early is what costs questions.
  const isSlowing = recent.end - recent.doubt > overall.end + overall.doubt
  const { end, doubt } = isSlowing ? recent : overall
  const left = end - now.at
  const margin = doubt + RATE_UNCERTAINTY * left
  const whole = extrapolate(first, now)
  const isSeen = now.progress >= MIN_PROGRESS && now.progress - first.progress >= BASELINE
  const isSteady = isSeen && Math.max(Math.abs(whole.end - end), whole.doubt) <= left / 4
  return { earliest: end - margin, end, latest: end + margin, isSteady }
}

/** Milliseconds that a job will probably still take; undefined unless that deserves trust. */
export function timeLeft(history: readonly HistoryPoint[], elapsed: number): number | undefined {
  const expected = estimateCompletion(history)
  return expected?.isSteady === true && expected.end > elapsed ? expected.end - elapsed : undefined
}

/** A progress, and the moment at which it was reached, give or take the doubt. */
interface Milestone {
  readonly progress: number
  readonly at: number
  readonly uncertainty: number
}

/** The milestones since progress last fell, or was last missing; each was reached between two looks. */
function segmentOf(history: readonly HistoryPoint[]): readonly Milestone[] {
  let rise: Milestone[] = []
  let lastLook = 0
  for (const { at, until, progress } of history) {
    const last = rise.at(-1)
    if (progress === undefined) rise = []
    else if (last === undefined || progress < last.progress) rise = [{ progress, at, uncertainty: 0 }]
    else if (progress > last.progress) {
      rise.push({ progress, at: (lastLook + at) / 2, uncertainty: (at - lastLook) / 2 })
    }
    lastLook = until
  }
  return rise
}

/** When progress reaches 100 if it goes on as from one milestone to another. */
function extrapolate(from: Milestone, to: Milestone): { readonly end: number; readonly doubt: number } {
  const ahead = (100 - to.progress) / (to.progress - from.progress)
  return {
    end: to.at + ahead * (to.at - from.at),
    doubt: to.uncertainty + ahead * (to.uncertainty + from.uncertainty),
  }
}
