import { MINUTE, SECOND } from '../duration.ts'
import { estimate } from './estimate.ts'
import { IDLE_FOR, type WaitState } from '../judge/judge.ts'
import { total } from '../judge/tally.ts'

/** docs/polling.md explains and measures these figures. The rate limit allows one request every 1.5 s. */
const MIN_INTERVAL = 2 * SECOND
/** A finished job must be noticed within half a minute, whatever its progress was. */
const MAX_INTERVAL = 29 * SECOND
/** Without progress: on average as late as polling every 10 s, and later for a job that takes longer than most. */
const BLIND_INTERVAL = 9.5 * SECOND
const LONG_RUNNING = 14 * MINUTE
/** One fewer request is worth this much delay, on average, in noticing that a job finished. */
const DELAY_PER_REQUEST = 0.5 * SECOND
/** Percent. Without an estimate, a job that is below this is not about to finish. */
const HALFWAY = 50

/** While an instance is not active; and while it is, to see that it stays so. */
const INSTANCE_INTERVAL = 10 * SECOND
const ACTIVE_INTERVAL = 20 * SECOND
/** Between attempts to connect to a database: for a minute, the attempt included, at most two seconds, later ten. */
const CONNECTION_INTERVAL = 0.75 * SECOND
const LATE_CONNECTION_INTERVAL = 8 * SECOND
const LATE_AFTER = 1 * MINUTE

const MIN_BACKOFF = 1 * SECOND
const MAX_BACKOFF = 30 * SECOND

/**
 * Milliseconds from a response to the next request for the same job.
 *
 * @param minInterval minimum interval that the rate limit allows for one job, milliseconds
 */
export type PollInterval = (state: WaitState, elapsed: number, minInterval?: number) => number

/**
 * @param setting milliseconds, or `auto`
 * @param random uniform in 0 to 1
 */
export function pollInterval(setting: 'auto' | number, random: () => number): PollInterval {
  return (state, elapsed, minInterval = 0) => {
    if (state.connection !== undefined) {
      return elapsed - state.connection.since < LATE_AFTER ? CONNECTION_INTERVAL : LATE_CONNECTION_INTERVAL
    }
    const chosen = setting === 'auto' ? automatic(state, elapsed, random) : setting
    const wanted = isActive(state) ? Math.min(chosen, ACTIVE_INTERVAL) : chosen
    const interval = minInterval > wanted ? stretched(state, elapsed, minInterval, random) : wanted
    return state.last?.kind === 'transient'
      ? Math.max(interval, backoff(state.faults, random), state.last.retryAfter ?? 0)
      : interval
  }
}

function automatic(state: WaitState, elapsed: number, random: () => number): number {
  // This says nothing about the job: renewed credentials are tried soon.
  if (state.last?.kind === 'rejected') return MIN_INTERVAL
  if (state.last?.kind === 'idle') return IDLE_FOR
  if (state.instance !== undefined) return isActive(state) ? ACTIVE_INTERVAL : INSTANCE_INTERVAL
  // A random second interval keeps the jobs of a matrix from polling in step.
  if (total(state.tally) === 1) return MIN_INTERVAL * (1 + random())
  const expected = estimate(state, elapsed)
  const progress = state.history.at(-1)?.progress
  if (expected === undefined) {
    const isEarly = progress !== undefined && progress < HALFWAY
    return clamp(isEarly ? elapsed : blind(elapsed))
  }
  const { earliest, latest } = expected
  if (elapsed < earliest) return clamp(earliest - elapsed)
  // Where completion is equally likely at any moment, this interval balances requests and delay.
  if (elapsed <= latest) return clamp(Math.sqrt(2 * DELAY_PER_REQUEST * (latest - elapsed)))
  // The estimate was wrong: with time it is worth as little as no progress at all.
  return clamp(Math.min((elapsed - latest) / 3, blind(elapsed)))
}

function isActive({ instance }: WaitState): boolean {
  return instance?.status.meaning === 'active'
}

/** Half of the time so far, up to the interval of a job without progress. */
function blind(elapsed: number): number {
  return Math.min(elapsed / 2, BLIND_INTERVAL * Math.max(1, Math.sqrt(elapsed / LONG_RUNNING)))
}

/** Where requests are scarce, the next one waits for the estimated completion if that is not far. */
function stretched(state: WaitState, elapsed: number, minInterval: number, random: () => number): number {
  const interval = minInterval * (0.9 + random() / 5)
  const left = (estimate(state, elapsed)?.latest ?? 0) - elapsed
  return Math.max(interval, Math.min(left, 2 * interval))
}

/** Doubles with each fault in a row; jitter keeps concurrent waits out of step. */
function backoff(faults: number, random: () => number): number {
  return Math.min(MIN_BACKOFF * 2 ** (faults - 1), MAX_BACKOFF) * (1 - random() / 2)
}

function clamp(interval: number): number {
  return Math.min(Math.max(interval, MIN_INTERVAL), MAX_INTERVAL)
}
