import type { OutsideText } from '../outside-text.ts'

/** What a job looked like from one moment on. */
export interface Point {
  /** Milliseconds since the wait began. */
  readonly at: number
  readonly status: OutsideText
  readonly progress: number | undefined
}

/** Points kept of one job; above it, every second one is dropped, so that memory does not grow with the wait. */
const MOST_POINTS = 200

/** Adds a point when it differs from the one before; the first and the newest point are always kept. */
export function recordPoint(history: readonly Point[], point: Point): readonly Point[] {
  const last = history.at(-1)
  if (last?.status.equals(point.status) === true && last.progress === point.progress) return history
  const kept = history.length < MOST_POINTS ? history : history.filter((_point, index) => index % 2 === 0)
  return [...kept, point]
}
