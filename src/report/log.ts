import type * as core from '@actions/core'
import type { JobId } from '../api/job.ts'
import { formatDuration, MINUTE, SECOND } from '../duration.ts'
import type { JobResponse } from '../response.ts'
import type { Secrets } from '../secrets.ts'
import { joinPhrases, phrase, type Phrase, type UntrustedText } from '../untrusted-text.ts'
import { timeLeft } from '../wait/estimate.ts'
import type { JobState } from '../judge/judge.ts'
import { count, sameLabel, type Tally } from '../judge/tally.ts'
import type { WaitListener } from '../wait/job-target.ts'
import type { Clock } from '../wait/poll-loop.ts'
import type { WaitPlan, WaitResult } from '../wait/wait.ts'
import { forAnnotation, forLog } from './escape.ts'
import { countsPhrase, tallyPhrase } from './explain.ts'
import type { Outputs } from './outputs.ts'
import { bar, colored, colorOf, percent, type Color } from './style.ts'

/** Longest time without a line. */
const HEARTBEAT_INTERVAL = MINUTE
/** With more jobs, only the end of each job is logged. */
const MAX_FOLLOWED = 10
/** Jobs named in one line or group; the others are counted. */
const MAX_NAMED = 10
/** GitHub keeps ten warning annotations per step. */
const MAX_WARNINGS = 10

export type Printer = Pick<typeof core, 'debug' | 'endGroup' | 'info' | 'isDebug' | 'startGroup' | 'warning'>

interface Latest {
  readonly state: JobState
  /** Milliseconds since the wait began; undefined if no poll follows. */
  readonly nextPoll: number | undefined
  readonly isFinished: boolean
}

/** The log of a wait: one line per change of status or progress, and a heartbeat every minute. */
export class Log implements WaitListener {
  #jobs: readonly JobId[]
  readonly #kind: JobState['kind']
  readonly #printer: Printer
  readonly #clock: Clock
  readonly #usesColor: boolean
  readonly #start: number
  readonly #latest = new Map<JobId, Latest>()
  #lastLine: number
  #warnings = 0

  constructor(jobs: WaitPlan['jobs'], printer: Printer, clock: Clock, usesColor: boolean) {
    this.#jobs = 'order' in jobs ? [jobs.order] : jobs
    this.#kind = 'order' in jobs ? 'order' : 'job'
    this.#printer = printer
    this.#clock = clock
    this.#usesColor = usesColor
    this.#start = this.#lastLine = clock.now()
  }

  /** @param timeout milliseconds */
  onStart(endpoint: UntrustedText, timeout: number, credentials: string): void {
    const [only, ...others] = this.#jobs
    const isSingle = only !== undefined && others.length === 0
    const target = isSingle ? phrase`${this.#kind} ${only.text}` : `${this.#jobs.length} jobs`
    this.#printer.info(forLog(phrase`Waiting up to ${formatDuration(timeout)} for ${target} at ${endpoint}`))
    this.#printer.info(`Credentials: ${credentials}.`)
  }

  /** @param lifetime of the new keys, milliseconds */
  readonly onRenewed = (lifetime: number): void => {
    this.#print(`new temporary keys from the agency, valid for ${formatDuration(lifetime)}`)
  }

  /** @param lifetime of the current keys, milliseconds */
  readonly onNotRenewed = (reason: Phrase, lifetime: number): void => {
    const validity = `the current ones are valid for ${formatDuration(lifetime)}`
    const text = `could not renew the keys of the agency, ${validity}: ${forLog(reason)}`
    this.#print(this.#style('yellow', text))
  }

  onResponse(state: JobState, nextPoll: number | undefined, isFinished: boolean): void {
    const previous = this.#latest.get(state.id)?.state
    const latest = { state, nextPoll, isFinished }
    this.#latest.set(state.id, latest)
    if (state.last !== undefined && this.#printer.isDebug()) {
      this.#printer.debug(forLog(phrase`${state.id.text}: ${describe(state.last)}`))
    }
    if (this.#jobs.length > MAX_FOLLOWED && !isFinished) return
    if (sameLabel(labelOf(previous), labelOf(state)) && previous?.progress === state.progress) return
    const id = this.#jobs.length === 1 ? [] : phrase` · ${state.id.text}`
    this.#printState(latest, phrase`${labelOf(state)}${id}`)
  }

  onJobsFound(jobs: readonly JobId[]): void {
    this.#jobs = jobs
    this.#latest.clear()
    const named = jobs.slice(0, MAX_NAMED).map(({ text }) => [text])
    const more = jobs.length > MAX_NAMED ? `, and ${jobs.length - MAX_NAMED} more` : ''
    this.#print(forLog(phrase`jobs of the order: ${joinPhrases(named, ', ')}${more}`))
  }

  onWarning(warning: Phrase): void {
    this.#warnings += 1
    if (this.#warnings <= MAX_WARNINGS) this.#printer.warning(forAnnotation(warning))
  }

  /** Prints a line whenever the log has been silent for a minute, until the signal aborts. */
  async startHeartbeat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = this.#lastLine + HEARTBEAT_INTERVAL - this.#clock.now()
      if (due > 0) await this.#clock.sleep(due, signal)
      else this.#heartbeat()
    }
  }

