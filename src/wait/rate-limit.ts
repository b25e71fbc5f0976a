import { MINUTE, SECOND } from '../duration.ts'
import type { Deadline, PollResponse, PollTarget } from './poll-target.ts'

/** The usual limit for all requests of one user. Source: the gateway's 429 message, `limit:200,time:5 minute`. */
const LIMIT = 200
const PERIOD = 5 * MINUTE
/** Spreads the limit evenly over its period. */
export const EVEN_INTERVAL = PERIOD / LIMIT
/** Until the service accepts the credentials, since repeated authentication failures can lock an account. */
const FIRST_INTERVAL = 2 * SECOND
/** Factor for each accepted request, in case other clients have stopped. A smaller one causes more 429s for many clients. */
const RECOVERY_FACTOR = 0.92
/** Before a whole period was observed the share is a guess, which each accepted request contradicts. */
const GUESS_RECOVERY_FACTOR = 0.25
/** First retry after a 429, because the period may end sooner than it seems; it doubles, because a 429 may count, too. */
const MIN_BACKOFF = 30 * SECOND
const MAX_BACKOFF_PERIODS = 2

/**
 * How often this process may send requests. It shares the service's limit with clients that it can't see: all it learns
 * is which requests were accepted or throttled (429). Times are milliseconds since the wait began.
 */
export class RateLimit {
  readonly #random: () => number
  readonly #finalPollAt: number
  /** One job alone can't exhaust the limit, unless its user chose a poll interval of one second. */
  readonly #hasManyJobs: boolean
  #isAccepted = false
  /** Between two requests; 0 until a request is throttled. */
  #interval = 0
  #spacedUntil = 0
  /** Throttled requests in a row, when the next may be sent, and the earliest moment that `Retry-After` allows. */
  #throttles = 0
  #throttledUntil = 0
  #retryAt = 0
  /** The service's period, and when the current one began as far as known: with the first request accepted after a 429. */
  #period = PERIOD
  #periodStart = -Infinity
  #observedSince = Infinity
  #sent: readonly number[] = []
  #accepted: readonly number[] = []

  /** @param random uniform in 0 to 1 */
  constructor(hasManyJobs: boolean, { finalPollAt }: Deadline, random: () => number) {
    this.#hasManyJobs = hasManyJobs
    this.#finalPollAt = finalPollAt
    this.#random = random
  }

  /** The earliest moment for a target's next request; `open` counts the targets that still need a final poll. */
  earliest({ rank }: Pick<PollTarget, 'rank'>, now: number, open: number): number {
    const lastSent = this.#sent.at(-1) ?? -Infinity
    const left = this.#finalPollAt - now
    const isFinal = left <= 0
    const isSpread = this.#hasManyJobs && rank === 3 && !isFinal
    const spacing = Math.max(this.#isAccepted ? 0 : FIRST_INTERVAL, isSpread ? this.interval(now) : 0)
    // Of the limit: a final poll for each target, half of it at most.
    const reserved = left > 0 && left < PERIOD ? Math.min(open, LIMIT / 2) : 0
    const oldest = this.#hasManyJobs ? this.#sent.at(reserved - LIMIT) : undefined
    const exhaustedUntil = (oldest ?? -Infinity) + PERIOD
    const spacedUntil = isFinal ? -Infinity : this.#spacedUntil
    return Math.max(this.#retryAt, spacedUntil, lastSent + spacing, exhaustedUntil)
  }

  /** Milliseconds between two requests. A process with many jobs spreads what is left once half of the limit is used. */
  interval(now: number): number {
    const isSpread = this.#hasManyJobs && within(this.#sent, PERIOD, now).length >= LIMIT / 2
    return Math.max(this.#interval, isSpread ? EVEN_INTERVAL : 0)
  }

  /** No request before, except for the final poll. */
  get notBefore(): number {
    return Math.max(this.#spacedUntil, this.#retryAt)
  }

  onRequest(now: number): void {
    this.#observedSince = Math.min(this.#observedSince, now)
    this.#sent = [...within(this.#sent, PERIOD, now), now]
    this.#spacedUntil = Math.max(this.#spacedUntil, now + this.#interval)
  }

  onResponse(response: PollResponse, at: number): void {
    const isFault = ['transient', 'unusable', 'rejected'].includes(response.kind)
    // A rejection of one job only proves that the service accepts the credentials.
    this.#isAccepted ||= !isFault || (response.kind === 'rejected' && response.scope === 'job')
    if (response.kind === 'transient' && response.throttled !== undefined) {
      this.#period = response.throttled.period ?? this.#period
      this.#onThrottled(response.retryAfter, at)
    } else if (!isFault) this.#onAccepted(at)
  }

  /**
   * What was accepted in the last period is this process's share. Spread evenly, it leaves other clients theirs. With a
   * `Retry-After`, the service accepts requests that far apart.
   */
  #onThrottled(retryAfter: number | undefined, at: number): void {
    if (retryAfter !== undefined) this.#retryAt = Math.max(this.#retryAt, at + retryAfter)
    // This request was in flight when another one was throttled.
    if (at < this.#throttledUntil) return
    const share = Math.max(within(this.#accepted, this.#period, at).length, 1)
    const interval = Math.min(this.#period / share, retryAfter ?? Infinity)
    // Further ones in a row say nothing new about the share.
    if (this.#throttles === 0) this.#interval = Math.max(this.#interval, interval)
    const factor = 2 ** this.#throttles
    const backoff = Math.min(MIN_BACKOFF * factor, MAX_BACKOFF_PERIODS * this.#period)
    const jittered = backoff * (1 - this.#random() / 2)
    const rest = Math.max(this.#periodStart + this.#period - at, 0) || this.#period
    // Not all clients retry at the moment when the period ends.
    const untilPeriodEnds = backoff > this.#period ? Infinity : rest + this.#interval * this.#random()
    // A `Retry-After` that was too short is not enough the next time.
    const multiplied = Math.min((retryAfter ?? 0) * factor, PERIOD)
    this.#throttledUntil = at + (multiplied > 0 ? multiplied : Math.min(untilPeriodEnds, jittered))
    this.#spacedUntil = this.#throttledUntil
    this.#throttles += 1
  }

  #onAccepted(at: number): void {
    if (at >= this.#periodStart + this.#period || this.#throttles > 0) this.#periodStart = at
    const isGuess = at - this.#observedSince < this.#period
    const shortened = this.#interval * (isGuess ? GUESS_RECOVERY_FACTOR : RECOVERY_FACTOR)
    if (this.#interval > 0) this.#interval = Math.max(shortened, EVEN_INTERVAL)
    this.#spacedUntil = Math.min(this.#spacedUntil, at + this.#interval)
    this.#accepted = [...within(this.#accepted, this.#period, at), at]
    this.#throttles = 0
  }
}

function within(moments: readonly number[], period: number, now: number): readonly number[] {
  return moments.filter((moment) => moment > now - period)
}
