import type { Job } from '../api/job.ts'
import { formatDuration } from '../duration.ts'
import { joinPhrases, phrase, type Phrase } from '../untrusted-text.ts'
import type { Outcome, JobState } from '../wait/judge.ts'
import { total, type Tally } from '../wait/tally.ts'
import type { WaitResult } from '../wait/wait.ts'

/** Why a step is red, for a person. */
export interface Explanation {
  /** One of {@link TITLES}. */
  readonly title: string
  /** What happened, as one sentence. */
  readonly message: Phrase
  /** What to do next. */
  readonly nextSteps: Phrase
}

/** Titles of annotations; each is a heading in docs/troubleshooting.md, "Annotations". */
export const TITLES = {
  inputs: 'The inputs are wrong',
  failed: 'The job failed',
  canceled: 'The job was canceled',
  'timed-out': 'The wait timed out',
  'not-found': 'The job was not found',
  'order-not-found': 'The order has no job',
  vanished: 'The job vanished',
  interrupted: 'The wait was interrupted',
  credentials: 'The credentials were refused',
  'id-token': 'GitHub gave no id token',
  agency: 'The agency could not be assumed',
  permission: 'The permission is missing',
  redirect: 'The endpoint redirects',
  certificate: 'The certificate is not trusted',
  proxy: 'The proxy refuses',
  request: 'The request was refused',
  unusable: 'The answers hold no job',
  'other-job': 'The answer is about another job',
  several: 'Several jobs did not complete',
  outputs: 'The outputs could not be written',
  defect: 'The action has a defect',
} as const

/** Explains how the wait for one job ended; `timeout` in milliseconds. */
export function explainOutcome({ state, outcome }: WaitResult, timeout: number): Explanation {
  const job = jobPhrase(state)
  switch (outcome.result) {
    case 'completed':
      return { title: 'The job completed', message: phrase`${job} completed.`, nextSteps: [] }
    case 'failed':
      return {
        title: TITLES.failed,
        message: phrase`${job} failed${reasonOf(outcome.job)}.`,
        nextSteps: phrase`The task center in the console tells more. Look at the instance before you run the step that made the job again: what the job has done so far is not undone.`,
      }
    case 'canceled':
      return {
        title: TITLES.canceled,
        message: phrase`${job} was canceled${reasonOf(outcome.job)}.`,
        nextSteps: phrase`It was ended in the cloud. If it is still wanted, run the step that made the job again.`,
      }
    case 'timed-out':
      return explainTimeout(state, timeout)
    case 'not-found':
      if (state.kind === 'order') {
        return {
          title: TITLES['order-not-found'],
          message: phrase`${job} had no job for ${formatDuration(outcome.notFoundFor)}: ${outcome.detail.message}.`,
          nextSteps: phrase`Check in the console that the order is paid for and has not expired, and that project-id and endpoint are those of the region in which it was placed. To go on waiting, run a step with the same order-id: ${state.id.text}.`,
        }
      }
      return {
        title: TITLES['not-found'],
        message: phrase`${job} was not known to the service for ${formatDuration(outcome.notFoundFor)}: ${outcome.detail.message}.`,
        nextSteps: phrase`Check that job-id, project-id and endpoint belong together: a job is known only in its own project and region, and for a month.`,
      }
    case 'vanished':
      return {
        title: TITLES.vanished,
        message: phrase`${job} was there${lastSeen(state)}, and then no longer known to the service: ${outcome.detail.message}.`,
        nextSteps: phrase`Either the instance was deleted and its jobs with it, or the task’s record was deleted in the console, and the task may still run, or the job is older than a month. Look at the instance in the console.`,
      }
    case 'interrupted':
      return {
        title: TITLES.interrupted,
        message:
          outcome.by === 'signal'
            ? phrase`${job} ${notOver(state)}, when the wait was interrupted.`
            : phrase`${job} ${notOver(state)}, when another job did not complete; fail-fast ended the wait.`,
        nextSteps: phrase`${goesOn(state)} To wait for it again, run a step with the same ${state.kind}-id: ${state.id.text}.`,
      }
    case 'error':
      return explainError(job, outcome)
  }
}

/** All answers of a job, as in: 41 asked: 38 Running, 3 × 502. */
export function tallyPhrase({ tally }: JobState): Phrase {
  return tally.length === 0 ? phrase`nothing asked` : phrase`${total(tally)} asked: ${countsPhrase(tally)}`
}

/** `38 × Running, 3 × 502` */
export function countsPhrase(tally: Tally): Phrase {
  const counts = tally.map(({ label, count }) => phrase`${count} × ${label}`)
  return joinPhrases(counts, ', ')
}

