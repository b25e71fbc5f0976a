import { nextPollAt, type Deadline, type PollTarget } from './poll-target.ts'
import type { RateLimit } from './rate-limit.ts'

/** Requests in flight at once, so that many jobs do not open as many connections. */
const MAX_IN_FLIGHT = 8

export interface Clock {
  /** Milliseconds from an arbitrary moment; never decreases. */
  now(): number
  /** Resolves early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** An error that was thrown where none should be. */
export class InternalError {
  readonly thrown: unknown
  constructor(thrown: unknown) {
    this.thrown = thrown
  }
}

/** Why polling ended. */
export type Stop = 'finished' | 'timed-out' | 'aborted' | InternalError

export interface PollOptions {
  /** The targets that are not finished yet. */
  readonly targets: () => readonly PollTarget[]
  readonly deadline: Deadline
  readonly rateLimit: RateLimit
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Polls all targets until none is left, the timeout, or an abort. Always resolves. */
export async function poll(options: PollOptions): Promise<Stop> {
  const { targets, deadline, rateLimit, clock, signal } = options
  const start = clock.now()
  const elapsed = () => clock.now() - start
  const inFlight = new Set<PollTarget>()
  const countRequests = () => [...inFlight].filter(usesService).length
  let error: InternalError | undefined
  let wake = new AbortController()
  /** A request that stalls must not keep its target from the final poll. */
  const untilFinalPoll = new AbortController()
  const untilTimeout = new AbortController()

  async function send(target: PollTarget, sentAt: number): Promise<void> {
    inFlight.add(target)
    if (usesService(target)) rateLimit.onRequest(sentAt)
    try {
      const limit = sentAt < deadline.finalPollAt ? untilFinalPoll : untilTimeout
      const response = await target.send(sentAt, limit.signal)
      if (usesService(target)) rateLimit.onResponse(response, elapsed())
      target.handle(response, elapsed())
    } catch (thrown) {
      error ??= new InternalError(thrown)
    }
    inFlight.delete(target)
    wake.abort()
  }

  async function run(): Promise<Stop> {
    for (;;) {
      // One time for the whole round: a request that became due in between would be neither sent nor slept for.
      const now = elapsed()
      if (signal.aborted) return signal.reason instanceof InternalError ? signal.reason : 'aborted'
      if (error !== undefined) return error
      const open = targets()
      if (open.length === 0) return 'finished'
      if (now >= deadline.timeout) return 'timed-out'
      if (now >= deadline.finalPollAt) untilFinalPoll.abort()

      wake = new AbortController()
      const idle = open
        .filter((target) => !inFlight.has(target))
        .map((target) => ({ target, next: nextPollAt(target, deadline) }))
        .sort((a, b) => a.target.rank - b.target.rank || a.next - b.next)
      const moments = [deadline.finalPollAt, deadline.timeout]
      for (const { target, next } of idle) {
        const earliest = next <= now ? rateLimit.earliest(target, now, open.length) : next
        if (earliest > now) moments.push(earliest)
        else if (!usesService(target) || countRequests() < maxInFlight(target)) void send(target, now)
      }
      const wakeAt = Math.min(...moments.filter((moment) => moment > now))
      await clock.sleep(Math.ceil(wakeAt - now), wake.signal)
    }
  }

  const wakeUp = () => {
    wake.abort()
  }
  signal.addEventListener('abort', wakeUp, { signal: untilTimeout.signal })
  const stop = await run()
  untilFinalPoll.abort()
  untilTimeout.abort()
  return stop
}

/** Requests that can wait leave room for the others, even if all of them are slow. */
function maxInFlight({ rank }: PollTarget): number {
  return rank === 3 ? MAX_IN_FLIGHT / 2 : MAX_IN_FLIGHT
}

function usesService({ rank }: PollTarget): boolean {
  return rank !== 4
}
