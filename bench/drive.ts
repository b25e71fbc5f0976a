import { endOf, jobAt, type JobPlan } from '../simulator/job.ts'
import { listJobs } from '../simulator/list-jobs.ts'
import type { TaskCenter } from '../simulator/task-center.ts'
import { VirtualClock } from '../simulator/virtual-clock.ts'
import type { JobResponse, ListResponse, TimeWindow } from '../src/response.ts'
import { listQuery, readListResponse } from '../src/api/job-list.ts'
import { readJobResponse } from '../src/api/jobs.ts'
import { SERVICES } from '../src/api/service.ts'
import { HOUR } from '../src/duration.ts'
import type { HttpResponse } from '../src/http/exchange.ts'
import { toId } from '../src/id.ts'
import { Secrets } from '../src/secrets.ts'
import type { PollInterval } from '../src/wait/poll-interval.ts'
import { wait, type WaitResult } from '../src/wait/wait.ts'

const secrets = new Secrets(() => undefined)
const context = { secrets, service: SERVICES.taurusdb, wallClock: () => 0 }

/** What the real `wait()` needed for one job. */
export interface Outcome {
  readonly requests: number
  /** Milliseconds from the end of the job to the response that reports it. */
  readonly lag: number
}

/** Waits for one job in virtual time, after a delay in milliseconds; responses take no time. */
export async function drive(plan: JobPlan, interval: PollInterval, delay = 0): Promise<Outcome> {
  const clock = new VirtualClock()
  await clock.run(clock.sleep(delay, new AbortController().signal))
  let requests = 0
  const getJob = () => {
    requests += 1
    return Promise.resolve(responseAt(plan, clock.now()))
  }
  const [result] = await clock.run(waitInVirtualTime([plan.id], { clock, interval, getJob, random: () => 0 }))
  if (result?.outcome.result !== 'completed')
    throw new Error(`the wait ended with the result ${result?.outcome.result ?? 'nothing'}`)
  return { requests, lag: clock.now() - endOf(plan) }
}

interface Virtual {
  readonly clock: VirtualClock
  readonly interval: PollInterval
  readonly random: () => number
  readonly getJob: (id: string) => Promise<JobResponse>
  /** Undefined: the service has no list. */
  readonly listJobs?: (window: TimeWindow) => Promise<ListResponse>
  /** Milliseconds. */
  readonly timeout?: number
}

/** The date at which virtual time begins, milliseconds since the epoch. */
export const START = Date.UTC(2026, 0, 1)

/** Runs the real polling loop. */
export function waitInVirtualTime(
  ids: readonly string[],
  { clock, interval, random, getJob, listJobs, timeout = 4 * HOUR }: Virtual,
): Promise<readonly WaitResult[]> {
  return wait(
    {
      kind: 'job',
      ids: ids.map((value) => toId(value, secrets)),
      until: 'completed',
      connectTo: undefined,
      timeout,
      interval,
      hasList: listJobs !== undefined,
      failFast: false,
      successResults: ['completed'],
    },
    {
      getJob: ({ value }) => getJob(value),
      listJobs: listJobs ?? (() => Promise.reject(new Error('there is no list'))),
      getInstance: () => Promise.reject(new Error('there are no instances')),
      connect: () => () => Promise.reject(new Error('there is no database')),
      wallClock: () => START + clock.now(),
      clock,
      random,
      signal: new AbortController().signal,
      listener: { onResponse: () => undefined, onWarning: () => undefined, onJobsFound: () => undefined },
      describe: (error) => secrets.error(error),
    },
  )
}

/** The response about a job, so many milliseconds after its creation, parsed as if it came from the network. */
export function responseAt(plan: JobPlan, elapsed: number): JobResponse {
  const job = jobAt(plan, elapsed)
  return job === 'not-found'
    ? read(400, { error_code: 'DBS.200543', error_msg: 'The job does not exist.' }, plan.id)
    : read(200, { job }, plan.id)
}

/** Responses by what they are parsed from: the benchmarks send most of them many times. */
const parsed = new Map<string, JobResponse>()
/** So that they need at most about 100 MB. */
const MAX_PARSED = 50_000

/** A response, parsed as if it came from the network. */
export function read(status: number, body: unknown, id: string): JobResponse {
  const text = JSON.stringify(body)
  const key = `${status} ${id} ${text}`
  const known = parsed.get(key)
  if (known !== undefined) return known
  if (parsed.size >= MAX_PARSED) parsed.clear()
  const result = readJobResponse(response(status, text), id, context)
  parsed.set(key, result)
  return result
}

/** The simulator's list of a window's jobs. */
export function listAt(tasks: TaskCenter, window: TimeWindow): ListResponse {
  const query = Object.fromEntries(new URLSearchParams(listQuery(window)))
  const { status, body } = listJobs({ query, headers: {} }, { tasks, firstOffset: 0 })
  return readListResponse(response(status, String(body)), context)
}

/** A rejected request for the list. */
export function rejectedList(status: number, body: unknown): ListResponse {
  return readListResponse(response(status, JSON.stringify(body)), context)
}

function response(status: number, body: string): HttpResponse {
  return { kind: 'response', status, headers: {}, body, bodyError: undefined }
}
