import type { Job } from '../api/job.ts'
import { formatDuration, SECOND } from '../duration.ts'
import { joinPhrases, phrase, type Phrase } from '../untrusted-text.ts'
import type { WaitState, Outcome } from '../judge/judge.ts'
import { total, type Tally } from '../judge/tally.ts'
import type { WaitResult } from '../wait/wait.ts'
import { NEXT_STEPS, TITLES } from './titles.ts'

export interface Notice {
  readonly title: string
  /** What happened, and the evidence; one line for each job. */
  readonly lines: readonly Phrase[]
}

/** Its parts are shown in this order: what happened, the evidence, what to do next. */
export interface Annotation extends Notice {
  readonly nextSteps: Phrase
}

/** How the wait for one job, order, or instance ended. */
export interface Explanation extends Annotation {
  /** What happened, in one sentence. */
  readonly message: Phrase
}

/** Explains how a wait ended; `timeout` in milliseconds. */
export function explainOutcome(result: WaitResult, timeout: number): Explanation {
  const { state, outcome } = result
  const name = nameOf(state)
  switch (outcome.result) {
    case 'completed':
      return explainSuccess(result)
    case 'failed':
      return explain('failed', phrase`Job ${name} failed${reasonOf(state)}.`)
    case 'canceled':
      return explain('canceled', phrase`Job ${name} was canceled${reasonOf(state)}.`)
    case 'timed-out':
      return explainTimeout(state, timeout)
    case 'not-ready':
      return explainNotReady(result, outcome.cause, timeout)
    case 'not-found': {
      const { message } = outcome.detail
      const time = formatDuration(outcome.notFoundFor)
      if (state.kind === 'job')
        return explain('not-found', phrase`Job ${name} was not found for ${time}: ${message}.`)
      return explain(
        'order-not-found',
        phrase`No job was found for order ${name} within ${time}: ${message}.`,
      )
    }
    case 'vanished': {
      const { instance: gone = state } = result
      const what = phrase`${NOUNS[gone.kind]} ${nameOf(gone)} can no longer be found`
      const message = phrase`${completedJob(result)}${what}${lastStatus(gone)}: ${outcome.detail.message}.`
      return explain(gone.kind === 'instance' ? 'instance-vanished' : 'vanished', message)
    }
    case 'interrupted': {
      const when =
        outcome.by === 'signal'
          ? 'before the wait was interrupted'
          : `before fail-fast ended the wait because of another ${state.kind}`
      const subject = result.instance ?? state
      const message = phrase`${completedJob(result)}${unfinished(subject, when)}.`
      return {
        title: TITLES.interrupted,
        message,
        lines: [message],
        nextSteps: [`${resume(subject, state.kind)}.`],
      }
    }
    case 'error':
      return explainError(result, outcome)
  }
}

const NOUNS = { job: 'Job', order: 'Order', instance: 'Instance' } as const

/** Says that results other than `completed` count as a success, if there are any in a step that succeeds. */
export function acceptedPhrase(results: readonly WaitResult[]): readonly Phrase[] {
  const others = new Set(
    results.map(({ outcome }) => outcome.result).filter((result) => result !== 'completed'),
  )
  return others.size === 0
    ? []
    : [phrase`The step succeeds because success-results contains ${[...others].join(', ')}.`]
}

/** What several results are about, and how to say that they are a success, or not. */
export function wordsFor(results: readonly WaitResult[]): (typeof WORDS)[keyof typeof WORDS] {
  if (results.some(({ state }) => state.kind === 'instance')) return WORDS.instances
  const isReadiness = results.some(({ instance, outcome }) => instance ?? outcome.result === 'not-ready')
  return isReadiness ? WORDS.readiness : WORDS.jobs
}

const WORDS = {
  jobs: {
    noun: 'jobs',
    succeeded: 'completed',
    notSucceeded: 'did not complete',
    title: TITLES.several,
  },
  readiness: {
    noun: 'jobs',
    succeeded: 'have a ready instance',
    notSucceeded: 'have no ready instance',
    title: TITLES['several-instances'],
  },
  instances: {
    noun: 'instances',
    succeeded: 'are ready',
    notSucceeded: 'are not ready',
    title: TITLES['several-instances'],
  },
} as const

