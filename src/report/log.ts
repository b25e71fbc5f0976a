import type * as core from '@actions/core'
import type { Id } from '../id.ts'
import { formatDuration, MINUTE, SECOND } from '../duration.ts'
import type { JudgedResponse } from '../response.ts'
import type { Secrets } from '../secrets.ts'
import { joinPhrases, phrase, type Phrase, type UntrustedText } from '../untrusted-text.ts'
import { timeLeft } from '../wait/estimate.ts'
import type { WaitState } from '../judge/judge.ts'
import { count, type Tally } from '../judge/tally.ts'
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
export function createLog(waitFor: WaitFor, printer: Printer, clock: Clock, usesColor: boolean) {
  const style = usesColor ? colored : (_color: Color, text: string) => text
  const start = clock.now()
  const elapsed = () => clock.now() - start
  const latest = new Map<Id, Latest>()
  /** What the wait is for; the jobs of an order replace it. */
  let ids = waitFor.ids
  let lastLine = start
  let warnings = 0

  return { onStart, onProject, onRenewed, onNotRenewed, onResponse, onJobsFound, onWarning, startHeartbeat }

  /** @param timeout milliseconds */
  function onStart(endpoint: UntrustedText, timeout: number, credentials: string): void {
    const { kind } = waitFor
    const [first] = ids
    const target = first && ids.length === 1 ? phrase`${kind} ${first.text}` : `${ids.length} ${kind}s`
    const goal = phrase`${formatDuration(timeout)} for ${target}${goalOf(waitFor)}`
    printer.info(forLog(phrase`Waiting up to ${goal} at ${endpoint}`))
    printer.info(`Credentials: ${credentials}.`)
  }

  function onProject(id: string, region: string): void {
    print(forLog(phrase`project ${id}, looked up for the region ${region}`))
  }

  /** @param lifetime of the new keys, milliseconds */
  function onRenewed(lifetime: number): void {
    print(`new temporary keys from the agency, valid for ${formatDuration(lifetime)}`)
  }

  /** @param lifetime of the current keys, milliseconds */
  function onNotRenewed(reason: Phrase, lifetime: number): void {
    const validity = `the current ones are valid for ${formatDuration(lifetime)}`
    const text = `could not renew the keys of the agency, ${validity}: ${forLog(reason)}`
    print(style('yellow', text))
  }

  function onResponse(state: WaitState, nextPoll: number | undefined, isFinished: boolean): void {
    const previous = latest.get(state.id)?.state
    const current = { state, nextPoll, isFinished }
    latest.set(state.id, current)
    if (state.last !== undefined && printer.isDebug()) {
      printer.debug(forLog(phrase`${state.id.text}: ${describe(state.last)}`))
    }
    if (ids.length > MAX_FOLLOWED && !isFinished) return
    if (previous?.subTasks !== state.subTasks) printSubTasks(previous, state)
    const isReady = isFinished && state.kind === 'instance'
    if (keyOf(previous) === keyOf(state) && !isReady) return
    printState(current, phrase`${describeState(current)}${suffixFor(state.id)}`)
  }

  function onJobsFound(order: Id, jobs: readonly Id[]): void {
    ids = ids.flatMap((id) => (id === order ? jobs : [id]))
    latest.delete(order)
    const named = jobs.slice(0, MAX_NAMED).map(({ text }) => [text])
    const more = jobs.length > MAX_NAMED ? `, and ${jobs.length - MAX_NAMED} more` : ''
    const orders = waitFor.ids.length === 1 ? 'the order' : phrase`order ${order.text}`
    print(forLog(phrase`jobs of ${orders}: ${joinPhrases(named, ', ')}${more}`))
  }

  function onWarning(warning: Phrase): void {
    warnings += 1
    if (warnings <= MAX_WARNINGS) printer.warning(forAnnotation(warning))
  }

  /** Prints a line whenever the log has been silent for a minute, until the signal aborts. */
  async function startHeartbeat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = lastLine + HEARTBEAT_INTERVAL - clock.now()
      if (due > 0) await clock.sleep(due, signal)
      else heartbeat()
    }
  }

  function heartbeat(): void {
    const active = [...latest.values()].filter(({ isFinished }) => !isFinished)
    const [only] = active
    if (ids.length === 1 && only !== undefined) {
      const { kind, last } = only.state
      const error = last?.kind === 'transient' ? phrase` · last error: ${last.detail.message}` : []
      const still = kind === 'instance' ? '' : 'still '
      printState(only, phrase`${still}${describeState(only)} · ${tallyPhrase(only.state)}${error}`)
      return
    }
    const nextPoll = Math.min(...active.map((each) => each.nextPoll ?? Infinity))
    const labels = active.reduce<Tally>((tally, { state }) => count(tally, labelOf(state)), [])
    const finished = ids.filter((id) => latest.has(id)).length - active.length
    const noun = waitFor.kind === 'instance' ? 'instances' : 'jobs'
    const text = phrase`${finished} of ${ids.length} ${noun} finished · ${countsPhrase(labels)}`
    printProgress(Math.floor((100 * finished) / ids.length), 'cyan', text, untilPoll(nextPoll))
  }

  function printState({ state, nextPoll, isFinished }: Latest, text: Phrase): void {
    const left = aboutLeft(isFinished ? undefined : timeLeft(state, elapsed()))
    const progress = state.kind === 'instance' ? null : state.progress
    printProgress(progress, colorOf(state), text, `${left}${untilPoll(nextPoll)}`)
  }

  /** Prints a line for each sub-task that changed. */
  function printSubTasks(before: WaitState | undefined, { subTasks, id }: WaitState): void {
    for (const [index, { name, status, progress, remaining }] of (subTasks?.list ?? []).entries()) {
      const last = before?.subTasks?.list[index]
      if (last?.status.equals(status) === true && last.progress === progress) continue
      const text = phrase`sub-task ${name}: ${withProgress(status, progress)}${suffixFor(id)}${aboutLeft(remaining)}`
      printProgress(null, 'cyan', text, '')
    }
  }

  /** The ID, unless there is only one. */
  function suffixFor({ text }: Id): Phrase {
    return ids.length === 1 ? [] : phrase` · ${text}`
  }

  function untilPoll(nextPoll = Infinity): string {
    if (!Number.isFinite(nextPoll)) return ''
    return ` · next poll in ${formatDuration(Math.max(nextPoll - elapsed(), SECOND))}`
  }

  /** @param progress null for something that has none */
  function printProgress(
    progress: number | undefined | null,
    color: Color,
    text: Phrase,
    outlook: string,
  ): void {
    lastLine = clock.now()
    const cells = progress === null ? ''.padStart(25) : `${bar(progress)} ${percent(progress).padStart(4)}`
    const now = style(color, `${cells}  ${forLog(text)}`)
    print(`${now}${style('gray', outlook)}`)
  }

  function print(text: string): void {
    printer.info(`${formatDuration(elapsed()).padStart(8)}  ${text}`)
  }
}

export type Log = ReturnType<typeof createLog>

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
  if (state?.kind === 'order')
    return state.last?.kind === 'not-found-yet' ? state.last.detail.label : 'no job yet'
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
  const isReady = isFinished && instance?.status.meaning === 'active'
  if (instance !== undefined) return isReady ? ['instance available'] : phrase`instance ${label}`
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
    default:
      return phrase`${response.kind}, ${response.detail.message}`
  }
}
