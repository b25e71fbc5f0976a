import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { ListResponse, ListEntry, TimeWindow, UnusableEntry } from '../response.ts'
import type { ExchangeResult } from '../http/exchange.ts'
import type { ResponseContext } from '../http/fault.ts'
import { readClockOffset } from '../http/headers.ts'
import { textOrNumber } from '../http/service-error.ts'
import type { Secrets } from '../secrets.ts'
import { get, parse, type Api } from './get.ts'
import { JOB_ID, keyOf, toId } from '../id.ts'
import { jobSchema, optional, optionalText, parseTime, toJob } from './job.ts'

/** Requests the jobs of a time window, all or only those that run. It never rejects. */
export type ListJobs = (window: TimeWindow, signal: AbortSignal, status?: 'Running') => Promise<ListResponse>

/** The largest limit in the documentation of ListImmediateJobsRequest. */
const PAGE_LIMIT = 50
/** A service that ignores the limit returns more; a hostile one, so many that reading them takes too long. */
const MAX_ENTRIES = 1_000

/**
 * `GET /v3/{project_id}/immediate-jobs`. `offset` is not used, because it is documented to start at 0 and at 1; a
 * narrower window returns the jobs that did not fit. Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219,
 * ListImmediateJobsRequest and TaskDetailInfo.
 */
export function jobListApi(api: Api): ListJobs {
  // Some services reject an end in the future, and their clock decides what that is.
  let clockOffset = 0
  /** When the newest known job was created: a date of the service before that is wrong. */
  let newest = -Infinity
  return ({ since, until }, signal, status) => {
    const now = api.wallClock() + clockOffset
    const latest = Math.max(now, Math.min(newest + SECOND, api.wallClock()))
    const query = listQuery({ since, until: Math.max(Math.min(until, latest), since) }, status)
    const read = (result: ExchangeResult) => {
      if (result.kind === 'response') clockOffset = readClockOffset(result.headers, api.wallClock())
      const response = readListResponse(result, api)
      const times = response.kind === 'list' ? response.entries.map(({ created }) => created) : []
      newest = Math.max(newest, ...times.filter((time) => !Number.isNaN(time)))
      return response
    }
    return get(api, `immediate-jobs?${query}`, read, signal)
  }
}

export function listQuery({ since, until }: TimeWindow, status?: string): string {
  const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}+0000`
  const filters = { start_time: time(since), end_time: time(until), limit: `${PAGE_LIMIT}` }
  return new URLSearchParams(status === undefined ? filters : { status, ...filters }).toString()
}

/** Classifies the result of a request for the job list. */
export function readListResponse(result: ExchangeResult, context: ResponseContext): ListResponse {
  const response = parse(result, listSchema, 'a job list', context)
  if (response.kind !== 'parsed') return response
  const { jobs, total_count: total = 0 } = response.data
  const read = jobs.map((sent) => readEntry(sent, context.secrets))
  const unreadable = read.filter((entry) => !isUsable(entry))
  const byId = [...Map.groupBy(read.filter(isUsable), ({ id }) => keyOf(id)).values()]
  const contradicting = byId.filter((same) => !isConsistent(same)).flat()
  return {
    kind: 'list',
    entries: byId.filter(isConsistent).flatMap(oncePerOwner),
    unusable: [...unreadable, ...contradicting].map(ownerOf),
    isWhole: total < jobs.length ? jobs.length < PAGE_LIMIT : total === jobs.length,
    clockOffset: result.kind === 'response' ? readClockOffset(result.headers, context.wallClock()) : 0,
  }
}

const listSchema = z.object({
  jobs: z.array(z.unknown()).max(MAX_ENTRIES),
  total_count: optional(z.number().or(z.string().regex(/^\d+$/).transform(Number))),
})

/** The fields of a job have other names than in the response for one job. */
const { status, process, fail_reason } = jobSchema.shape
const entrySchema = z.object({
  status,
  process,
  fail_reason,
  job_id: z.string().regex(JOB_ID),
  order_id: textOrNumber,
  job_name: optionalText,
  created_time: optionalText,
  ended_time: optionalText,
  instance_id: optionalText,
  instance_name: optionalText,
})

/** What an entry belongs to, even if the rest of it cannot be parsed. */
const ownerSchema = z.object({ order_id: textOrNumber, instance_id: optionalText })

function readEntry(raw: unknown, secrets: Secrets): ListEntry | UnusableEntry {
  const { data: sent } = entrySchema.safeParse(raw)
  if (sent === undefined) {
    const { data: owner } = ownerSchema.safeParse(raw)
    return { orderId: owner?.order_id, instanceId: owner?.instance_id }
  }
  const { job_id: id, order_id: orderId, job_name: name, created_time: created, ended_time: ended } = sent
  const instance = { id: sent.instance_id, name: sent.instance_name }
  const job = toJob({ ...sent, id, name, created, ended, instance }, secrets)
  return { id: toId(id, secrets), orderId, created: parseTime(created), job }
}

function isUsable(entry: ListEntry | UnusableEntry): entry is ListEntry {
  return 'job' in entry
}

function ownerOf(entry: ListEntry | UnusableEntry): UnusableEntry {
  return isUsable(entry) ? { orderId: entry.orderId, instanceId: entry.job.instanceId?.value } : entry
}

/** A job of several orders or instances has an entry for each. */
function oncePerOwner(same: readonly ListEntry[]): readonly ListEntry[] {
  const owners = Map.groupBy(same, (entry) => JSON.stringify(ownerOf(entry)))
  return [...owners.values()].flatMap(([first]) => first ?? [])
}

/** Whether entries for the same job do not contradict each other. */
function isConsistent([first, ...others]: readonly ListEntry[]): boolean {
  return others.every(({ job }) => first?.job.status.text.equals(job.status.text))
}
