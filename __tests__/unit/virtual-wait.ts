import type { JobResponse, ListResponse, TimeWindow } from '../../src/response.ts'
import type { JobId } from '../../src/api/job.ts'
import { pacing } from '../../src/wait/pace.ts'
import { schedule } from '../../src/wait/schedule.ts'
import { wait, type WaitResult } from '../../src/wait/wait.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { jobResponse, transient } from './responses.ts'
import { noSecrets, untrusted, plain } from './text.ts'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

/** The wall clock when a wait begins, milliseconds since the epoch. */
export const START = Date.UTC(2026, 0, 1)

export interface JobRequest {
  readonly id: string
  readonly at: number
}

export interface Scenario {
  readonly jobs?: readonly string[]
  readonly timeout?: number
  readonly interval?: 'auto' | number
  /** What the service answers at a moment; `never` is an exchange that only an abort ends, after `lastly` ms. */
  readonly service: (requests: JobRequest) => JobResponse | 'never' | Promise<JobResponse>
  readonly interruptAt?: number
  /** How long an exchange takes. */
  readonly latency?: number
  /** By how much the clock goes on each time it is looked at, and its timers fire early, as Node's do. */
  readonly creep?: number
  readonly failFast?: boolean
  /** What the list answers at a moment, `never` as above; there is none when not given. */
  readonly list?: (requests: ListRequest) => ListResponse | 'never'
  /** The order whose jobs are waited for, instead of jobs. */
  readonly order?: string
}

export interface ListRequest extends TimeWindow {
  readonly at: number
}

/** Waits in virtual time, and tells all that was seen. */
export async function waitFor({
  jobs = ['job-1'],
  timeout = HOUR,
  interval = 'auto',
  service,
  interruptAt,
  latency = 100,
  creep = 0,
  failFast = false,
  list,
  order,
}: Scenario) {
  const clock = new VirtualClock()
  let [crept, looks] = [0, 0]
  const creeping = {
    now: () => clock.now() + (crept += creep * (looks++ % 11)),
    sleep: (ms: number, signal: AbortSignal) => clock.sleep(creep > 0 ? Math.floor(ms) : ms, signal),
  }
  const requests: JobRequest[] = []
  const listRequests: ListRequest[] = []
  const found: string[] = []
  const next: (number | undefined)[] = []
  const warnings: string[] = []
  const stop = new AbortController()
  if (interruptAt !== undefined) {
    clock.at(interruptAt, () => {
      stop.abort()
    })
  }
  let inFlight = 0
  let maxInFlight = 0
  const getJob = async ({ value }: JobId, signal: AbortSignal): Promise<JobResponse> => {
    const question = { id: value, at: clock.now() }
    requests.push(question)
    maxInFlight = Math.max(maxInFlight, ++inFlight)
    const answer = await service(question)
    if (answer === 'never' || latency > 0) await clock.sleep(answer === 'never' ? Infinity : latency, signal)
    inFlight -= 1
    return signal.aborted || answer === 'never' ? transient() : answer
  }
  const results = await clock.run(
    wait(
      {
        jobs: order === undefined ? jobs.map(jobId) : { order: jobId(order) },
        hasList: list !== undefined,
        timeout,
        pause: schedule(interval, () => 0.5),
        pacing: pacing(() => 0.5),
        failFast,
      },
      {
        getJob,
        listJobs: async (window, signal) => {
          const question = { ...window, at: clock.now() }
          listRequests.push(question)
          const answer = list?.(question) ?? 'never'
          await clock.sleep(answer === 'never' ? Infinity : latency, signal)
          return signal.aborted || answer === 'never' ? (transient() as ListResponse) : answer
        },
        clock: creeping,
        wallClock: () => START + clock.now(),
        signal: stop.signal,
        listener: {
          onResponse: (_state, nextAsk) => next.push(nextAsk),
          onWarning: (warning) => warnings.push(plain(warning)),
          onJobsFound: (ids) => found.push(...ids.map(({ value }) => value)),
        },
        describe: (error) => noSecrets.error(error),
      },
    ),
  )
  return {
    results,
    requests,
    listRequests,
    found,
    next,
    warnings,
    maxInFlight,
    endedAt: clock.now(),
    only: only(results),
  }
}

function only(results: readonly WaitResult[]): WaitResult {
  const [first] = results
  if (first === undefined) throw new Error('nothing was results for')
  return first
}

export function jobId(value: string): JobId {
  return { value, text: untrusted(value) }
}

/** A job as a function of time. */
export const completesAfter =
  (ms: number) =>
  ({ at }: JobRequest): JobResponse =>
    jobResponse(at >= ms ? 'Completed' : 'Running')
