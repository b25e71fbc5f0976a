import type { Job } from '../api/job.ts'
import { formatDuration, SECOND } from '../duration.ts'
import type { FaultDetail } from '../http/fault.ts'
import type { Kind } from '../id.ts'
import { joinPhrases, phrase, type Phrase } from '../untrusted-text.ts'
import { NOUNS, type Outcome, type WaitState } from '../judge/judge.ts'
import { total, type Tally } from '../judge/tally.ts'
import type { WaitResult } from '../wait/wait.ts'
import { NEXT_STEPS, TITLES } from './titles.ts'

/** Its parts are shown in this order: what happened, the evidence, what to do next. */
export interface Annotation {
  readonly title: string
  /** What happened, and the evidence; one line for each job. */
  readonly lines: readonly Phrase[]
  /** Empty after a success. */
  readonly nextSteps: string
}

/** How the wait for one job, order, or instance ended, and what to report about it. */
export interface ExplainedResult extends WaitResult, Annotation {
  /** What happened, in one sentence. */
  readonly message: Phrase
  /** Whether the step can succeed with it. */
  readonly isSuccess: boolean
}

/** Explains how a wait ended; `timeout` in milliseconds. */
export function explainResults(
  results: readonly WaitResult[],
  timeout: number,
  successResults: readonly Outcome['result'][],
): readonly ExplainedResult[] {
  return results.map((result) => {
    const isSuccess = successResults.includes(result.outcome.result)
    return { ...result, ...explainOutcome(result, formatDuration(timeout)), isSuccess }
  })
}

function explainOutcome(result: WaitResult, timeout: string) {
  const { state, instance, outcome } = result
  const subject = instance ?? state
  const { kind, last } = subject
  const name = phrase`${NOUNS[kind]} ${nameOf(subject)}`
  const status = lastStatus(subject)
  const resume = resumeOf(subject, state.kind)
  const before = instance === undefined ? [] : phrase`Job ${nameOf(state)} completed. `
  const explain = (key: keyof typeof TITLES, what: Phrase, nextSteps: string, evidence: Phrase = []) => {
    const message = phrase`${before}${what}.`
    return { title: TITLES[key], message, lines: [[...message, ...evidence]], nextSteps }
  }
  /** What was sent, and the last error. */
  const evidenceWith = (error: FaultDetail | undefined) =>
    phrase` ${tallyPhrase(subject)}.${error === undefined ? [] : phrase` Last error: ${error.message}.`}`

  switch (outcome.result) {
    case 'completed':
      return explainSuccess(result)
    case 'failed':
    case 'canceled': {
      const what = outcome.result === 'failed' ? 'failed' : 'was canceled'
      const reason = state.job?.failReason
      const because = reason === undefined ? '. The service returned no reason' : phrase`: “${reason}”`
      return explain(outcome.result, phrase`${name} ${what}${because}`, NEXT_STEPS[outcome.result])
    }
    case 'timed-out': {
      const error = last?.kind === 'transient' || last?.kind === 'rejected' ? last.detail : undefined
      const hint = error?.hint === undefined ? '' : `${error.hint} `
      const nextSteps = `${hint}${resume} and a longer timeout.${kind === 'instance' ? '' : ` ${NO_REPEAT}`}`
      return explain('timed-out', unfinished(subject, `within ${timeout}`), nextSteps, evidenceWith(error))
    }
    case 'not-ready': {
      const error = last?.kind === 'transient' ? last.detail : undefined
      const [what, nextSteps] = notReady(subject, outcome.cause, timeout, resume)
      return explain('not-ready', phrase`${name} ${what}`, nextSteps, evidenceWith(error))
    }
    case 'not-found': {
      const time = formatDuration(outcome.notFoundFor)
      const [key, what] =
        kind === 'order'
          ? (['order-not-found', unfinished(subject, `within ${time}`)] as const)
          : (['not-found', phrase`${name} was not found for ${time}`] as const)
      return explain(key, phrase`${what}: ${outcome.detail.message}`, NEXT_STEPS[key])
    }
    case 'vanished': {
      const key = kind === 'instance' ? 'instance-vanished' : 'vanished'
      const what = phrase`${name} can no longer be found${status}: ${outcome.detail.message}`
      return explain(key, what, NEXT_STEPS[key])
    }
    case 'interrupted': {
      const by =
        outcome.by === 'signal'
          ? 'the wait was interrupted'
          : `fail-fast ended the wait because of another ${state.kind}`
      return explain('interrupted', unfinished(subject, `before ${by}`), `${resume}.`)
    }
    case 'error': {
      const { reason, detail } = outcome
      const isKnown = subject.job !== undefined || subject.instance !== undefined
      const wanted = kind === 'order' ? 'the jobs of order' : `the status of ${kind}`
      const failure = phrase`Could not get ${wanted} ${nameOf(subject)}${isKnown ? status : []}`
      const cause = phrase`${CIRCUMSTANCES[reason] ?? ''}: ${detail.message}`
      const since = subject.notFoundSince ?? subject.idleSince
      const wasAccepted = reason !== 'internal' && (isKnown || state.job !== undefined || since !== undefined)
      const expired = reason === 'credentials' ? `${EXPIRED} ` : ''
      const nextSteps = `${detail.hint ?? NEXT_STEPS[reason]}${wasAccepted ? ` ${expired}${resume}.` : ''}`
      return explain(reason, phrase`${failure}${cause}`, nextSteps)
    }
  }
}

