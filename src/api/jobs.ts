import { z } from 'zod'
import type { Answer } from '../answer.ts'
import type { Exchanged, Reply } from '../http/exchange.ts'
import { percentEncode } from '../http/percent-encode.ts'
import { parseJson, readableText, readServiceError } from '../http/service-error.ts'
import { phrase, type Phrase } from '../outside-text.ts'
import type { Secrets } from '../secrets.ts'
import { get, serviceFaultOf, type Api } from './get.ts'
import { jobSchema, toJob, type JobId } from './job.ts'
import type { Service } from './service.ts'

/** Asks once about one job; it always resolves. */
export type Ask = (id: JobId, signal: AbortSignal) => Promise<Answer>

/** `GET /v3/{project_id}/jobs?id=`: one question, one answer. Source: API reference, "URI". */
export function jobsApi(api: Api & { readonly service: Service }): Ask {
  return ({ value: jobId }, signal) => {
    const read = (exchanged: Exchanged, now: number) =>
      readAnswer(exchanged, jobId, api.service, api.secrets, now)
    return get(api, `jobs?id=${percentEncode(jobId)}`, read, signal)
  }
}

/** Turns whatever came back into one row of the contract's answer table. */
export function readAnswer(
  exchanged: Exchanged,
  jobId: string,
  service: Service,
  secrets: Secrets,
  now: number,
): Answer {
  if (exchanged.kind === 'no-reply') return serviceFaultOf(exchanged, secrets, now)
  const { status } = exchanged
  if (status === 200) return readJob(exchanged, jobId, service, secrets)
  if (status < 300) return { kind: 'unusable', told: { label: `${status}`, says: phrase`HTTP ${status}` } }
  const { code = '', says } = readServiceError(exchanged, secrets)
  return isNotVisible(status, code)
    ? { kind: 'not-visible', told: { label: 'not visible', says } }
    : serviceFaultOf(exchanged, secrets, now)
}

const single = z.object({ job: z.unknown() })
const listed = z.object({ jobs: z.array(z.unknown()) })
const identified = z.object({ id: z.string() })

function readJob(reply: Reply, jobId: string, { field }: Service, secrets: Secrets): Answer {
  if (reply.flaw !== undefined) return unusable(phrase`HTTP 200 with a body that ${reply.flaw}`)
  const json = parseJson(reply.body)
  const found =
    field === 'job'
      ? [single.safeParse(json).data?.job]
      : findJob(listed.safeParse(json).data?.jobs ?? [undefined], jobId)
  if (found.length > 1) return unusable(phrase`HTTP 200 with a list that holds the job ${found.length} times`)
  if (found[0] === null) {
    const instead = field === 'job' ? '“job”: null' : 'an empty list'
    return { kind: 'not-visible', told: { label: 'not visible', says: phrase`HTTP 200 with ${instead}` } }
  }
  const { data: sent } = jobSchema.safeParse(found[0])
  if (sent === undefined) return unusable(describe(reply, json, secrets), checkOf(json, field))
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

function unusable(says: Phrase, check?: string): Answer {
  return { kind: 'unusable', told: { label: 'no job', says, ...(check !== undefined && { check }) } }
}

/** What came instead of a job. */
function describe(reply: Reply, json: unknown, secrets: Secrets): Phrase {
  if (json === undefined) {
    const text = readableText(reply, secrets)
    return text === undefined ? phrase`HTTP 200 without a text` : phrase`HTTP 200 with the text “${text}”`
  }
  const fields = typeof json === 'object' && json !== null ? Object.keys(json).join(', ') : ''
  return phrase`HTTP 200 with JSON, but no job with id and status in it, only the fields “${secrets.text(fields)}”`
}

/** What to check when the answer is that of another service. */
function checkOf(json: unknown, field: Service['field']): string | undefined {
  const has = (name: Service['field']) => typeof json === 'object' && json !== null && name in json
  if (has(field)) return undefined
  if (has('jobs')) {
    return 'This is how GeminiDB answers: give service: geminidb. If the job is none of GeminiDB’s, check the endpoint.'
  }
  return has('job')
    ? 'This is how TaurusDB, RDS, DDS and GaussDB answer: give theirs as service. If the job is one of GeminiDB’s, check the endpoint.'
    : undefined
}

/** `DBS.200543` is "The job does not exist."; a 404 with a gateway's code is about the path, not about the job. */
function isNotVisible(status: number, code: string): boolean {
  return (status === 400 && code === 'DBS.200543') || (status === 404 && !/^APIGW?\./.test(code))
}
