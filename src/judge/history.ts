import type { UntrustedText } from '../untrusted-text.ts'

/** What a job looked like for a while. Times are milliseconds since the wait began. */
export interface HistoryPoint {
  /** When it was first seen like this. */
  readonly at: number
  /** When it was last seen like this. */
  readonly until: number
  readonly status: UntrustedText
  readonly progress: number | undefined
}

/** Points kept per job; above it every second one is dropped, so that memory stays bounded in a long wait. */
const MAX_POINTS = 100

/** Adds what was seen at a moment: a new point if it differs from the last. The first and the newest point stay. */
export function recordPoint(
  history: readonly HistoryPoint[],
  seen: Omit<HistoryPoint, 'until'>,
): readonly HistoryPoint[] {
  const last = history.at(-1)
  const isSame = last?.status.equals(seen.status) === true
  if (isSame && last.progress === seen.progress) return [...history.slice(0, -1), { ...last, until: seen.at }]
  const kept = history.length < MAX_POINTS ? history : history.filter((_point, index) => index % 2 === 0)
  // Equal statuses share one text, since a long wait has many points.
  return [...kept, { ...seen, status: isSame ? last.status : seen.status, until: seen.at }]
}

/** When the highest progress was first seen. */
export function furthestAt(history: readonly HistoryPoint[]): number {
  const furthest = Math.max(...history.map(({ progress = 0 }) => progress))
  return history.find(({ progress = 0 }) => progress === furthest)?.at ?? 0
}
