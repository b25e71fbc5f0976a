import { nextPollAt, type Deadline, type PollTarget } from './poll-target.ts'
import type { RateLimit } from './rate-limit.ts'

/**
 * No request of a rank is sent while this many requests are in flight, so that many jobs do not open as many connections.
 * Requests that can wait leave room for the others, even if all of them are slow.
 */
const MAX_IN_FLIGHT = { 1: 8, 2: 8, 3: 4, 4: Infinity }

export interface Clock {
  /** Milliseconds from an arbitrary moment; never decreases. */
  now(): number
  /** Resolves early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Its cause was thrown where nothing should be thrown. */
export class InternalError extends Error {}

/** Why polling ended. */
export type Stop = 'finished' | 'timed-out' | 'aborted' | InternalError

/**
 * Polls all targets until none is left, the timeout, or an abort. Always resolves.
 *
 * @param targets returns the targets that are not finished yet
 */
export async function poll(
  targets: () => readonly PollTarget[],
  deadline: Deadline,
  rateLimit: RateLimit,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Stop> {
  const start = clock.now()
  const elapsed = () => clock.now() - start
  const inFlight = new Set<PollTarget>()
  const countRequests = () => [...inFlight].filter(usesService).length
  let error: InternalError | undefined
  let wake = new AbortController()
  const wakeUp = () => {
    // Without a reason, this would create an error with a stack trace after each response.
    wake.abort('awake')
  }
  /** A request that stalls must not keep its target from the final poll. */
  const untilFinalPoll = new AbortController()
  const untilTimeout = new AbortController()
  signal.addEventListener('abort', wakeUp, { signal: untilTimeout.signal })

  async function send(target: PollTarget, sentAt: number): Promise<void> {
    inFlight.add(target)
    if (usesService(target)) rateLimit.onRequest(sentAt)
    try {
      const limit = sentAt < deadline.finalPollAt ? untilFinalPoll : untilTimeout
      const request = target.send(limit.signal, sentAt)
      target.sentAt = Math.max(target.sentAt, sentAt)
      const response = await request
      const at = elapsed()
      if (usesService(target)) rateLimit.onResponse(response, at)
      target.retryAt = response.kind === 'transient' ? at + (response.retryAfter ?? 0) : at
      target.handle(response, at)
    } catch (cause) {
      error ??= new InternalError('internal error', { cause })
    }
    inFlight.delete(target)
    wakeUp()
  }

  try {
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
        const isLimited = next <= now && usesService(target)
        const earliest = isLimited ? rateLimit.earliest(target, now, open.length) : next
        if (earliest > now) moments.push(earliest)
        else if (countRequests() < MAX_IN_FLIGHT[target.rank]) void send(target, now)
      }
      const wakeAt = Math.min(...moments.filter((moment) => moment > now))
      await clock.sleep(Math.ceil(wakeAt - now), wake.signal)
    }
  } finally {
    untilFinalPoll.abort()
    untilTimeout.abort()
  }
}

function usesService({ rank }: PollTarget): boolean {
  return rank !== 4
}
