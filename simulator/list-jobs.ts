import type { Cloud } from './cloud.ts'
import { json, type ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'
import { parameterError } from './service-errors.ts'

/**
 * GET /v3/{project_id}/immediate-jobs: the job list of the task center, newest first. Source of the limits: the
 * vendor's SDK 3.1.219, ListImmediateJobsRequest. Two assumptions: a parameter beyond its limits is an error, and
 * without a start time the list covers 30 days.
 */
export function listJobs(
  request: Pick<ApiRequest, 'query' | 'headers'>,
  cloud: Pick<Cloud, 'tasks' | 'firstOffset'>,
): ApiResponse {
  const { query } = request
  const parameters = readParameters(query, cloud.firstOffset)
  if (parameters === undefined) return parameterError(request)
  const { since = cloud.tasks.now() - DEFAULT_WINDOW_MS, until = Infinity, skip, limit } = parameters
  const jobs = cloud.tasks
    .list()
    .filter(({ createdAt }) => createdAt >= since && createdAt <= until)
    .map(({ entry }) => entry)
    .filter((entry) => FILTERS.every((name) => [undefined, '', entry[name]].includes(query[name])))
  return json(200, { jobs: jobs.slice(skip, skip + limit), total_count: jobs.length })
}

/** Query parameters that must equal the field of the same name. */
const FILTERS = ['status', 'job_name', 'job_id']

const DEFAULT_WINDOW_MS = 30 * 24 * 3_600_000

interface Parameters {
  /** Milliseconds since 1970, inclusive. */
  readonly since: number | undefined
  /** Milliseconds since 1970, inclusive. */
  readonly until: number | undefined
  readonly skip: number
  readonly limit: number
}

/** Returns undefined when a parameter is invalid. `firstOffset` is the offset of the first job. */
function readParameters(query: ApiRequest['query'], firstOffset: number): Parameters | undefined {
  const { start_time: start = '', end_time: end = '', limit = '10', offset = `${firstOffset}` } = query
  const since = start === '' ? undefined : readTime(start)
  const until = end === '' ? undefined : readTime(end)
  if (Number.isNaN(since) || Number.isNaN(until)) return undefined
  if (!['10', '20', '50'].includes(limit) || !/^\d{1,9}$/.test(offset)) return undefined
  return { since, until, skip: Math.max(Number(offset) - firstOffset, 0), limit: Number(limit) }
}

/**
 * `2018-08-06T10:41:14+0800` in milliseconds since 1970; NaN for any other format. A `+` that the client did not encode
 * arrives here as a space, and is invalid.
 */
function readTime(text: string): number {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d)(\d\d)$/.exec(text)
  return parts === null ? Number.NaN : Date.parse(`${parts[1]}:${parts[2]}`)
}