function jobPhrase({ kind, id, job }: JobState): Phrase {
  if (kind === 'order') return phrase`Order ${id.text}`
  return job?.name === undefined ? phrase`Job ${id.text}` : phrase`Job ${id.text} (${job.name})`
}

function reasonOf({ failReason }: Job): Phrase {
  return failReason === undefined ? phrase`; the service gave no reason` : phrase`: “${failReason}”`
}

/** `, last Running at 40%`; empty when the job was never seen. */
function lastSeen({ job, progress }: JobState): Phrase {
  if (job === undefined) return []
  return progress === undefined
    ? phrase`, last ${job.status.text}`
    : phrase`, last ${job.status.text} at ${progress}%`
}

function notOver(state: JobState): Phrase {
  return state.kind === 'order' ? phrase`had no job yet` : phrase`was not over${lastSeen(state)}`
}

function goesOn({ kind, job }: JobState): string {
  if (kind === 'order') return 'The order itself goes on in the cloud.'
  return job === undefined ? 'If the job exists, it goes on in the cloud.' : 'The job goes on in the cloud.'
}

function explainTimeout(state: JobState, timeout: number): Explanation {
  const after = phrase` after ${formatDuration(timeout)}`
  const seen = state.job === undefined ? phrase` and was never seen` : lastSeen(state)
  const what = state.kind === 'order' ? phrase`had no job${after}` : phrase`was not over${after}${seen}`
  const fault =
    state.last?.kind === 'transient' || state.last?.kind === 'rejected' ? state.last.detail : undefined
  const lastFault = fault === undefined ? [] : phrase` The last fault: ${fault.message}.`
  const hint = fault?.hint === undefined ? '' : `${fault.hint} `
  return {
    title: TITLES['timed-out'],
    message: phrase`${jobPhrase(state)} ${what}; ${tallyPhrase(state)}.${lastFault}`,
    nextSteps: phrase`${hint}${goesOn(state)} To resume the wait, run a step with the same ${state.kind}-id and a longer timeout; to create again would make a second instance.`,
  }
}

function explainError(job: Phrase, end: Extract<Outcome, { result: 'error' }>): Explanation {
  const title = TITLES[end.reason]
  const hint = end.reason === 'other-job' ? undefined : end.detail.hint
  const nextSteps = [hint ?? NEXT_STEPS[end.reason]]
  switch (end.reason) {
    case 'other-job':
      return {
        title,
        message: phrase`${job} was asked for, and the service answered about job ${end.id}.`,
        nextSteps,
      }
    case 'unusable':
      return {
        title,
        message: phrase`${job} was in none of five answers in a row; the last: ${end.detail.message}.`,
        nextSteps,
      }
    case 'defect':
      return { title, message: phrase`${job} is no longer waited for: ${end.detail.message}.`, nextSteps }
    default:
      return { title, message: phrase`${job} could not be asked for: ${end.detail.message}.`, nextSteps }
  }
}

/** What to do about each kind of error. */
export const NEXT_STEPS: Readonly<Record<Extract<Outcome, { result: 'error' }>['reason'], string>> = {
  credentials:
    'Check the credentials. They are not asked with again, since repeated refusals lock an account.',
  'id-token':
    'GitHub’s own service refused. Check that the job has the permission id-token: write; a run that was waiting for days has to be started anew.',
  agency:
    'Check identity-provider-urn, agency-urn, audience and the agency’s trust policy, whose conditions on oidc:sub, oidc:aud and oidc:iss must all fit this workflow: docs/credentials.md.',
  permission:
    'Check that the user may list the service’s tasks (for TaurusDB gaussdbformysql:task:list, or gaussdb:instance:list in a role) and that project-id is the project of the job.',
  redirect:
    'A redirect is never followed, since credentials would go along. Give the endpoint of the API itself; a sign-in page of a proxy redirects, too.',
  certificate:
    'Check the endpoint’s spelling. Where a proxy or a private CA signs, put that CA’s certificate into a file and its path into NODE_EXTRA_CA_CERTS.',
  proxy:
    'Check https_proxy (it holds user and password, if the proxy wants them) and no_proxy, and that the proxy may connect to the endpoint.',
  request: 'Check endpoint and project-id: together they must be those of the instance’s region.',
  unusable:
    'Check endpoint and service: the endpoint must be the host of that service’s API, not that of the console, a proxy or another service.',
  'other-job':
    'Nothing is known of the job that was asked for. Check the endpoint, and caches or gateways before it.',
  defect:
    'Please report it with this log. The job itself goes on in the cloud; a step with the same job-id waits for it again.',
}
