import type { Answer, ListAnswer, ListEntry } from '../../src/answer.ts'
import { jobSchema, toJob, type JobId } from '../../src/api/job.ts'
import { noSecrets, outside } from './text.ts'

/** Answers as tests want them. */

export const ID: JobId = { value: 'job-1', text: outside('job-1') }

export function jobAnswer(status: string, fields: Record<string, unknown> = {}): Answer {
  return { kind: 'job', job: toJob(jobSchema.parse({ id: ID.value, status, ...fields }), noSecrets) }
}

export const notVisible: Answer = { kind: 'not-visible', told: { label: 'not visible', says: ['not there'] } }

export const unusable: Answer = { kind: 'unusable', told: { label: 'no job', says: ['no job'] } }

export const otherJob: Answer = { kind: 'other-job', id: outside('job-2') }

export function tryAgain(retryAfter?: number): Answer {
  return { kind: 'try-again', retryAfter, told: { label: '502', says: ['HTTP 502'] } }
}

export const unauthorized: Answer = {
  kind: 'refused',
  why: 'credentials',
  scope: 'all',
  told: { label: '401', says: ['HTTP 401 APIGW.0301'] },
}

export const forbidden: Answer = {
  kind: 'refused',
  why: 'permission',
  scope: 'job',
  told: { label: '403', says: ['HTTP 403 DBS.200010'] },
}

export interface Listed {
  readonly id: string
  readonly status: string
  readonly process?: string
  /** Milliseconds since the epoch. */
  readonly created?: number
  readonly orderId?: string
}

export function listAnswer(jobs: readonly Listed[], isWhole = true): ListAnswer {
  return { kind: 'list', entries: jobs.map(listEntry), isWhole }
}

function listEntry({ id, status, process, created = 0, orderId }: Listed): ListEntry {
  const job = toJob(jobSchema.parse({ id, status, process }), noSecrets)
  return { id: { value: id, text: outside(id) }, orderId, created, job }
}
