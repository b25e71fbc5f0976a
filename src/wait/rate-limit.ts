import { MINUTE, SECOND } from '../duration.ts'
import type { Deadline, PollResponse, PollTarget } from './poll-target.ts'

/** The service's usual limit for all requests of one user. Source: the message of its gateway, `limit:200,time:5 minute`. */
const LIMIT = 200
const PERIOD = 5 * MINUTE
/** Spreads the limit evenly over its period. */
export const EVEN_INTERVAL = PERIOD / LIMIT
/** Credentials may be rejected for good, so until the service accepted them requests go out one at a time. */
const INTERVAL_BEFORE_ACCEPTED = 2 * SECOND
/** Each accepted request shortens the interval: perhaps other clients have stopped. Faster, and 256 clients meet more than 10 % rejections. */
const SHORTENED = 0.92
/** Before a whole period was observed, the share is a guess that each accepted request speaks against. */
const GUESS_SHORTENED = 0.25
/** Periods without an accepted request after which the share of before means nothing. */
const MAX_PERIODS_UNSEEN = 3
/** The service may accept requests before the period ends: the first retry, doubling up to a whole period. */
const MIN_BACKOFF = 30 * SECOND

/**
 * How often this process may send requests. It shares the service's limit with clients that it can't see: all it learns
 * is that a request was accepted or throttled (429). Times are milliseconds since the wait began.
 */
export class RateLimit {
  readonly #random: () => number
  readonly #finalPollAt: number
  /** One job alone can't use up the limit, unless its user asks for a request each second. */
  readonly #hasManyJobs: boolean
  /** Between two requests; 0 until a limit was met. */
  #interval = 0
  #notBefore = 0
  #retryAt = 0
  #throttledUntil = 0
  #period = PERIOD
  #isAccepted = false
  /** In a row. */
  #throttles = 0
  /** Requests of the last {@link PERIOD}, and those accepted in the last `#period`. */
  #sent: readonly number[] = []
  #accepted: readonly number[] = []
  /** When the service's current period began, as far as known: with the first request accepted after a throttled one. */
  #periodStart = -Infinity
  /** Since when the share is observed, and when a request was last accepted. */
  #observedSince = Infinity
  #acceptedAt = 0

  /** @param random uniform in 0 to 1 */
  constructor(hasManyJobs: boolean, { finalPollAt }: Deadline, random: () => number) {
    this.#hasManyJobs = hasManyJobs
    this.#finalPollAt = finalPollAt
    this.#random = random
  }

  /** Whether a request may be sent now; `open` counts the targets that still need a final poll. */
  allows({ rank }: Pick<PollTarget, 'rank'>, now: number, open: number): boolean {
    const isFinal = now >= this.#finalPollAt
    const lastSent = this.#sent.at(-1) ?? -Infinity
    if (now < this.#retryAt || (now < this.#notBefore && !isFinal)) return false
    if (!this.#isAccepted && now < lastSent + INTERVAL_BEFORE_ACCEPTED) return false
    if (!this.#hasManyJobs) return true
    if (this.#sentSince(now - PERIOD).length >= LIMIT - this.#reserved(now, open)) return false
    return isFinal || rank < 3 || now >= lastSent + this.interval(now)
  }

  /** When {@link allows} may change by time alone. */
  moments(now: number, open: number): readonly number[] {
    const lastSent = this.#sent.at(-1) ?? -Infinity
    const blocking = this.#sent.at(this.#reserved(now, open) - LIMIT) ?? -Infinity
    return [
      this.#retryAt,
      this.#notBefore,
      lastSent + INTERVAL_BEFORE_ACCEPTED,
      lastSent + this.interval(now),
      blocking + PERIOD,
    ]
  }

  /** Milliseconds between two requests. A process with many jobs spreads what is left once half of the limit is used. */
  interval(now: number): number {
    const isSpread = this.#hasManyJobs && this.#sentSince(now - PERIOD).length >= LIMIT / 2
    return Math.max(this.#interval, isSpread ? EVEN_INTERVAL : 0)
  }

  /** No request before, except for the final poll. */
  get notBefore(): number {
    return Math.max(this.#notBefore, this.#retryAt)
  }

  onRequest(now: number): void {
    this.#observedSince = Math.min(this.#observedSince, now)
    this.#sent = [...this.#sentSince(now - PERIOD), now]
    this.#notBefore = Math.max(this.#notBefore, now + this.#interval)
  }

  onResponse(response: PollResponse, at: number): void {
    this.#isAccepted ||= provesAuthentication(response)
    if (response.kind === 'transient' && response.throttled !== undefined) {
      this.#period = response.throttled.period ?? this.#period
      this.#onThrottled(response.retryAfter, at)
    } else if (['job', 'other-job', 'not-found-yet', 'list'].includes(response.kind)) this.#onAccepted(at)
  }

  /** What was accepted of the last period is this process's share. Spread over a period, it fits in beside other clients. */
  #onThrottled(retryAfter: number | undefined, at: number): void {
    if (retryAfter !== undefined) this.#retryAt = Math.max(this.#retryAt, at + retryAfter)
    // This request was in flight when another one was throttled.
    if (at < this.#throttledUntil) return
    const count = this.#accepted.filter((time) => time > at - this.#period).length
    // Further ones in a row say nothing new about the share.
    if (this.#throttles === 0) this.#interval = Math.max(this.#interval, this.#period / Math.max(count, 1))
    const factor = 2 ** this.#throttles
    const backoff = Math.min(MIN_BACKOFF * factor, this.#period) * (1 - this.#random() / 2)
    const rest = Math.max(this.#periodStart + this.#period - at, 0) || this.#period
    // Not all clients retry at the moment when the period ends.
    const untilPeriodEnds = rest + this.#interval * this.#random()
    // A `Retry-After` that was too short is not enough the next time.
    const multiplied = Math.min((retryAfter ?? 0) * factor, PERIOD)
    this.#throttledUntil = at + (multiplied > 0 ? multiplied : Math.min(untilPeriodEnds, backoff))
    this.#notBefore = this.#throttledUntil
    this.#throttles += 1
  }

  #onAccepted(at: number): void {
    if (at >= this.#periodStart + this.#period || this.#throttles > 0) this.#periodStart = at
    if (at - this.#acceptedAt > MAX_PERIODS_UNSEEN * this.#period) this.#observedSince = at
    const isGuess = at - this.#observedSince < this.#period
    const shortened = this.#interval * (isGuess ? GUESS_SHORTENED : SHORTENED)
    if (this.#interval > 0) this.#interval = Math.max(shortened, EVEN_INTERVAL)
    this.#notBefore = Math.min(this.#notBefore, at + this.#interval)
    this.#accepted = [...this.#accepted.filter((time) => time > at - this.#period), at]
    this.#acceptedAt = at
    this.#throttles = 0
  }

  /** Of the limit: a final poll for each target, half of it at most. */
  #reserved(now: number, open: number): number {
    const left = this.#finalPollAt - now
    return left > 0 && left < PERIOD ? Math.min(open, LIMIT / 2) : 0
  }

  #sentSince(moment: number): readonly number[] {
    return this.#sent.filter((time) => time > moment)
  }
}

/** Whether the service accepted the credentials, even if it knows nothing of the job. */
function provesAuthentication(response: PollResponse): boolean {
  if (response.kind === 'rejected') return response.scope === 'job'
  return response.kind !== 'transient' && response.kind !== 'unusable'
}
