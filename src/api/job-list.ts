import { z } from 'zod'
import type { JobList, ListResponse, ListEntry, TimeWindow } from '../response.ts'
import { SECOND } from '../duration.ts'
import type { ExchangeResult } from '../http/exchange.ts'
import type { ResponseContext } from '../http/fault.ts'
import { readClockOffset } from '../http/headers.ts'
import { percentEncode } from '../http/percent-encode.ts'
import type { Secrets } from '../secrets.ts'
import { get, type Api } from './get.ts'
import { parse } from './parse.ts'
import { keyOf, toId } from '../id.ts'
import { jobSchema, parseTime, textOrNumber, toJob } from './job.ts'

/** Requests the jobs of a time window, all or only those that run. It never rejects. */
export type ListJobs = (window: TimeWindow, signal: AbortSignal, status?: 'Running') => Promise<ListResponse>

/** The largest limit in the documentation of ListImmediateJobsRequest. */
const PAGE_LIMIT = 50

/**
 * `GET /v3/{project_id}/immediate-jobs`. `offset` is not used, because it is documented to start at 0 and at 1; a
 * narrower window returns the jobs that did not fit. Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219,
 * ListImmediateJobsRequest and TaskDetailInfo.
 */
export function jobListApi(api: Api): ListJobs {
  // Some services reject an end in the future, and their clock decides what that is.
  let clockOffset = 0
  return ({ since, until }, signal, status) => {
    const now = api.wallClock() + clockOffset
    const query = listQuery({ since, until: Math.max(Math.min(until, now), since) }, status)
    const read = (result: ExchangeResult) => {
      if (result.kind === 'response') clockOffset = readClockOffset(result.headers, api.wallClock())
      return readListResponse(result, api)
    }
    return get(api, `immediate-jobs?${query}`, read, signal)
  }
}

export function listQuery({ since, until }: TimeWindow, status?: string): string {
  const filter = status === undefined ? '' : `status=${status}&`
  return `${filter}start_time=${queryTime(since)}&end_time=${queryTime(until)}&limit=${PAGE_LIMIT}`
}

/** Classifies the result of a request for the job list. */
export function readListResponse(result: ExchangeResult, context: ResponseContext): ListResponse {
  const response = parse(result, listSchema, 'a job list', context)
  if (response.kind !== 'parsed') return response
  const { jobs, total_count: total = jobs.length < PAGE_LIMIT ? 0 : Infinity } = response.data
  const entries = jobs.flatMap((sent) => readEntry(sent, context.secrets))
  return { kind: 'list', entries: withoutDuplicates(entries), isWhole: total <= jobs.length }
}

const listSchema = z.object({
  jobs: z.array(z.unknown()),
  total_count: z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
    .optional()
    .catch(undefined),
})

const entrySchema = z.looseObject({
  job_id: z.string().regex(/^[!-~]{1,128}$/),
  order_id: textOrNumber,
})

/** Returns no entry if it cannot be parsed. */
function readEntry(raw: unknown, secrets: Secrets): ListEntry[] {
  const { data: sent } = entrySchema.safeParse(raw)
  if (sent === undefined) return []
  const { data: job } = jobSchema.safeParse({
    id: sent.job_id,
    status: sent['status'],
    name: sent['job_name'],
    created: sent['created_time'],
    ended: sent['ended_time'],
    process: sent['process'],
    fail_reason: sent['fail_reason'],
    instance: { id: sent['instance_id'], name: sent['instance_name'] },
  })
  if (job === undefined) return []
  return [
    {
      id: toId(sent.job_id, secrets),
      orderId: sent.order_id,
      created: parseTime(job.created),
      job: toJob(job, secrets),
    },
  ]
}

/** Each job once; drops those whose entries contradict each other. */
function withoutDuplicates(entries: readonly ListEntry[]): JobList['entries'] {
  return [...Map.groupBy(entries, ({ id }) => keyOf(id)).values()].flatMap(([first, ...others]) =>
    first && others.every(({ job }) => job.status.text.equals(first.job.status.text)) ? [first] : [],
  )
}

/** `2018-08-06T10:41:14+0000`, percent-encoded. */
function queryTime(ms: number): string {
  return percentEncode(`${new Date(Math.floor(ms / SECOND) * SECOND).toISOString().slice(0, 19)}+0000`)
}
