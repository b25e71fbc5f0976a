import { z } from 'zod'
import type { JobResponse } from '../response.ts'
import type { ExchangeResult, HttpResponse } from '../http/exchange.ts'
import { percentEncode } from '../http/percent-encode.ts'
import { parseJson, readableText, readServiceError } from '../http/service-error.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import { get, serviceFaultOf, type Api } from './get.ts'
import { jobSchema, toJob, type JobId } from './job.ts'
import type { Service } from './service.ts'

/** Asks once about one job; it always resolves. */
export type GetJob = (id: JobId, signal: AbortSignal) => Promise<JobResponse>

/** `GET /v3/{project_id}/jobs?id=`: one question, one answer. Source: API reference, "URI". */
export function jobsApi(api: Api & { readonly service: Service }): GetJob {
  return ({ value: jobId }, signal) => {
    const read = (exchanged: ExchangeResult, now: number) =>
      readJobResponse(exchanged, jobId, api.service, api.secrets, now)
    return get(api, `jobs?id=${percentEncode(jobId)}`, read, signal)
  }
}

/** Turns whatever came back into one row of the contract's answer table. */
export function readJobResponse(
  exchanged: ExchangeResult,
  jobId: string,
  service: Service,
  secrets: Secrets,
  now: number,
): JobResponse {
  if (exchanged.kind === 'no-response') return serviceFaultOf(exchanged, secrets, now)
  const { status } = exchanged
  if (status === 200) return readJob(exchanged, jobId, service, secrets)
  if (status < 300)
    return { kind: 'unusable', detail: { label: `${status}`, message: phrase`HTTP ${status}` } }
  const { code = '', message } = readServiceError(exchanged, secrets)
  return isNotFoundYet(status, code)
    ? { kind: 'not-found-yet', detail: { label: 'not visible', message } }
    : serviceFaultOf(exchanged, secrets, now)
}

const single = z.object({ job: z.unknown() })
const listed = z.object({ jobs: z.array(z.unknown()) })
const identified = z.object({ id: z.string() })

function readJob(reply: HttpResponse, jobId: string, { field }: Service, secrets: Secrets): JobResponse {
  if (reply.bodyError !== undefined) return unusable(phrase`HTTP 200 with a body that ${reply.bodyError}`)
  const json = parseJson(reply.body)
  const found =
    field === 'job'
      ? [single.safeParse(json).data?.job]
      : findJob(listed.safeParse(json).data?.jobs ?? [undefined], jobId)
  if (found.length > 1) return unusable(phrase`HTTP 200 with a list that holds the job ${found.length} times`)
  if (found[0] === null) {
    const instead = field === 'job' ? '“job”: null' : 'an empty list'
    return {
      kind: 'not-found-yet',
      detail: { label: 'not visible', message: phrase`HTTP 200 with ${instead}` },
    }
  }
  const { data: sent } = jobSchema.safeParse(found[0])
  if (sent === undefined) return unusable(describe(reply, json, secrets), hintOf(json, field))
  if (!isSameId(sent.id, jobId)) return { kind: 'other-job', id: secrets.text(sent.id) }
  return { kind: 'job', job: toJob(sent, secrets) }
}

/** Every entry with the job's id; without one the first that there is, and a null job when there is none at all. */
function findJob(list: readonly unknown[], jobId: string): readonly unknown[] {
  if (list.length === 0) return [null]
  const own = list.filter((entry) => isSameId(identified.safeParse(entry).data?.id ?? '', jobId))
  return own.length > 0 ? own : [list[0] ?? undefined]
}

/** Ignoring case. What we ask with is ASCII, and beyond it two characters can have one lower case: K and the kelvin sign. */
function isSameId(sent: string, asked: string): boolean {
  return /^[!-~]+$/.test(sent) && sent.toLowerCase() === asked.toLowerCase()
}

function unusable(message: Phrase, hint?: string): JobResponse {
  return { kind: 'unusable', detail: { label: 'no job', message, ...(hint !== undefined && { hint }) } }
}

/** What came instead of a job. */
function describe(reply: HttpResponse, json: unknown, secrets: Secrets): Phrase {
  if (json === undefined) {
    const text = readableText(reply, secrets)
    return text === undefined ? phrase`HTTP 200 without a text` : phrase`HTTP 200 with the text “${text}”`
  }
  const fields = typeof json === 'object' && json !== null ? Object.keys(json).join(', ') : ''
  return phrase`HTTP 200 with JSON, but no job with id and status in it, only the fields “${secrets.text(fields)}”`
}

/** What to hint when the answer is that of another service. */
function hintOf(json: unknown, field: Service['field']): string | undefined {
  const has = (name: Service['field']) => typeof json === 'object' && json !== null && name in json
  if (has(field)) return undefined
  if (has('jobs')) {
    return 'This is how GeminiDB answers: give service: geminidb. If the job is none of GeminiDB’s, hint the endpoint.'
  }
  return has('job')
    ? 'This is how TaurusDB, RDS, DDS and GaussDB answer: give theirs as service. If the job is one of GeminiDB’s, hint the endpoint.'
    : undefined
}

/** `DBS.200543` is "The job does not exist."; a 404 with a gateway's code is about the path, not about the job. */
function isNotFoundYet(status: number, code: string): boolean {
  return (status === 400 && code === 'DBS.200543') || (status === 404 && !/^APIGW?\./.test(code))
}
