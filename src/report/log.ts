import type * as core from '@actions/core'
import type { Id } from '../id.ts'
import { formatDuration, MINUTE, SECOND } from '../duration.ts'
import type { JudgedResponse } from '../response.ts'
import type { Secrets } from '../secrets.ts'
import { joinPhrases, phrase, type Phrase, type UntrustedText } from '../untrusted-text.ts'
import { timeLeft } from '../wait/estimate.ts'
import type { WaitState } from '../judge/judge.ts'
import { count, type Tally } from '../judge/tally.ts'
import type { WaitListener } from '../wait/judged-target.ts'
import type { Clock } from '../wait/poll-loop.ts'
import type { WaitResult } from '../wait/wait.ts'
import type { WaitFor } from '../wait-for.ts'
import { forAnnotation, forLog } from './escape.ts'
import { countsPhrase, runningJob, statesOf, tallyPhrase, withProgress } from './explain.ts'
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
  readonly state: WaitState
  /** Milliseconds since the wait began; undefined if no poll follows. */
  readonly nextPoll: number | undefined
  readonly isFinished: boolean
}

/** The log of a wait: one line per change of status or progress, and a heartbeat every minute. */
export class Log implements WaitListener {
  /** What the wait is for; the jobs of an order replace it. */
  #ids: readonly Id[]
  readonly #waitFor: WaitFor
  readonly #printer: Printer
  readonly #clock: Clock
  readonly #style: (color: Color, text: string) => string
  readonly #start: number
  readonly #latest = new Map<Id, Latest>()
  #lastLine: number
  #warnings = 0

  constructor(waitFor: WaitFor, printer: Printer, clock: Clock, usesColor: boolean) {
    this.#ids = waitFor.ids
    this.#waitFor = waitFor
    this.#printer = printer
    this.#clock = clock
    this.#style = usesColor ? colored : (_color, text) => text
    this.#start = this.#lastLine = clock.now()
  }

  /** @param timeout milliseconds */
  onStart(endpoint: UntrustedText, timeout: number, credentials: string): void {
    const { kind, ids } = this.#waitFor
    const [first] = ids
    const target = first && ids.length === 1 ? phrase`${kind} ${first.text}` : `${ids.length} ${kind}s`
    const goal = phrase`${formatDuration(timeout)} for ${target}${goalOf(this.#waitFor)}`
    this.#printer.info(forLog(phrase`Waiting up to ${goal} at ${endpoint}`))
    this.#printer.info(`Credentials: ${credentials}.`)
  }

  readonly onProject = (id: string, region: string): void => {
    this.#print(forLog(phrase`project ${id}, looked up for the region ${region}`))
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

  onResponse(state: WaitState, nextPoll: number | undefined, isFinished: boolean): void {
    const previous = this.#latest.get(state.id)?.state
    const latest = { state, nextPoll, isFinished }
    this.#latest.set(state.id, latest)
    if (state.last !== undefined && this.#printer.isDebug()) {
      this.#printer.debug(forLog(phrase`${state.id.text}: ${describe(state.last)}`))
    }
    if (this.#ids.length > MAX_FOLLOWED && !isFinished) return
    if (previous?.subTasks !== state.subTasks) this.#printSubTasks(previous, state)
    const isReady = isFinished && state.kind === 'instance'
    if (keyOf(previous) === keyOf(state) && !isReady) return
    this.#printState(latest, phrase`${describeState(latest)}${this.#of(state.id)}`)
  }

  onJobsFound(order: Id, jobs: readonly Id[]): void {
    this.#ids = this.#ids.flatMap((id) => (id === order ? jobs : [id]))
    this.#latest.delete(order)
    const named = jobs.slice(0, MAX_NAMED).map(({ text }) => [text])
    const more = jobs.length > MAX_NAMED ? `, and ${jobs.length - MAX_NAMED} more` : ''
    const orders = this.#waitFor.ids.length === 1 ? 'the order' : phrase`order ${order.text}`
    this.#print(forLog(phrase`jobs of ${orders}: ${joinPhrases(named, ', ')}${more}`))
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
    const active = [...this.#latest.values()].filter(({ isFinished }) => !isFinished)
    const [only] = active
    if (this.#ids.length === 1 && only !== undefined) {
      const { kind, last } = only.state
      const error = last?.kind === 'transient' ? phrase` · last error: ${last.detail.message}` : []
      const still = kind === 'instance' ? '' : 'still '
      this.#printState(only, phrase`${still}${describeState(only)} · ${tallyPhrase(only.state)}${error}`)
      return
    }
    const nextPoll = Math.min(...active.map((job) => job.nextPoll ?? Infinity))
    const labels = active.reduce<Tally>((tally, { state }) => count(tally, labelOf(state)), [])
    const all = this.#ids.length
    const finished = this.#ids.filter((id) => this.#latest.has(id)).length - active.length
    const noun = this.#waitFor.kind === 'instance' ? 'instances' : 'jobs'
    const text = phrase`${finished} of ${all} ${noun} finished · ${countsPhrase(labels)}`
    this.#printProgress(Math.floor((100 * finished) / all), 'cyan', text, this.#nextPoll(nextPoll))
  }

  #printState({ state, nextPoll, isFinished }: Latest, text: Phrase): void {
    const left = aboutLeft(isFinished ? undefined : timeLeft(state, this.#elapsed()))
    const progress = state.kind === 'instance' ? null : state.progress
    this.#printProgress(progress, colorOf(state), text, `${left}${this.#nextPoll(nextPoll)}`)
  }

  /** Prints a line for each sub-task that changed. */
  #printSubTasks(before: WaitState | undefined, { subTasks, id }: WaitState): void {
    for (const [index, { name, status, progress, remaining }] of (subTasks?.list ?? []).entries()) {
      const last = before?.subTasks?.list[index]
      if (last?.status.equals(status) === true && last.progress === progress) continue
      const text = phrase`sub-task ${name}: ${withProgress(status, progress)}${this.#of(id)}${aboutLeft(remaining)}`
      this.#printProgress(null, 'cyan', text, '')
    }
  }

  /** The ID, unless there is only one. */
  #of({ text }: Id): Phrase {
    return this.#ids.length === 1 ? [] : phrase` · ${text}`
  }

  #nextPoll(nextPoll = Infinity): string {
    if (!Number.isFinite(nextPoll)) return ''
    return ` · next poll in ${formatDuration(Math.max(nextPoll - this.#elapsed(), SECOND))}`
  }

  /** @param progress null for something that has none */
  #printProgress(progress: number | undefined | null, color: Color, text: Phrase, outlook: string): void {
    this.#lastLine = this.#clock.now()
    const cells = progress === null ? ''.padStart(25) : `${bar(progress)} ${percent(progress).padStart(4)}`
    const now = this.#style(color, `${cells}  ${forLog(text)}`)
    this.#print(`${now}${this.#style('gray', outlook)}`)
  }

