import type { UntrustedText } from '../untrusted-text.ts'

/** What a job looked like for a while. Times are milliseconds since the wait began. */
export interface HistoryPoint {
  /** When it was first seen so. */
  readonly at: number
  /** When it was last seen so. */
  readonly until: number
  readonly status: UntrustedText
  readonly progress: number | undefined
}

/** Points kept of one job; above it, every second one is dropped, so that memory does not grow with the wait. */
const MAX_POINTS = 100

/** Adds what was seen at a moment: a point when it differs from the one before. The first and the newest are always kept. */
export function recordPoint(
  history: readonly HistoryPoint[],
  seen: Omit<HistoryPoint, 'until'>,
): readonly HistoryPoint[] {
  const last = history.at(-1)
  const isSame = last?.status.equals(seen.status) === true
  if (isSame && last.progress === seen.progress) return [...history.slice(0, -1), { ...last, until: seen.at }]
  const kept = history.length < MAX_POINTS ? history : history.filter((_point, index) => index % 2 === 0)
  // Equal ones share one text: of a long wait there are many.
  return [...kept, { ...seen, status: isSame ? last.status : seen.status, until: seen.at }]
}

/** When the furthest progress was first seen: what goes back and forth tells nothing new. */
export function furthestAt(history: readonly HistoryPoint[]): number {
  const furthest = Math.max(...history.map(({ progress = 0 }) => progress))
  return history.find(({ progress = 0 }) => progress === furthest)?.at ?? 0
}
