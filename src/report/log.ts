import type * as core from '@actions/core'
import type { Answer } from '../answer.ts'
import type { JobId } from '../api/job.ts'
import { formatDuration, MINUTE, SECOND } from '../duration.ts'
import { joinPhrases, phrase, type OutsideText, type Phrase } from '../outside-text.ts'
import { timeLeft } from '../wait/forecast.ts'
import type { JobState } from '../wait/judge.ts'
import { count, sameLabel, type Tally } from '../wait/tally.ts'
import type { Clock, Listener, WaitPlan } from '../wait/wait.ts'
import { bar, percent } from './bar.ts'
import { forAnnotation, forLog } from './escape.ts'
import { countsPhrase, tallyPhrase } from './explain.ts'
import { colourOf, type Colour, type Paint } from './paint.ts'

/** The longest silence. */
const SIGN_OF_LIFE = MINUTE

/** Where lines go. */
export type Printer = Pick<typeof core, 'debug' | 'endGroup' | 'info' | 'isDebug' | 'startGroup' | 'warning'>

interface News {
  readonly state: JobState
  /** Milliseconds since the wait began; undefined when no question follows. */
  readonly nextAsk: number | undefined
  readonly isOver: boolean
}

/** Jobs of which each change is a line; of more, only the ends are. */
const MOST_FOLLOWED = 10
/** Jobs that are named in one line. */
const MOST_NAMED = 10
/** Warnings that are annotations: GitHub keeps ten per step. */
const MOST_WARNINGS = 10

/** The log of a wait: a line per change of status or progress, and a sign of life each minute. */
export class Log implements Listener {
  #jobs: readonly JobId[]
  readonly #kind: JobState['kind']
  readonly #printer: Printer
  readonly #clock: Clock
  readonly #paint: Paint
  readonly #start: number
  readonly #latest = new Map<JobId, News>()
  #lastLine: number
  #warnings = 0

  constructor(jobs: WaitPlan['jobs'], printer: Printer, clock: Clock, paint: Paint) {
    this.#jobs = 'order' in jobs ? [jobs.order] : jobs
    this.#kind = 'order' in jobs ? 'order' : 'job'
    this.#printer = printer
    this.#clock = clock
    this.#paint = paint
    this.#start = this.#lastLine = clock.now()
  }

  /** Says what is waited for, and with whose credentials; `timeout` in milliseconds. */
  begin(endpoint: OutsideText, timeout: number, credentials: string): void {
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
    this.#printer.info(`${this.#time()}  ${this.#paint('yellow', text)}`)
  }

  answered(state: JobState, nextAsk: number | undefined, isOver: boolean): void {
    const before = this.#latest.get(state.id)?.state
    this.#latest.set(state.id, { state, nextAsk, isOver })
    if (state.last !== undefined && this.#printer.isDebug())
      this.#printer.debug(forLog(phrase`${state.id.text}: ${describe(state.last)}`))
    if (this.#jobs.length > MOST_FOLLOWED && !isOver) return
    if (sameLabel(labelOf(before), labelOf(state)) && before?.progress === state.progress) return
    const name = this.#jobs.length === 1 ? [] : phrase` · ${state.id.text}`
    const left = isOver ? [] : this.#timeLeft(state)
    const next = phrase`${left}${this.#nextLook(nextAsk)}`
    this.#line(state.progress, colourOf(state), phrase`${labelOf(state)}${name}`, next)
  }

  found(jobs: readonly JobId[]): void {
    this.#jobs = jobs
    this.#latest.clear()
    const ids = joinPhrases(
      jobs.slice(0, MOST_NAMED).map(({ text }) => [text]),
      ', ',
    )
    const more = jobs.length > MOST_NAMED ? `, and ${jobs.length - MOST_NAMED} more` : ''
    this.#printer.info(forLog(phrase`${this.#time()}  the order’s jobs: ${ids}${more}`))
  }

  warned(warning: Phrase): void {
    this.#warnings += 1
    if (this.#warnings <= MOST_WARNINGS) this.#printer.warning(forAnnotation(warning))
  }

  /** Keeps the log from falling silent, until the signal aborts. */
  async signsOfLife(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = this.#lastLine + SIGN_OF_LIFE - this.#clock.now()
      if (due > 0) await this.#clock.sleep(due, signal)
      else this.#signOfLife()
    }
  }

  #signOfLife(): void {
    const latest = [...this.#latest.values()]
    const waiting = latest.filter(({ isOver }) => !isOver)
    const nextAsk = Math.min(...waiting.map((job) => job.nextAsk ?? Infinity))
    const [only] = latest
    if (this.#jobs.length === 1 && only !== undefined) {
      const { state } = only
      const fault = state.last?.kind === 'try-again' ? phrase` · last fault: ${state.last.told.says}` : []
      this.#line(
        state.progress,
        colourOf(state),
        phrase`still ${labelOf(state)} · ${tallyPhrase(state)}${fault}`,
        phrase`${this.#timeLeft(state)}${this.#nextLook(nextAsk)}`,
      )
      return
    }
    const labels = waiting.reduce<Tally>((tally, { state }) => count(tally, labelOf(state)), [])
    const over = latest.length - waiting.length
    this.#line(
      Math.floor((100 * over) / this.#jobs.length),
      'cyan',
      phrase`${over} of ${this.#jobs.length} jobs are over · ${countsPhrase(labels)}`,
      this.#nextLook(nextAsk),
    )
  }

  /** An estimate, and so no more exact than it can be. */
  #timeLeft({ history }: JobState): Phrase {
    const left = timeLeft(history, this.#elapsed())
    if (left === undefined) return []
    const unit = left > 2 * MINUTE ? MINUTE : 10 * SECOND
    return phrase` · about ${formatDuration(Math.max(Math.round(left / unit), 1) * unit)} left at this pace`
  }

  #nextLook(nextAsk: number | undefined): Phrase {
    if (nextAsk === undefined || !Number.isFinite(nextAsk)) return []
    return phrase` · next look in ${formatDuration(Math.max(nextAsk - this.#elapsed(), SECOND))}`
  }

  /** @param next what is to come, which is less important than what is */
  #line(progress: number | undefined, colour: Colour, text: Phrase, next: Phrase): void {
    this.#lastLine = this.#clock.now()
    const now = this.#paint(colour, `${bar(progress)} ${percent(progress).padStart(4)}  ${forLog(text)}`)
    this.#printer.info(`${this.#time()}  ${now}${this.#paint('grey', forLog(next))}`)
  }

  #time(): string {
    return formatDuration(this.#elapsed()).padStart(8)
  }

  #elapsed(): number {
    return this.#clock.now() - this.#start
  }
}

function labelOf(state: JobState | undefined): string | OutsideText {
  if (state?.kind === 'order') return 'no job yet'
  return state?.job?.status.label ?? (state?.hiddenSince === undefined ? 'not seen yet' : 'not visible yet')
}

function describe(answer: Answer): Phrase {
  switch (answer.kind) {
    case 'job':
      return phrase`${answer.job.status.label} ${percent(answer.job.progress)}`
    case 'other-job':
      return phrase`an answer about job ${answer.id}`
    default:
      return phrase`${answer.kind}, ${answer.told.says}`
  }
}
