import type { Call, Cloud } from './cloud.ts'
import { parameterError } from './refusals.ts'
import { json, type Reply } from './reply.ts'

/**
 * GET /v3/{project_id}/immediate-jobs, the newest first. Limits as in the vendor's SDK 3.1.219, ListImmediateJobsRequest;
 * that a parameter against them is an error, and the 30 days without a window, are guesses.
 */
export function listJobs(
  call: Pick<Call, 'query' | 'headers'>,
  cloud: Pick<Cloud, 'tasks' | 'firstOffset'>,
): Reply {
  const wanted = readQuery(call.query, cloud.firstOffset)
  if (wanted === undefined) return parameterError(call)
  const { since = cloud.tasks.now() - thirtyDaysMs, until = Infinity, skip, limit } = wanted
  const jobs = cloud.tasks
    .list()
    .filter(({ createdAt }) => createdAt >= since && createdAt <= until)
    .map(({ entry }) => entry)
    .filter((entry) => filters.every((name) => [undefined, '', entry[name]].includes(call.query[name])))
  return json(200, { jobs: jobs.slice(skip, skip + limit), total_count: jobs.length })
}

/** Parameters that a field of the same name must equal. */
const filters = ['status', 'job_name', 'job_id']

const thirtyDaysMs = 30 * 24 * 3_600_000

interface Wanted {
  /** Milliseconds since 1970, both included. */
  readonly since: number | undefined
  readonly until: number | undefined
  readonly skip: number
  readonly limit: number
}

/** Undefined when something in it can't be. `firstOffset` is the offset of the first job. */
function readQuery(query: Call['query'], firstOffset: number): Wanted | undefined {
  const { start_time: start = '', end_time: end = '', limit = '10', offset = `${firstOffset}` } = query
  const since = start === '' ? undefined : readTime(start)
  const until = end === '' ? undefined : readTime(end)
  if (Number.isNaN(since) || Number.isNaN(until)) return undefined
  if (!['10', '20', '50'].includes(limit) || !/^\d{1,9}$/.test(offset)) return undefined
  return { since, until, skip: Math.max(Number(offset) - firstOffset, 0), limit: Number(limit) }
}

/** `2018-08-06T10:41:14+0800` in milliseconds since 1970; NaN for any other form. A `+` not encoded is a space here. */
function readTime(text: string): number {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d)(\d\d)$/.exec(text)
  return parts === null ? Number.NaN : Date.parse(`${parts[1]}:${parts[2]}`)
}
