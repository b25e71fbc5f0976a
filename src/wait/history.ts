import type { OutsideText } from '../outside-text.ts'

/** What a job looked like for a while. Times are milliseconds since the wait began. */
export interface Point {
  /** When it was first seen so. */
  readonly at: number
  /** When it was last seen so. */
  readonly until: number
  readonly status: OutsideText
  readonly progress: number | undefined
}

/** Points kept of one job; above it, every second one is dropped, so that memory does not grow with the wait. */
const MOST_POINTS = 200

/** Adds what was seen at a moment: a point when it differs from the one before. The first and the newest are always kept. */
export function recordPoint(history: readonly Point[], seen: Omit<Point, 'until'>): readonly Point[] {
  const last = history.at(-1)
  if (last?.status.equals(seen.status) === true && last.progress === seen.progress) {
    return [...history.slice(0, -1), { ...last, until: seen.at }]
  }
  const kept = history.length < MOST_POINTS ? history : history.filter((_point, index) => index % 2 === 0)
  return [...kept, { ...seen, until: seen.at }]
}