/** `X (name)`: an ID, and the name of the job or instance if it is known. */
export function nameOf({ kind, id, job, instance }: WaitState): Phrase {
  const name = kind === 'instance' ? instance?.name : job?.name
  return name === undefined ? [id.text] : phrase`${id.text} (${name})`
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

function explain(key: keyof typeof NEXT_STEPS, message: Phrase, hint?: string): Explanation {
  return { title: TITLES[key], message, lines: [message], nextSteps: [hint ?? NEXT_STEPS[key]] }
}

/** `Job … (name) completed in 5m: instance …, address ….`, without what is not known. */
function explainSuccess({ state, instance }: WaitResult): Explanation {
  const { kind, job } = state
  const ready = instance ?? (kind === 'instance' ? state : undefined)
  const time = job?.durationSeconds === undefined ? '' : ` in ${formatDuration(job.durationSeconds * SECOND)}`
  const name = job?.instanceName ?? job?.instanceId?.text
  const address = job?.instanceEndpoint ?? ready?.instance?.endpoint
  const readiness = ready === undefined ? undefined : readinessOf(ready)
  const facts = [name && phrase`instance ${name}`, address && phrase`address ${address}`, readiness].filter(
    (fact) => fact !== undefined,
  )
  const details = facts.length === 0 ? [] : phrase`: ${joinPhrases(facts, ', ')}`
  const message =
    kind === 'instance'
      ? phrase`Instance ${nameOf(state)} is ready${details}.`
      : phrase`Job ${nameOf(state)} completed${time}${details}.`
  return {
    title: kind === 'instance' ? 'The instance is ready' : 'The job completed',
    message,
    lines: [message],
    nextSteps: [],
  }
}

/** What the wait has seen of an instance that is ready. */
function readinessOf({ connection, instance }: WaitState): Phrase {
  if (connection !== undefined) return phrase`accepts connections (${connection.label})`
  return instance === undefined ? ['no job is running'] : ['available']
}

function reasonOf({ job }: WaitState): Phrase {
  return job?.failReason === undefined ? ['. The service returned no reason'] : phrase`: “${job.failReason}”`
}

function explainTimeout(state: WaitState, timeout: number): Explanation {
  const { last } = state
  const error = last?.kind === 'transient' || last?.kind === 'rejected' ? last.detail : undefined
  const lastError = error === undefined ? [] : phrase` Last error: ${error.message}.`
  const hint = error?.hint === undefined ? '' : `${error.hint} `
  const message = phrase`${unfinished(state, `within ${formatDuration(timeout)}`)}.`
  const nextSteps = phrase`${hint}${resume(state)} and a longer timeout.${state.kind === 'instance' ? '' : ` ${NO_REPEAT}`}`
  const lines = [phrase`${message} ${tallyPhrase(state)}.${lastError}`]
  return { title: TITLES['timed-out'], message, lines, nextSteps }
}

const NO_REPEAT = 'Do not repeat the call that created the job: that would start the operation a second time.'

type NotReady = Extract<Outcome, { result: 'not-ready' }>

function explainNotReady(result: WaitResult, cause: NotReady['cause'], timeout: number): Explanation {
  const { state, instance: subject = state } = result
  const { instance, connection, last } = subject
  const name = phrase`${completedJob(result)}Instance ${nameOf(subject)}`
  const time = formatDuration(timeout)
  const error = last?.kind === 'transient' ? phrase` Last error: ${last.detail.message}.` : []
  const explainCause = (message: Phrase, nextSteps: string): Explanation => {
    const lines = [phrase`${message} ${tallyPhrase(subject)}.${error}`]
    return { title: TITLES['not-ready'], message, lines, nextSteps: [nextSteps] }
  }
  if (cause === 'no-instance') {
    const message = phrase`Job ${nameOf(state)} completed, but its response names no instance that could become ready.`
    return explainCause(
      message,
      'Use wait-until: completed for this job, or wait for its instance with instance-id.',
    )
  }
  if (cause === 'no-address') {
    const message = phrase`${name} is available, but the service returned no address to connect to.`
    return explainCause(message, 'Set connect-to to the host and port of the database.')
  }
  if (cause === 'failed') {
    const message = phrase`${name} has the status ${instance?.status.text ?? ''}.`
    return explainCause(message, FAILED_INSTANCE)
  }
  if (connection !== undefined) {
    const message = phrase`${name} did not accept connections at ${connection.address} within ${time} (last attempt: ${connection.label}).`
    return explainCause(message, `${NOT_CONNECTABLE} ${resume(subject, state.kind)}.`)
  }
  return explainCause(
    phrase`${name} did not become available within ${time}${lastStatus(subject)}.`,
    `${resume(subject, state.kind)} and a longer timeout.`,
  )
}

const FAILED_INSTANCE =
  'Check the instance in the console. FAILED usually means that it could not be created; FROZEN usually means that the account is in arrears.'
const NOT_CONNECTABLE =
  "Check that this runner can reach the address (is it inside the VPC?), that the instance's security group allows this runner, and that connect-to, if set, is the address of the database or of a proxy in front of it."

/** Precedes what happened to the instance of a job. */
function completedJob({ state, instance }: WaitResult): Phrase {
  return instance === undefined || state.kind !== 'job' ? [] : phrase`Job ${nameOf(state)} completed. `
}

function unfinished(state: WaitState, when: string): Phrase {
  const name = nameOf(state)
  switch (state.kind) {
    case 'job':
      return phrase`Job ${name} did not finish ${when}${lastStatus(state)}`
    case 'order':
      return phrase`No job was found for order ${name} ${when}`
    case 'instance':
      return phrase`Instance ${name} was not ready ${when}${lastStatus(state)}`
  }
}

/** `job CreateX`, or `a job` if its name is not known. */
export function runningJob({ name }: Job): Phrase {
  return name === undefined ? ['a job'] : phrase`job ${name}`
}

function lastStatus({ kind, job, instance, progress }: WaitState): Phrase {
  if (kind === 'instance' && job !== undefined) return phrase` (${runningJob(job)} is running)`
  if (instance !== undefined) return phrase` (last status: ${instance.status.text})`
  if (job === undefined) return [' (no status received)']
  return phrase` (last status: ${job.status.text}${progress === undefined ? '' : `, ${progress}%`})`
}

/** @param input what the input of the step is about */
function resume({ kind, job }: WaitState, input = kind): string {
  const known =
    job === undefined
      ? 'If the job exists, it is still running in the cloud'
      : 'The job is still running in the cloud'
  const status = {
    job: known,
    order: 'The order may still create a job',
    instance: 'The instance may still become ready',
  }[kind]
  return `${status}. To resume waiting, run a step with the same ${input}-id`
}

function explainError(result: WaitResult, outcome: Extract<Outcome, { result: 'error' }>): Explanation {
  const { state, instance: subject = state } = result
  const what = subject.kind === 'order' ? 'the jobs of order' : `the status of ${subject.kind}`
  const isKnown = subject.job !== undefined || subject.instance !== undefined
  const known = isKnown ? lastStatus(subject) : []
  const failure = phrase`${completedJob(result)}Could not get ${what} ${nameOf(subject)}${known}`
  const { reason } = outcome
  const explanation =
    reason === 'other-job'
      ? explain(reason, phrase`${failure}: the response is about job ${outcome.id}.`)
      : explain(
          reason,
          phrase`${failure}${CIRCUMSTANCES[reason] ?? ''}: ${outcome.detail.message}.`,
          outcome.detail.hint,
        )
  const wasAccepted = isKnown || subject.notFoundSince !== undefined
  if (!wasAccepted || reason === 'internal') return explanation
  const expired = reason === 'credentials' ? ` ${EXPIRED}` : ''
  return {
    ...explanation,
    nextSteps: phrase`${explanation.nextSteps}${expired} ${resume(subject, state.kind)}.`,
  }
}

const EXPIRED =
  'They were accepted at first, so they may have expired or been revoked during the wait. GitHub OIDC and use-ecs-agency renew their keys.'

const CIRCUMSTANCES: Partial<Record<string, string>> = {
  unusable: ' from five responses in a row. Last response',
  internal: ' because of an internal error',
}
