import { z } from 'zod'
import type { JobResponse } from '../response.ts'
import type { ExchangeResult, HttpResponse } from '../http/exchange.ts'
import { faultOf, type ResponseContext } from '../http/fault.ts'
import { percentEncode } from '../http/percent-encode.ts'
import { parseJson, readableText, readServiceError } from '../http/service-error.ts'
import { phrase } from '../untrusted-text.ts'
import { isSameId, type Id } from '../id.ts'
import { get, isUnknown, notFoundYet, unusable, type Api } from './get.ts'
import { jobSchema, toJob } from './job.ts'

/** Requests one job. It never rejects. */
export type GetJob = (id: Id, signal: AbortSignal) => Promise<JobResponse>

/**
 * `GET /v3/{project_id}/jobs?id=`. Source: Huawei Cloud TaurusDB API Reference, "Obtaining Information About a Task
 * with a Specified ID".
 */
export function jobsApi(api: Api): GetJob {
  return ({ value }, signal) =>
    get(api, `jobs?id=${percentEncode(value)}`, (result) => readJobResponse(result, value, api), signal)
}

type JobContext = ResponseContext & Pick<Api, 'service'>

/** Classifies the result of a request for a job. */
export function readJobResponse(result: ExchangeResult, jobId: string, context: JobContext): JobResponse {
  if (result.kind === 'response' && result.status < 300) return readJob(result, jobId, context)
  const fault = faultOf(result, context)
  return isUnknown(result, context) ? notFoundYet('not found yet', fault.detail.message) : fault
}

function readJob(response: HttpResponse, jobId: string, context: JobContext): JobResponse {
  const { status, body, bodyError } = response
  const { service, secrets } = context
  const { field } = service
  if (status !== 200) return unusable(`${status}`, phrase`HTTP ${status}`)
  if (bodyError !== undefined) return unusable('no job', phrase`HTTP 200 with a body that ${bodyError}`)
  const json = parseJson(body)
  const fields: Readonly<Record<string, unknown>> = typeof json === 'object' ? { ...json } : {}
  const [job, ...others] = field === 'job' ? [fields['job']] : findJob(fields['jobs'], jobId)
  if (others.length > 0) {
    const count = others.length + 1
    return unusable('no job', phrase`HTTP 200 with a list that contains the job ${count} times`)
  }
  if (job === null) {
    const what = field === 'job' ? '"job": null' : 'a list without the job'
    const { code, message } = readServiceError(response, secrets)
    return notFoundYet('not found yet', code === undefined ? phrase`HTTP 200 with ${what}` : message)
  }
  const isRegistered = isSameId(registeredSchema.safeParse(job).data?.id, jobId)
  if (isRegistered || emptySchema.safeParse(job).success)
    return notFoundYet('not found yet', phrase`HTTP 200 with a job that has no status`)
  const { data: sent } = jobSchema.safeParse(job)
  if (sent !== undefined) {
    if (isSameId(sent.id, jobId)) return { kind: 'job', job: toJob(sent, secrets) }
    const message = phrase`the response is about job ${secrets.text(sent.id)}`
    return { kind: 'rejected', reason: 'other-job', scope: 'job', detail: { label: 'another job', message } }
  }
  const error = readServiceError(response, secrets)
  if (isUnknown(response, context)) return notFoundYet('not found yet', error.message)
  if (error.hasReason) return unusable('no job', error.message)
  if (json === undefined) {
    const text = readableText(response, secrets)
    const described = text === undefined ? 'without text' : phrase`with the text “${text}”`
    return unusable('no job', phrase`HTTP 200 ${described}`)
  }
  const names = secrets.text(Object.keys(fields).join(', '))
  const message = phrase`HTTP 200 with JSON that contains no job with id and status, only the fields “${names}”`
  const other = field === 'job' ? 'jobs' : 'job'
  const hint = other in fields && !(field in fields) ? { hint: HINTS[other] } : {}
  return { kind: 'unusable', detail: { label: 'no job', message, ...hint } }
}

/** Returns all entries with the job's ID; otherwise null, or undefined if it is not a list. */
function findJob(jobs: unknown, jobId: string): readonly unknown[] {
  const { data: list } = z.array(z.unknown()).safeParse(jobs)
  const isJob = (entry: unknown) => isSameId(idSchema.safeParse(entry).data?.id, jobId)
  const found = list?.filter(isJob) ?? [undefined]
  return found.length > 0 ? found : [null]
}

const idSchema = z.object({ id: z.string() })
/** What some services return for a moment after a job was created. */
const registeredSchema = z.object({ id: z.string(), status: z.literal('').nullish() })
const emptySchema = z.union([
  z.strictObject({}),
  z.object({ id: z.literal('').nullable(), status: z.literal('').nullish() }),
])

/** For responses in the format of another service. */
const HINTS = {
  job: 'The response has the format of TaurusDB, RDS, DDS, and GaussDB. For a job of one of them, set service accordingly; otherwise, check the endpoint.',
  jobs: 'The response has the format of GeminiDB. For a GeminiDB job, set service to geminidb; otherwise, check the endpoint.',
}
