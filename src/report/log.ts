import type * as core from '@actions/core'
import type { JobResponse } from '../response.ts'
import type { JobId } from '../api/job.ts'
import { formatDuration, MINUTE, SECOND } from '../duration.ts'
import { joinPhrases, phrase, type UntrustedText, type Phrase } from '../untrusted-text.ts'
import { timeLeft } from '../wait/estimate.ts'
import type { JobState } from '../wait/judge.ts'
import { count, sameLabel, type Tally } from '../wait/tally.ts'
import type { Clock, WaitListener, WaitPlan } from '../wait/wait.ts'
import { bar, percent } from './progress-bar.ts'
import { forAnnotation, forLog } from './escape.ts'
import { countsPhrase, tallyPhrase } from './explain.ts'
import { colorOf, type Color, type Style } from './style.ts'

/** The longest silence. */
const HEARTBEAT = MINUTE

/** Where lines go. */
export type Printer = Pick<typeof core, 'debug' | 'endGroup' | 'info' | 'isDebug' | 'startGroup' | 'warning'>

interface Latest {
  readonly state: JobState
  /** Milliseconds since the wait began; undefined when no question follows. */
  readonly nextPoll: number | undefined
  readonly isFinished: boolean
}

/** Jobs of which each change is a line; of more, only the ends are. */
const MAX_FOLLOWED = 10
/** Jobs that are named in one line. */
const MAX_NAMED = 10
/** Warnings that are annotations: GitHub keeps ten per step. */
const MAX_WARNINGS = 10

/** The log of a wait: a line per change of status or progress, and a sign of life each minute. */
export class Log implements WaitListener {
  #jobs: readonly JobId[]
  readonly #kind: JobState['kind']
  readonly #printer: Printer
  readonly #clock: Clock
  readonly #style: Style
  readonly #start: number
  readonly #latest = new Map<JobId, Latest>()
  #lastLine: number
  #warnings = 0

  constructor(jobs: WaitPlan['jobs'], printer: Printer, clock: Clock, paint: Style) {
    this.#jobs = 'order' in jobs ? [jobs.order] : jobs
    this.#kind = 'order' in jobs ? 'order' : 'job'
    this.#printer = printer
    this.#clock = clock
    this.#style = paint
    this.#start = this.#lastLine = clock.now()
  }

