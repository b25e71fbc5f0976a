import type { Job } from '../api/job.ts'
import { formatDuration } from '../duration.ts'
import { joinPhrases, phrase, type Phrase } from '../untrusted-text.ts'
import type { JobState, Outcome } from '../judge/judge.ts'
import { total, type Tally } from '../judge/tally.ts'
import type { WaitResult } from '../wait/wait.ts'

export interface Notice {
  readonly title: string
  /** What happened, and the evidence; one line for each job. */
  readonly lines: readonly Phrase[]
}

/** Its parts are shown in this order: what happened, the evidence, what to do next. */
export interface Annotation extends Notice {
  readonly nextSteps: Phrase
}

/** Titles of error annotations; each is a heading in docs/troubleshooting.md, "Annotations". */
export const TITLES = {
  inputs: 'Invalid inputs',
  failed: 'The job failed',
  canceled: 'The job was canceled',
  'timed-out': 'The wait timed out',
  'not-found': 'The job was not found',
  'order-not-found': 'No job found for the order',
  vanished: 'The job can no longer be found',
  interrupted: 'The wait was interrupted',
  credentials: 'Authentication failed',
  'id-token': 'GitHub did not issue an ID token',
  agency: 'Could not assume the agency',
  permission: 'Permission denied',
  redirect: 'The endpoint returned a redirect',
  endpoint: 'The endpoint cannot be reached',
  certificate: 'The certificate is not trusted',
  proxy: 'The proxy refused the connection',
  request: 'The request was rejected',
  unusable: 'The responses contain no job',
  'other-job': 'The response is about another job',
  several: 'Several jobs did not complete',
  outputs: 'Could not write the outputs',
  internal: 'Internal error',
} as const

/** What to do next, where that is the same for every job. */
export const NEXT_STEPS = {
  failed:
    'For details, see the task center in the console. Before you rerun the step that created the job, check the instance: changes that the job already made may not be rolled back.',
  canceled: 'It was canceled in the cloud. If you still need the operation, rerun the step that started it.',
  'not-found':
    'Check region (or endpoint), project-id, service, and job-id: a job can be queried only in its own project and region, and only for a month.',
  vanished:
    "Check the instance in the console. Possible causes: the instance was deleted together with its jobs; the task's record was deleted in the console, although the task may still be running; or the job is older than a month.",
  credentials: 'Check the credentials.',
  'id-token':
    'GitHub rejected the request. Check that the job has the permission id-token: write. If the run has been waiting for days, start a new one.',
  agency:
    "Check identity-provider-urn, agency-urn, audience, and the agency's trust policy: its conditions on oidc:sub, oidc:aud, and oidc:iss must all match this workflow. See docs/credentials.md.",
  permission:
    "Check that the user or agency has permission to list the service's tasks (for TaurusDB: gaussdbformysql:task:list, or gaussdb:instance:list in a role), and that project-id is the project of the job.",
  redirect:
    'Redirects are not followed, because they would pass on the credentials. Set endpoint to the host of the API itself. A proxy that requires a sign-in can also cause this.',
  endpoint: 'Check the spelling of the endpoint and its port, and whether this runner can reach it.',
  certificate:
    'Check the spelling of the endpoint. If a proxy or a private CA issues the certificate, save the CA certificate to a file and set NODE_EXTRA_CA_CERTS to its path. NODE_TLS_REJECT_UNAUTHORIZED has no effect on this action.',
  proxy:
    'Check https_proxy (it must contain user and password if the proxy requires them) and no_proxy, and that the proxy allows connections to the endpoint.',
  request: 'Check region (or endpoint) and project-id: both must be those of the instance.',
  unusable:
    'Check endpoint and service: the endpoint must be the API host of that service, not the console, a proxy, or another service.',
  'other-job':
    'The status of the requested job is not known. Check the endpoint, and any cache or gateway in front of it.',
  internal:
    'Please report this error with the log of the step. The job in the cloud is not affected. To resume waiting, run a step with the same job-id.',
} as const

/** Explains how the wait for one job ended; `timeout` in milliseconds. */
export function explainOutcome({ state, outcome }: WaitResult, timeout: number): Annotation {
  const name = nameOf(state)
  switch (outcome.result) {
    case 'completed':
      return { title: 'The job completed', lines: [], nextSteps: [] }
    case 'failed':
      return explain('failed', phrase`Job ${name} failed${reasonOf(outcome.job)}.`)
    case 'canceled':
      return explain('canceled', phrase`Job ${name} was canceled${reasonOf(outcome.job)}.`)
    case 'timed-out':
      return explainTimeout(state, timeout)
    case 'not-found': {
      const evidence = phrase`${formatDuration(outcome.notFoundFor)}: ${outcome.detail.message}`
      if (state.kind === 'job')
        return explain('not-found', phrase`Job ${name} was not found for ${evidence}.`)
      return {
        title: TITLES['order-not-found'],
        lines: [phrase`No job was found for order ${name} within ${evidence}.`],
        nextSteps: phrase`Check in the console that the order is paid and has not expired, and that project-id and endpoint are those of the region in which it was placed. To resume waiting, run a step with the same order-id.`,
      }
    }
    case 'vanished': {
      const { message } = outcome.detail
      return explain('vanished', phrase`Job ${name} can no longer be found${lastStatus(state)}: ${message}.`)
    }
    case 'interrupted':
      return {
        title: TITLES.interrupted,
        lines: [phrase`${unfinished(state, INTERRUPTIONS[outcome.by])}.`],
        nextSteps: [`${resume(state)}.`],
      }
    case 'error':
      return explainError(state, outcome)
  }
}

