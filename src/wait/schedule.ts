import { MINUTE, SECOND } from '../duration.ts'
import { estimateCompletion } from './estimate.ts'
import type { JobState } from './judge.ts'
import { total } from './tally.ts'

/** docs/schedule.md has the reason of each number, and measures them all. */

/** The service's budget, 200 requests in 5 minutes, lasts for one request each 1.5 s. */
const SHORTEST_PAUSE = 2 * SECOND
/** Later than half a minute, nobody wants to know that a job has ended, whatever its progress said. */
const LONGEST_PAUSE = 29 * SECOND
/** Without progress: as late on average as who asks every 10 s, and later when a job has gone on for longer than most. */
const BLIND_PAUSE = 9.5 * SECOND
const LONG = 14 * MINUTE
/** How much later, on average, a job's end may be seen for one question less, where it is expected. */
const WORTH_OF_A_QUESTION = 0.5 * SECOND
/** Below this, a job that is seen for the first time is not about to end. */
const HALFWAY = 50

const FIRST_BACKOFF = 1 * SECOND
const LONGEST_BACKOFF = 30 * SECOND

/**
 * Milliseconds from one answer to the next question.
 *
 * @param gap least pause between two questions about one job that the service's limit allows, milliseconds
 */
export type Pause = (state: JobState, elapsed: number, gap?: number) => number

/**
 * The pause after an answer, be it that of the list, which may not have told of the job yet; none at the beginning.
 *
 * @param interval milliseconds, or `auto`
 * @param random uniform in 0 to 1
 */
export function schedule(interval: 'auto' | number, random: () => number): Pause {
  return (state, elapsed, gap = 0) => {
    if (elapsed === 0 && state.last === undefined) return 0
    const wanted = interval === 'auto' ? automatic(state, elapsed, random) : interval
    const pause = gap > wanted ? slowed(state, elapsed, gap, random) : wanted
    return state.last?.kind === 'transient'
      ? Math.max(pause, backoff(state.faults, random), state.last.retryAfter ?? 0)
      : pause
  }
}

function automatic(state: JobState, elapsed: number, random: () => number): number {
  // The job has nothing to do with it: new credentials are asked with soon.
  if (state.last?.kind === 'rejected') return SHORTEST_PAUSE
  // The second question is spread, so that the jobs of a matrix do not stay in step.
  if (total(state.tally) === 1) return SHORTEST_PAUSE * (1 + random())
  const expected = estimateCompletion(state.history)
  const progress = state.history.at(-1)?.progress
  if (expected === undefined) {
    const isFarFromOver = progress !== undefined && progress < HALFWAY
    return clamp(isFarFromOver ? elapsed : blind(elapsed))
  }
  const { earliest, latest } = expected
  if (elapsed < earliest) return clamp(earliest - elapsed)
  // In a window of equal chances this is where a question is worth what it costs.
  if (elapsed <= latest) return clamp(Math.sqrt(2 * WORTH_OF_A_QUESTION * (latest - elapsed)))
  // The forecast was wrong: less and less is known, as if there were no progress.
  return clamp(Math.min((elapsed - latest) / 3, blind(elapsed)))
}

/** Half of what was waited so far, until that is long. */
function blind(elapsed: number): number {
  return Math.min(elapsed / 2, BLIND_PAUSE * Math.max(1, Math.sqrt(elapsed / LONG)))
}

/** Where questions are scarce: the next one when the job is expected to be over, if that is not far. */
function slowed(state: JobState, elapsed: number, gap: number, random: () => number): number {
  const pause = gap * (0.9 + random() / 5)
  const left = (estimateCompletion(state.history)?.latest ?? 0) - elapsed
  return Math.max(pause, Math.min(left, 2 * pause))
}

/** Doubles with each fault in a row; the jitter of up to a half keeps many waiters out of step. */
function backoff(faults: number, random: () => number): number {
  return Math.min(FIRST_BACKOFF * 2 ** (faults - 1), LONGEST_BACKOFF) * (1 - random() / 2)
}

function clamp(pause: number): number {
  return Math.min(Math.max(pause, SHORTEST_PAUSE), LONGEST_PAUSE)
}