  /** Says what is waited for, and with whose credentials; `timeout` in milliseconds. */
  begin(endpoint: UntrustedText, timeout: number, credentials: string): void {
    const [first] = this.#jobs
    const what =
      this.#jobs.length === 1 && first !== undefined
        ? phrase`${this.#kind} ${first.text}`
        : phrase`${this.#jobs.length} jobs`
    this.#printer.info(
      forLog(phrase`Waiting for ${what} at ${endpoint}, ${formatDuration(timeout)} at most.`),
    )
    this.#printer.info(`Credentials: ${credentials}.`)
  }

  /** Says that there are new temporary keys; `lifetime` in milliseconds. */
  renewed(lifetime: number): void {
    this.#printer.info(`${this.#time()}  new keys of the agency, good for ${formatDuration(lifetime)}`)
  }

  /** Says that there are none; `lifetime` of the old ones in milliseconds. */
  notRenewed(reason: Phrase, lifetime: number): void {
    const left = formatDuration(lifetime)
    const text = `no new keys of the agency yet, the old ones are good for ${left}: ${forLog(reason)}`
    this.#printer.info(`${this.#time()}  ${this.#style('yellow', text)}`)
  }

  onResponse(state: JobState, nextPoll: number | undefined, isFinished: boolean): void {
    const before = this.#latest.get(state.id)?.state
    this.#latest.set(state.id, { state, nextPoll, isFinished })
    if (state.last !== undefined && this.#printer.isDebug())
      this.#printer.debug(forLog(phrase`${state.id.text}: ${describe(state.last)}`))
    if (this.#jobs.length > MAX_FOLLOWED && !isFinished) return
    if (sameLabel(labelOf(before), labelOf(state)) && before?.progress === state.progress) return
    const name = this.#jobs.length === 1 ? [] : phrase` · ${state.id.text}`
    const left = isFinished ? [] : this.#timeLeft(state)
    const next = phrase`${left}${this.#nextLook(nextPoll)}`
    this.#line(state.progress, colorOf(state), phrase`${labelOf(state)}${name}`, next)
  }

  onJobsFound(jobs: readonly JobId[]): void {
    this.#jobs = jobs
    this.#latest.clear()
    const ids = joinPhrases(
      jobs.slice(0, MAX_NAMED).map(({ text }) => [text]),
      ', ',
    )
    const more = jobs.length > MAX_NAMED ? `, and ${jobs.length - MAX_NAMED} more` : ''
    this.#printer.info(forLog(phrase`${this.#time()}  the order’s jobs: ${ids}${more}`))
  }

  onWarning(warning: Phrase): void {
    this.#warnings += 1
    if (this.#warnings <= MAX_WARNINGS) this.#printer.warning(forAnnotation(warning))
  }

  /** Keeps the log from falling silent, until the signal aborts. */
  async startHeartbeat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = this.#lastLine + HEARTBEAT - this.#clock.now()
      if (due > 0) await this.#clock.sleep(due, signal)
      else this.#heartbeat()
    }
  }

  #heartbeat(): void {
    const latest = [...this.#latest.values()]
    const waiting = latest.filter(({ isFinished }) => !isFinished)
    const nextPoll = Math.min(...waiting.map((job) => job.nextPoll ?? Infinity))
    const [only] = latest
    if (this.#jobs.length === 1 && only !== undefined) {
      const { state } = only
      const fault =
        state.last?.kind === 'transient' ? phrase` · last fault: ${state.last.detail.message}` : []
      this.#line(
        state.progress,
        colorOf(state),
        phrase`still ${labelOf(state)} · ${tallyPhrase(state)}${fault}`,
        phrase`${this.#timeLeft(state)}${this.#nextLook(nextPoll)}`,
      )
      return
    }
    const labels = waiting.reduce<Tally>((tally, { state }) => count(tally, labelOf(state)), [])
    const over = latest.length - waiting.length
    this.#line(
      Math.floor((100 * over) / this.#jobs.length),
      'cyan',
      phrase`${over} of ${this.#jobs.length} jobs are over · ${countsPhrase(labels)}`,
      this.#nextLook(nextPoll),
    )
  }

  /** An estimate, and so no more exact than it can be. */
  #timeLeft({ history }: JobState): Phrase {
    const left = timeLeft(history, this.#elapsed())
    if (left === undefined) return []
    const unit = left > 2 * MINUTE ? MINUTE : 10 * SECOND
    return phrase` · about ${formatDuration(Math.max(Math.round(left / unit), 1) * unit)} left at this pace`
  }

  #nextLook(nextPoll: number | undefined): Phrase {
    if (nextPoll === undefined || !Number.isFinite(nextPoll)) return []
    return phrase` · next look in ${formatDuration(Math.max(nextPoll - this.#elapsed(), SECOND))}`
  }

  /** @param next what is to come, which is less important than what is */
  #line(progress: number | undefined, colour: Color, text: Phrase, next: Phrase): void {
    this.#lastLine = this.#clock.now()
    const now = this.#style(colour, `${bar(progress)} ${percent(progress).padStart(4)}  ${forLog(text)}`)
    this.#printer.info(`${this.#time()}  ${now}${this.#style('grey', forLog(next))}`)
  }

  #time(): string {
    return formatDuration(this.#elapsed()).padStart(8)
  }

  #elapsed(): number {
    return this.#clock.now() - this.#start
  }
}

function labelOf(state: JobState | undefined): string | UntrustedText {
  if (state?.kind === 'order') return 'no job yet'
  return state?.job?.status.label ?? (state?.notFoundSince === undefined ? 'not seen yet' : 'not visible yet')
}

function describe(answer: JobResponse): Phrase {
  switch (answer.kind) {
    case 'job':
      return phrase`${answer.job.status.label} ${percent(answer.job.progress)}`
    case 'other-job':
      return phrase`an answer about job ${answer.id}`
    default:
      return phrase`${answer.kind}, ${answer.detail.message}`
  }
}