  #heartbeat(): void {
    const latest = [...this.#latest.values()]
    const [only] = latest
    if (this.#jobs.length === 1 && only !== undefined) {
      const { state } = only
      const { last } = state
      const error = last?.kind === 'transient' ? phrase` · last error: ${last.detail.message}` : []
      this.#printState(only, phrase`still ${labelOf(state)} · ${tallyPhrase(state)}${error}`)
      return
    }
    const active = latest.filter(({ isFinished }) => !isFinished)
    const nextPoll = Math.min(...active.map((job) => job.nextPoll ?? Infinity))
    const labels = active.reduce<Tally>((tally, { state }) => count(tally, labelOf(state)), [])
    const finished = latest.length - active.length
    const all = this.#jobs.length
    const text = phrase`${finished} of ${all} jobs finished · ${countsPhrase(labels)}`
    this.#printProgress(Math.floor((100 * finished) / all), 'cyan', text, this.#nextPoll(nextPoll))
  }

  #printState({ state, nextPoll, isFinished }: Latest, text: Phrase): void {
    const estimate = isFinished ? [] : this.#estimate(state)
    const outlook = phrase`${estimate}${this.#nextPoll(nextPoll)}`
    this.#printProgress(state.progress, colorOf(state), text, outlook)
  }

  /** Rounded, because it is an estimate. */
  #estimate({ history }: JobState): Phrase {
    const left = timeLeft(history, this.#elapsed())
    if (left === undefined) return []
    const unit = left > 2 * MINUTE ? MINUTE : left > 15 * SECOND ? 10 * SECOND : SECOND
    return phrase` · about ${formatDuration(Math.max(Math.round(left / unit), 1) * unit)} left`
  }

  #nextPoll(nextPoll: number | undefined): Phrase {
    if (nextPoll === undefined || !Number.isFinite(nextPoll)) return []
    return phrase` · next poll in ${formatDuration(Math.max(nextPoll - this.#elapsed(), SECOND))}`
  }

  #printProgress(progress: number | undefined, color: Color, text: Phrase, outlook: Phrase): void {
    this.#lastLine = this.#clock.now()
    const now = this.#style(color, `${bar(progress)} ${percent(progress).padStart(4)}  ${forLog(text)}`)
    this.#print(`${now}${this.#style('gray', forLog(outlook))}`)
  }

  #style(color: Color, text: string): string {
    return this.#usesColor ? colored(color, text) : text
  }

  #print(text: string): void {
    this.#printer.info(`${formatDuration(this.#elapsed()).padStart(8)}  ${text}`)
  }

  #elapsed(): number {
    return this.#clock.now() - this.#start
  }
}

/** Prints a group of the log, which the runner folds: the requests and responses, and the outputs. */
export function printDetails(
  results: readonly WaitResult[],
  outputs: Outputs,
  requests: number,
  printer: Pick<Printer, 'endGroup' | 'info' | 'startGroup'>,
  secrets: Secrets,
): void {
  const rest = results.length - MAX_NAMED
  printer.startGroup('Details')
  printer.info(`Requests sent: ${requests}`)
  for (const { state } of results.slice(0, MAX_NAMED)) {
    printer.info(forLog(phrase`${state.kind} ${state.id.text}: ${tallyPhrase(state)}`))
  }
  if (rest > 0) printer.info(`and ${rest} more`)
  for (const [name, value] of Object.entries(outputs)) {
    printer.info(forLog(phrase`output ${name}: ${secrets.text(value)}`))
  }
  printer.endGroup()
}

function labelOf(state: JobState | undefined): string | UntrustedText {
  if (state?.kind === 'order') return 'no job yet'
  return state?.job?.status.label ?? (state?.notFoundSince === undefined ? 'no status yet' : 'not found yet')
}

function describe(response: JobResponse): Phrase {
  switch (response.kind) {
    case 'job':
      return phrase`${response.job.status.label} ${percent(response.job.progress)}`
    case 'other-job':
      return phrase`a response about job ${response.id}`
    default:
      return phrase`${response.kind}, ${response.detail.message}`
  }
}