/** `Job … (name) completed in 5m: instance …, address ….`, without what is not known. */
function explainSuccess(result: WaitResult) {
  const { state, instance = state } = result
  const { job, endpoint, duration } = factsOf(result)
  const name = job?.instanceName ?? job?.instanceId?.text
  const facts = [
    name && phrase`instance ${name}`,
    endpoint && phrase`address ${endpoint}`,
    instance.kind === 'instance' ? readinessOf(instance) : undefined,
  ].filter((fact) => fact !== undefined)
  const details = facts.length === 0 ? [] : phrase`: ${joinPhrases(facts, ', ')}`
  const isInstance = state.kind === 'instance'
  const title = isInstance ? 'The instance is ready' : 'The job completed'
  const succeeded = isInstance ? 'is ready' : `completed${duration && ` in ${duration}`}`
  const message = phrase`${NOUNS[state.kind]} ${nameOf(state)} ${succeeded}${details}.`
  return { title, message, lines: [message], nextSteps: '' }
}

/** What the wait has seen of an instance that is ready. */
function readinessOf({ connection, instance }: WaitState): Phrase {
  if (connection !== undefined) return phrase`accepts connections (${connection.label})`
  return [instance === undefined ? 'no job is running' : 'available']
}

/** Says what is wrong, after the name of the instance or its job, and what to do next. */
function notReady(
  state: WaitState,
  cause: Extract<Outcome, { result: 'not-ready' }>['cause'],
  timeout: string,
  resume: string,
): readonly [Phrase, string] {
  const { instance, connection } = state
  if (cause === 'no-instance') {
    return [['completed, but its response names no instance that could become ready'], NEXT_STEPS[cause]]
  }
  if (cause === 'no-address') {
    return [['is available, but the service returned no address to connect to'], NEXT_STEPS[cause]]
  }
  if (cause === 'failed') {
    return [phrase`has the status ${instance?.status.text ?? ''}`, NEXT_STEPS['failed-instance']]
  }
  if (connection === undefined) {
    const what = phrase`did not become available within ${timeout}${lastStatus(state)}`
    return [what, `${resume} and a longer timeout.`]
  }
  const { address, label } = connection
  const what = phrase`did not accept connections at ${address} within ${timeout} (last attempt: ${label})`
  return [what, `${NEXT_STEPS['not-connectable']} ${resume}.`]
}

function unfinished(state: WaitState, when: string): Phrase {
  const name = nameOf(state)
  if (state.kind === 'order') return phrase`No job was found for order ${name} ${when}`
  const predicate = state.kind === 'job' ? 'did not finish' : 'was not ready'
  return phrase`${NOUNS[state.kind]} ${name} ${predicate} ${when}${lastStatus(state)}`
}

function lastStatus({ kind, job, instance, progress }: WaitState): Phrase {
  if (kind === 'instance' && job !== undefined) return phrase` (${runningJob(job)} is running)`
  if (instance !== undefined) return phrase` (last status: ${instance.status.text})`
  if (job === undefined) return [' (no status received)']
  return phrase` (last status: ${withProgress(job.status.text, progress)})`
}

/** @param input what the input of the step is about */
function resumeOf({ kind, job }: WaitState, input: Kind): string {
  const status = {
    job: `${job === undefined ? 'If the job exists, it' : 'The job'} is still running in the cloud`,
    order: 'The order may still create a job',
    instance: 'The instance may still become ready',
  }[kind]
  return `${status}. To resume waiting, run a step with the same ${input}-id`
}

const NO_REPEAT = 'Do not repeat the call that created the job: that would start the operation a second time.'
const EXPIRED =
  'They were accepted at first, so they may have expired or been revoked during the wait. GitHub OIDC and use-ecs-agency renew their keys.'
const CIRCUMSTANCES: Partial<Record<string, string>> = {
  unusable: ' from five responses in a row. Last response',
  internal: ' because of an internal error',
}

/** What is known about a job, its instance, or both. */
export function factsOf({ state, instance: ready = state }: WaitResult) {
  const isInstance = state.kind === 'instance'
  const job = isInstance ? undefined : state.job
  const { instance, connection } = ready
  return {
    job,
    instance,
    connection,
    instanceId: isInstance ? state.id.text : job?.instanceId?.text,
    endpoint: job?.instanceEndpoint ?? instance?.endpoint,
    /** Empty if it is not known. */
    duration: job?.durationSeconds === undefined ? '' : formatDuration(job.durationSeconds * SECOND),
  }
}

/** What was polled for a result: a job and its instance, or only one of them. */
export function statesOf({ state, instance }: WaitResult): readonly WaitState[] {
  return instance === undefined ? [state] : [state, instance]
}

/** `X (name)`: an ID, and the name of the job or instance if it is known. */
export function nameOf({ kind, id, job, instance }: WaitState): Phrase {
  const name = kind === 'instance' ? instance?.name : job?.name
  return name === undefined ? [id.text] : phrase`${id.text} (${name})`
}

/** `job CreateX`, or `a job` if its name is not known. */
export function runningJob({ name }: Job): Phrase {
  return name === undefined ? ['a job'] : phrase`job ${name}`
}

/** `Running, 40%`: a status, and the progress if it is known. */
export function withProgress(status: Phrase[number], progress: number | undefined): Phrase {
  return progress === undefined ? [status] : phrase`${status}, ${progress}%`
}

/** `41 requests: 38 × Running, 3 × 502`. Connecting to a database is not a request, so an instance has checks. */
export function tallyPhrase({ kind, tally }: WaitState): Phrase {
  const [requests, noun] = [total(tally), kind === 'instance' ? 'check' : 'request']
  if (requests === 0) return [`0 ${noun}s completed`]
  return phrase`${requests} ${noun}${requests === 1 ? '' : 's'}: ${countsPhrase(tally)}`
}

export function countsPhrase(tally: Tally): Phrase {
  const counts = tally.map(({ label, count }) => phrase`${count} × ${label}`)
  return joinPhrases(counts, ', ')
}
