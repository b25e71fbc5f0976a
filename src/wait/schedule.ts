import { SECOND } from '../duration.ts'
import type { JobState } from './judge.ts'

/** `auto` looks after a twentieth of the time waited so far, so that the end is seen about 5 % late at most. */
const SHARE = 1 / 20
/** The service's budget, 200 requests in 5 minutes, lasts for one request each 1.5 s. */
const SHORTEST_PAUSE = 2 * SECOND
/** Later than this, nobody wants to know that a job has ended. */
const LONGEST_PAUSE = 15 * SECOND

const FIRST_BACKOFF = 1 * SECOND
const LONGEST_BACKOFF = 30 * SECOND

/** Milliseconds from one answer to the next question. */
export type Pause = (state: JobState, elapsed: number) => number

/**
 * The pause after an answer; none before the first question.
 *
 * @param interval milliseconds, or `auto`
 * @param random uniform in 0 to 1
 */
export function schedule(interval: 'auto' | number, random: () => number): Pause {
  return (state, elapsed) => {
    if (state.last === undefined) return 0
    const pause = interval === 'auto' ? clamp(elapsed * SHARE, SHORTEST_PAUSE, LONGEST_PAUSE) : interval
    return state.last.kind === 'try-again'
      ? Math.max(pause, backoff(state.faults, random), state.last.retryAfter ?? 0)
      : pause
  }
}

/** Doubles with each fault in a row; the jitter of up to a half keeps many waiters out of step. */
function backoff(faults: number, random: () => number): number {
  return Math.min(FIRST_BACKOFF * 2 ** (faults - 1), LONGEST_BACKOFF) * (1 - random() / 2)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