/** `X (name)`: the ID of a job or an order, and the name of the job if it is known. */
export function nameOf({ id, job }: JobState): Phrase {
  return job?.name === undefined ? [id.text] : phrase`${id.text} (${job.name})`
}

/** `41 requests: 38 × Running, 3 × 502` */
export function tallyPhrase({ tally }: JobState): Phrase {
  const requests = total(tally)
  if (requests === 0) return ['0 requests completed']
  return phrase`${requests} ${requests === 1 ? 'request' : 'requests'}: ${countsPhrase(tally)}`
}

export function countsPhrase(tally: Tally): Phrase {
  const counts = tally.map(({ label, count }) => phrase`${count} × ${label}`)
  return joinPhrases(counts, ', ')
}

function explain(key: keyof typeof NEXT_STEPS, message: Phrase, hint?: string): Annotation {
  return { title: TITLES[key], lines: [message], nextSteps: [hint ?? NEXT_STEPS[key]] }
}

function reasonOf({ failReason }: Job): Phrase {
  return failReason === undefined ? ['. The service returned no reason'] : phrase`: “${failReason}”`
}

function explainTimeout(state: JobState, timeout: number): Annotation {
  const { last } = state
  const error = last?.kind === 'transient' || last?.kind === 'rejected' ? last.detail : undefined
  const lastError = error === undefined ? [] : phrase` Last error: ${error.message}.`
  const hint = error?.hint === undefined ? '' : `${error.hint} `
  const message = unfinished(state, `within ${formatDuration(timeout)}`)
  return {
    title: TITLES['timed-out'],
    lines: [phrase`${message}. ${tallyPhrase(state)}.${lastError}`],
    nextSteps: phrase`${hint}${resume(state)} and a longer timeout. Do not repeat the call that created the job: that would start the operation a second time.`,
  }
}

const INTERRUPTIONS = {
  signal: 'before the wait was interrupted',
  'fail-fast': 'before fail-fast ended the wait because another job did not complete',
} as const

function unfinished(state: JobState, when: string): Phrase {
  return state.kind === 'job'
    ? phrase`Job ${nameOf(state)} did not finish ${when}${lastStatus(state)}`
    : phrase`No job was found for order ${nameOf(state)} ${when}`
}

function lastStatus({ job, progress }: JobState): Phrase {
  if (job === undefined) return [' (no status received)']
  return phrase` (last status: ${job.status.text}${progress === undefined ? '' : `, ${progress}%`})`
}

function resume({ kind, job }: JobState): string {
  const known =
    job === undefined
      ? 'If the job exists, it is still running in the cloud'
      : 'The job is still running in the cloud'
  const status = kind === 'order' ? 'The order may still create a job' : known
  return `${status}. To resume waiting, run a step with the same ${kind}-id`
}

function explainError(state: JobState, outcome: Extract<Outcome, { result: 'error' }>): Annotation {
  const target = state.kind === 'job' ? 'the status of job' : 'the jobs of order'
  const known = state.job === undefined ? [] : lastStatus(state)
  const failure = phrase`Could not get ${target} ${nameOf(state)}${known}`
  const { reason } = outcome
  const explanation =
    reason === 'other-job'
      ? explain(reason, phrase`${failure}: the response is about job ${outcome.id}.`)
      : explain(
          reason,
          phrase`${failure}${CIRCUMSTANCES[reason] ?? ''}: ${outcome.detail.message}.`,
          outcome.detail.hint,
        )
  if ((state.job ?? state.notFoundSince) === undefined || reason === 'internal') return explanation
  const expired = reason === 'credentials' ? ` ${EXPIRED}` : ''
  return { ...explanation, nextSteps: phrase`${explanation.nextSteps}${expired} ${resume(state)}.` }
}

const EXPIRED =
  'They were accepted at first, so they may have expired or been revoked during the wait. GitHub OIDC renews its keys.'

const CIRCUMSTANCES: Partial<Record<string, string>> = {
  unusable: ' from five responses in a row. Last response',
  internal: ' because of an internal error',
}
