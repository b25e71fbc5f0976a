import type { JobResponse, ListResponse } from '../response.ts'
import { SECOND } from '../duration.ts'
import { budgetAt, budgetLeft, keptFor, sharedGap, spend, UNLIMITED, type Pacing } from './pace.ts'

/** Exchanges under way at once, so that many jobs do not open as many connections. */
const MOST_AT_ONCE = 8
/**
 * Until the first answer, questions go out one by one, so far apart at least: refused credentials shall not be sent
 * for each of many jobs, since repeated refusals lock an account.
 */
const FIRST_APART = 2 * SECOND

/** When the next questions of this process may start, be they about a job or for the list. */
export class Turns {
  readonly #pacing: Pacing
  /** One job alone can't use up the budget, but for who asks each second, and means it. */
  readonly #isBudgeted: boolean
  readonly #lastLook: number
  #pace = UNLIMITED
  #isAnswered = false
  #lastStart = -Infinity

  /** @param lastLook from then on only the service's own word holds a question back, milliseconds since the wait began */
  constructor(pacing: Pacing, isBudgeted: boolean, lastLook: number) {
    this.#pacing = pacing
    this.#isBudgeted = isBudgeted
    this.#lastLook = lastLook
  }

  /** How many more questions may start now, of so many that wait for their turn again and again. */
  free(now: number, underWay: number, all: number): number {
    const { notBefore, retryAt, gap } = this.#pace
    const isLast = now >= this.#lastLook
    if (now < retryAt || (now < notBefore && !isLast)) return 0
    if (!this.#isAnswered && now < this.#lastStart + FIRST_APART) return 0
    const isOneByOne = !this.#isAnswered || (gap > 0 && !isLast)
    const budget = this.#isBudgeted ? budgetLeft(this.#pace, now, this.#kept(now, all)) : Infinity
    return Math.max(Math.min(isOneByOne ? 1 : Infinity, MOST_AT_ONCE - underWay, budget), 0)
  }

  /** How many of them may be about what can wait: once half of the budget is used, the rest is shared out. */
  unhurried(now: number): number {
    const gap = this.gap(now)
    if (gap === 0 || now >= this.#lastLook) return Infinity
    return now < this.#lastStart + gap ? 0 : 1
  }

  /** When that may change by time alone. */
  moments(now: number, all: number): readonly number[] {
    const { notBefore, retryAt } = this.#pace
    return [
      this.#isAnswered ? -Infinity : this.#lastStart + FIRST_APART,
      notBefore,
      retryAt,
      this.#lastStart + this.gap(now),
      this.#isBudgeted ? budgetAt(this.#pace, now, this.#kept(now, all)) : Infinity,
    ]
  }

  start(count: number, now: number): void {
    this.#lastStart = now
    this.#pace = spend(this.#pace, count, now)
  }

  hear(answer: JobResponse | ListResponse, at: number): void {
    this.#isAnswered ||= saysThatWeMayAsk(answer)
    this.#pace = this.#pacing(this.#pace, answer, at)
  }

  /** Least time between two questions, whatever they are about. */
  gap(now: number): number {
    return this.#isBudgeted ? sharedGap(this.#pace, now) : this.#pace.gap
  }

  /** No question before. */
  get notBefore(): number {
    return this.#pace.notBefore
  }

  /** No question before, not even the last look: the service said so. */
  get retryAt(): number {
    return this.#pace.retryAt
  }

  /** Of the budget, for the last look. */
  #kept(now: number, all: number): number {
    return keptFor(all, this.#lastLook - now)
  }
}

/** Whether the service took the credentials, be it that it knows nothing of the job. */
function saysThatWeMayAsk(answer: JobResponse | ListResponse): boolean {
  if (answer.kind === 'rejected') return answer.scope === 'job'
  return answer.kind !== 'transient' && answer.kind !== 'unusable'
}