  #print(text: string): void {
    this.#printer.info(`${formatDuration(this.#elapsed()).padStart(8)}  ${text}`)
  }

  #elapsed(): number {
    return this.#clock.now() - this.#start
  }
}

function goalOf({ kind, ids, until }: WaitFor): string {
  if (until === 'completed') return kind === 'instance' ? ', until no job is running,' : ''
  const [one, several] = kind === 'instance' ? ['it', 'they'] : ['its instance', 'their instances']
  const [subject, are, accept] = ids.length === 1 ? [one, 'is', 'accepts'] : [several, 'are', 'accept']
  return `, until ${subject} ${until === 'available' ? `${are} available` : `${accept} connections`},`
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
  for (const state of results.slice(0, MAX_NAMED).flatMap(statesOf)) {
    printer.info(forLog(phrase`${state.kind} ${state.id.text}: ${tallyPhrase(state)}`))
  }
  if (rest > 0) printer.info(`and ${rest} more`)
  for (const [name, value] of Object.entries(outputs)) {
    printer.info(forLog(phrase`output ${name}: ${secrets.text(value)}`))
  }
  printer.endGroup()
}

/** Rounded, because it is an estimate. */
function aboutLeft(ms: number | undefined): string {
  if (ms === undefined) return ''
  const unit = ms > 2 * MINUTE ? MINUTE : ms > 15 * SECOND ? 10 * SECOND : SECOND
  return ` · about ${formatDuration(Math.max(Math.round(ms / unit), 1) * unit)} left`
}

function labelOf(state: WaitState | undefined): string | UntrustedText {
  if (state?.kind === 'order') return 'no job yet'
  const label = state?.connection?.label ?? state?.instance?.status.label ?? state?.job?.status.label
  return label ?? (state?.notFoundSince === undefined ? 'no status yet' : 'not found yet')
}

/** Differs if a new line is due: by the status, the progress, or the job that runs on an instance. */
function keyOf(state: WaitState | undefined): string {
  const runningName = state?.kind === 'instance' ? (state.job?.name ?? '') : ''
  return forLog(phrase`${labelOf(state)} ${percent(state?.progress)} ${runningName}`)
}

function describeState({ state, isFinished }: Latest): Phrase {
  const label = labelOf(state)
  if (state.kind !== 'instance') return [label]
  const { connection, instance, job } = state
  if (connection !== undefined) return phrase`connecting to ${connection.address}: ${label}`
  if (instance !== undefined)
    return isFinished && instance.status.meaning === 'active'
      ? ['instance available']
      : phrase`instance ${label}`
  return job === undefined
    ? ['no job is running']
    : phrase`${runningJob(job)} is ${withProgress(label, job.progress)}`
}

function describe(response: JudgedResponse): Phrase {
  switch (response.kind) {
    case 'job':
    case 'busy':
      return phrase`${response.job.status.label} ${percent(response.job.progress)}`
    case 'instance':
      return phrase`instance ${response.instance.status.label}`
    case 'idle':
      return ['no job is running']
    case 'connection':
      return phrase`${response.address}: ${response.label}`
    case 'other-job':
      return phrase`a response about job ${response.id}`
    default:
      return phrase`${response.kind}, ${response.detail.message}`
  }
}
