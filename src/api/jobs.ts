import { z } from 'zod'
import type { JobResponse } from '../response.ts'
import type { ExchangeResult, HttpResponse } from '../http/exchange.ts'
import { faultOf, type FaultDetail, type ResponseContext } from '../http/fault.ts'
import { percentEncode } from '../http/percent-encode.ts'
import { parseJson, readableText, readServiceError } from '../http/service-error.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import { get, type Api } from './get.ts'
import { jobSchema, toJob } from './job.ts'
import type { Id } from '../id.ts'
import type { Service } from './service.ts'

/** Requests one job. It never rejects. */
export type GetJob = (id: Id, signal: AbortSignal) => Promise<JobResponse>

/**
 * `GET /v3/{project_id}/jobs?id=`. Source: Huawei Cloud TaurusDB API Reference, "Obtaining Information About a Task
 * with a Specified ID".
 */
export function jobsApi(api: Api & JobContext): GetJob {
  return ({ value }, signal) =>
    get(api, `jobs?id=${percentEncode(value)}`, (result) => readJobResponse(result, value, api), signal)
}

interface JobContext extends ResponseContext {
  readonly service: Service
}

/** Classifies the result of a request for a job. */
export function readJobResponse(result: ExchangeResult, jobId: string, context: JobContext): JobResponse {
  if (result.kind === 'no-response') return faultOf(result, context)
  const { status } = result
  if (status === 200) return readJob(result, jobId, context)
  if (status < 300) return unusable(phrase`HTTP ${status}`, { label: `${status}` })
  const fault = faultOf(result, context)
  return isUnknown(result, context.secrets) ? notFoundYet(fault.detail.message) : fault
}

function readJob(response: HttpResponse, jobId: string, { service, secrets }: JobContext): JobResponse {
  const { field } = service
  if (response.bodyError !== undefined) {
    return unusable(phrase`HTTP 200 with a body that ${response.bodyError}`)
  }
  const json = parseJson(response.body)
  const fields: Fields = typeof json === 'object' ? { ...json } : {}
  const jobs = field === 'job' ? [fields['job']] : findJob(fields['jobs'], jobId)
  if (jobs.length > 1) {
    return unusable(phrase`HTTP 200 with a list that contains the job ${jobs.length} times`)
  }
  const [job] = jobs
  if (job === null) {
    return notFoundYet(phrase`HTTP 200 with ${field === 'job' ? '"job": null' : 'a list without the job'}`)
  }
  const registered = registeredSchema.safeParse(job)
  if (registered.success && isSameId(registered.data.id, jobId)) {
    return notFoundYet(phrase`HTTP 200 with a job that has no status`)
  }
  const { data: sent } = jobSchema.safeParse(job)
  if (sent === undefined) {
    const error = readServiceError(response, secrets)
    if (error.code !== undefined) return unusable(error.message)
    const message =
      json === undefined
        ? describeText(response, secrets)
        : phrase`HTTP 200 with JSON that contains no job with id and status, only the fields “${secrets.text(Object.keys(fields).join(', '))}”`
    return unusable(message, serviceHint(fields, field))
  }
  if (!isSameId(sent.id, jobId)) return { kind: 'other-job', id: secrets.text(sent.id) }
  return { kind: 'job', job: toJob(sent, secrets) }
}

type Fields = Readonly<Record<string, unknown>>

/** Returns all entries with the job's ID; otherwise null, or undefined if it is not a list. */
function findJob(jobs: unknown, jobId: string): readonly unknown[] {
  const list = z.array(z.unknown()).safeParse(jobs)
  if (!list.success) return [undefined]
  const matches = list.data.filter((entry) => isSameId(idSchema.safeParse(entry).data?.id ?? '', jobId))
  return matches.length > 0 ? matches : [null]
}

const idSchema = z.object({ id: z.string() })
/** What some services return for a moment after a job was created. */
const registeredSchema = z.object({ id: z.string(), status: z.literal('').nullish() })

/** Ignores case for ASCII only: other characters can have the same lower case, for example K and the kelvin sign. */
export function isSameId(sent: string, requested: string): boolean {
  return /^[!-~]+$/.test(sent) && sent.toLowerCase() === requested.toLowerCase()
}

function notFoundYet(message: Phrase): JobResponse {
  return { kind: 'not-found-yet', detail: { label: 'not found yet', message } }
}

function unusable(message: Phrase, detail: Partial<FaultDetail> = {}): JobResponse {
  return { kind: 'unusable', detail: { label: 'no job', message, ...detail } }
}

function describeText(response: HttpResponse, secrets: Secrets): Phrase {
  const text = readableText(response, secrets)
  return text === undefined ? phrase`HTTP 200 without text` : phrase`HTTP 200 with the text “${text}”`
}

/** Suggests another service if the response has its format. */
function serviceHint(fields: Fields, field: Service['field']): Pick<FaultDetail, 'hint'> {
  const other = field === 'job' ? 'jobs' : 'job'
  return other in fields && !(field in fields) ? { hint: HINTS[other] } : {}
}

const HINTS = {
  job: 'The response has the format of TaurusDB, RDS, DDS, and GaussDB. For a job of one of them, set service accordingly; otherwise, check the endpoint.',
  jobs: 'The response has the format of GeminiDB. For a GeminiDB job, set service to geminidb; otherwise, check the endpoint.',
}

/** Whether a response means that nothing has the ID: a 404 with a gateway code is about the path. */
export function isUnknown(response: HttpResponse, secrets: Secrets): boolean {
  const { code = '' } = readServiceError(response, secrets)
  // "The job does not exist."
  if (response.status === 400) return code === 'DBS.200543'
  return response.status === 404 && !/^APIGW?\./.test(code)
}
