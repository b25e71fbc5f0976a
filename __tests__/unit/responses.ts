import type {
  ConnectionResponse,
  InstanceResponse,
  JobResponse,
  JobList,
  ListEntry,
} from '../../src/response.ts'
import { readInstance } from '../../src/api/instances.ts'
import { jobSchema, toJob } from '../../src/api/job.ts'
import type { Id } from '../../src/id.ts'
import { noSecrets, untrusted } from './text.ts'

/** Responses for tests. */

export const ID: Id = { value: 'job-1', text: untrusted('job-1') }

export function jobResponse(status: string, fields: Record<string, unknown> = {}): JobResponse {
  return { kind: 'job', job: toJob(jobSchema.parse({ id: ID.value, status, ...fields }), noSecrets) }
}

export const notFoundYet: JobResponse = {
  kind: 'not-found-yet',
  detail: { label: 'not found yet', message: ['not there'] },
}

export const unusable: JobResponse = { kind: 'unusable', detail: { label: 'no job', message: ['no job'] } }

export const otherJob: JobResponse = {
  kind: 'rejected',
  reason: 'other-job',
  scope: 'job',
  detail: { label: 'another job', message: ['the response is about job job-2'] },
}

export function transient(retryAfter?: number): JobResponse {
  return { kind: 'transient', retryAfter, detail: { label: '502', message: ['HTTP 502'] } }
}

export const unauthorized: JobResponse = {
  kind: 'rejected',
  reason: 'credentials',
  scope: 'all',
  detail: { label: '401', message: ['HTTP 401 APIGW.0301'] },
}

export const forbidden: JobResponse = {
  kind: 'rejected',
  reason: 'permission',
  scope: 'job',
  detail: { label: '403', message: ['HTTP 403 DBS.200010'] },
}

/** What the service returns for an instance with a status. */
export function instanceResponse(status: string, fields: Record<string, unknown> = {}): InstanceResponse {
  const instance = { id: 'instance-1', status, private_write_ips: ['192.168.0.10'], port: '3306', ...fields }
  return readInstance(
    { kind: 'response', status: 200, headers: {}, body: JSON.stringify({ instance }), bodyError: undefined },
    'instance-1',
    { secrets: noSecrets, wallClock: () => 0 },
  )
}

/** A job that runs on an instance. */
export function busy(
  fields: Record<string, unknown> = { name: 'CreateX', process: '40%' },
): InstanceResponse {
  const { status, ...others } = { status: 'Running', ...fields }
  const job = toJob(jobSchema.parse({ id: 'job-9', status, ...others }), noSecrets)
  return { kind: 'busy', id: { value: 'job-9', text: untrusted('job-9') }, job }
}

export const idle: InstanceResponse = { kind: 'idle' }

export function connection(label: string, isAccepted = false): ConnectionResponse {
  return { kind: 'connection', address: untrusted('192.168.0.10:3306'), isAccepted, label: untrusted(label) }
}

export interface Listed {
  readonly id: string
  readonly status: string
  readonly process?: string
  /** Milliseconds since the epoch. */
  readonly created?: number
  readonly orderId?: string
  readonly instanceId?: string
}

export function listResponse(jobs: readonly Listed[], isWhole = true): JobList {
  return { kind: 'list', entries: jobs.map(listEntry), unusable: [], isWhole, clockOffset: 0 }
}

function listEntry({ id, status, process, created = 0, orderId, instanceId }: Listed): ListEntry {
  const job = toJob(jobSchema.parse({ id, status, process, instance: { id: instanceId } }), noSecrets)
  return { id: { value: id, text: untrusted(id) }, orderId, created, job }
}
