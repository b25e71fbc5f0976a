import { z } from 'zod'
import type { JobList, ListResponse, ListEntry, TimeWindow } from '../response.ts'
import { SECOND } from '../duration.ts'
import type { ExchangeResult } from '../http/exchange.ts'
import type { Fault } from '../http/fault.ts'
import { percentEncode } from '../http/percent-encode.ts'
import { parseJson } from '../http/service-error.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import { get, serviceFaultOf, type Api } from './get.ts'
import { jobSchema, timeOf, toJob } from './job.ts'

/** Asks once for the jobs of a window; it always resolves. */
export type ListJobs = (window: TimeWindow, signal: AbortSignal) => Promise<ListResponse>

/** The largest that the vendor's SDK names. */
const PAGE_LIMIT = 50

/**
 * `GET /v3/{project_id}/immediate-jobs`, the task center's list. Source: the vendor's Python SDK 3.1.219,
 * ListImmediateJobsRequest and TaskDetailInfo. Its `offset` is documented to begin at 0 and at 1, so it is not used:
 * a narrower window brings what did not fit.
 */
export function jobListApi(api: Api): ListJobs {
  return (window, signal) => {
    const read = (exchanged: ExchangeResult, now: number) => readListResponse(exchanged, api.secrets, now)
    return get(api, `immediate-jobs?${listQuery(window)}`, read, signal)
  }
}

/** The query for a window's jobs. */
export function listQuery({ since, until }: TimeWindow): string {
  return `start_time=${date(since)}&end_time=${date(until)}&limit=${PAGE_LIMIT}`
}

/** Turns whatever came back into a list, or says what came instead. */
export function readListResponse(exchanged: ExchangeResult, secrets: Secrets, now: number): ListResponse {
  if (exchanged.kind === 'no-response' || exchanged.status >= 300)
    return serviceFaultOf(exchanged, secrets, now)
  if (exchanged.status !== 200) return unusable(phrase`HTTP ${exchanged.status}`)
  if (exchanged.bodyError !== undefined)
    return unusable(phrase`HTTP 200 with a body that ${exchanged.bodyError}`)
  const { data } = listSchema.safeParse(parseJson(exchanged.body))
  if (data === undefined) return unusable(phrase`HTTP 200 without a list of jobs and its total_count`)
  const entries = data.jobs.flatMap((sent) => readEntry(sent, secrets))
  return { kind: 'list', entries: once(entries), isWhole: data.total_count <= data.jobs.length }
}

/** What a job's id is compared by: ignoring case. */
export function keyOf({ value }: { readonly value: string }): string {
  return value.toLowerCase()
}

const listSchema = z.object({ jobs: z.array(z.unknown()), total_count: z.number() })

const text = z.string().min(1).optional().catch(undefined)

const entrySchema = z.object({
  job_id: z.string().regex(/^[!-~]{1,128}$/),
  status: z.string().min(1),
  order_id: text,
  job_name: text,
  process: text,
  created_time: text,
  ended_time: text,
  fail_reason: text,
  instance_id: text,
  instance_name: text,
})

/** Nothing of what is no job's entry. */
function readEntry(raw: unknown, secrets: Secrets): ListEntry[] {
  const { data: sent } = entrySchema.safeParse(raw)
  if (sent === undefined) return []
  const detail = jobSchema.parse({
    id: sent.job_id,
    status: sent.status,
    name: sent.job_name,
    created: sent.created_time,
    ended: sent.ended_time,
    process: sent.process,
    fail_reason: sent.fail_reason,
    instance: { id: sent.instance_id, name: sent.instance_name },
  })
  const id = { value: sent.job_id, text: secrets.text(sent.job_id) }
  return [{ id, orderId: sent.order_id, created: timeOf(sent.created_time), job: toJob(detail, secrets) }]
}

/** Without the jobs that it tells of twice: then it contradicts itself. */
function once(entries: readonly ListEntry[]): JobList['entries'] {
  const times = new Map<string, number>()
  for (const { id } of entries) times.set(keyOf(id), (times.get(keyOf(id)) ?? 0) + 1)
  return entries.filter(({ id }) => times.get(keyOf(id)) === 1)
}

function unusable(message: Phrase): Fault {
  return { kind: 'unusable', detail: { label: 'no list', message } }
}

/** `2018-08-06T10:41:14+0000`, percent-encoded. */
function date(ms: number): string {
  return percentEncode(`${new Date(Math.floor(ms / SECOND) * SECOND).toISOString().slice(0, 19)}+0000`)
}
