import type { HistoryPoint } from '../judge/history.ts'
import type { WaitState } from '../judge/judge.ts'

/** When a job will probably complete, in milliseconds since the wait began. */
export interface Estimate {
  readonly earliest: number
  readonly completion: number
  readonly latest: number
  /** Whether progress was steady all the time, and seen often enough to show that. */
  readonly isSteady: boolean
}

/** Points of progress over which the rate is measured: more would be outdated, less would be too coarse. */
const BASELINE_POINTS = 20
/** Percent from which an estimate may be shown. */
const MIN_SHOWN_PROGRESS = 30
/** Uncertainty of the remaining time, as a fraction of it, because the rate may change. */
const RATE_UNCERTAINTY = 0.1

/**
 * Extrapolates the job's recent progress to 100 %. Undefined without a rate: too little progress was seen, there is none,
 * or it just fell. docs/polling.md explains how.
 */
export function estimateCompletion(history: readonly HistoryPoint[]): Estimate | undefined {
  const milestones = milestonesOf(history)
  const [first, now, before] = [milestones[0], milestones.at(-1), milestones.at(-2)]
  if (first === undefined || now === undefined || before === undefined) return undefined
  const start = milestones.findLast(({ progress }) => now.progress - progress >= BASELINE_POINTS) ?? first
  const overall = extrapolate(start, now)
  const recent = extrapolate(before, now)
  // A slower rate counts at once, a faster one only over the whole baseline: polling too early costs requests.
  const isSlowing = recent.at - recent.uncertainty > overall.at + overall.uncertainty
  const { at: completion, uncertainty } = isSlowing ? recent : overall
  const left = completion - now.at
  const margin = uncertainty + RATE_UNCERTAINTY * left
  const whole = extrapolate(first, now)
  const isSeen = now.progress >= MIN_SHOWN_PROGRESS && now.progress - first.progress >= BASELINE_POINTS
  const isSteady = isSeen && Math.max(Math.abs(whole.at - completion), whole.uncertainty) <= left / 4
  return { earliest: completion - margin, completion, latest: completion + margin, isSteady }
}

type Seen = Pick<WaitState, 'history' | 'subTasks'>

/** When a job will probably complete: the later of what its progress and its sub-tasks predict. */
export function estimate(state: Seen, elapsed: number): Estimate | undefined {
  const [own, ofService] = [estimateCompletion(state.history), estimateOfService(state, elapsed)]
  return (ofService?.completion ?? 0) > (own?.completion ?? 0) ? ofService : own
}

/** The service's own estimate for a job with sub-tasks; undefined if there is none, or its time has passed. */
function estimateOfService({ subTasks }: Seen, elapsed: number): Estimate | undefined {
  const remaining = subTasks?.list.flatMap((task) => task.remaining ?? []) ?? []
  if (subTasks === undefined || remaining.length === 0) return undefined
  // Whether sub-tasks run one after another is not documented, so this may be too early.
  const left = Math.max(...remaining)
  const completion = subTasks.at + left
  const margin = RATE_UNCERTAINTY * left
  const found = { earliest: completion - margin, completion, latest: completion + margin, isSteady: true }
  return elapsed < found.latest ? found : undefined
}

/** Milliseconds that a job will probably still take; undefined unless the estimate is good enough to be shown. */
export function timeLeft(state: Seen, elapsed: number): number | undefined {
  const found = estimate(state, elapsed)
  return found?.isSteady === true && found.completion > elapsed ? found.completion - elapsed : undefined
}

/** A progress and the moment when it was reached, plus or minus the uncertainty. */
interface Milestone {
  readonly progress: number
  readonly at: number
  readonly uncertainty: number
}

/** The milestones since progress last fell or was missing. Each was reached between two responses. */
function milestonesOf(history: readonly HistoryPoint[]): readonly Milestone[] {
  let milestones: Milestone[] = []
  let lastSeen = 0
  for (const { at, until, progress } of history) {
    const last = milestones.at(-1)
    if (progress === undefined) milestones = []
    else if (last === undefined || progress < last.progress) milestones = [{ progress, at, uncertainty: 0 }]
    else if (progress > last.progress) {
      milestones.push({ progress, at: (lastSeen + at) / 2, uncertainty: (at - lastSeen) / 2 })
    }
    lastSeen = until
  }
  return milestones
}

/** When progress reaches 100 at the rate between two milestones. */
function extrapolate(from: Milestone, to: Milestone): Milestone {
  const ahead = (100 - to.progress) / (to.progress - from.progress)
  const uncertainty = to.uncertainty + ahead * (to.uncertainty + from.uncertainty)
  return { progress: 100, at: to.at + ahead * (to.at - from.at), uncertainty }
}
