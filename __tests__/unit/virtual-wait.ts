import type { JobResponse, ListResponse, TimeWindow } from '../../src/response.ts'
import type { Id } from '../../src/id.ts'
import { pollInterval } from '../../src/wait/poll-interval.ts'
import { wait, type WaitDependencies, type WaitResult } from '../../src/wait/wait.ts'
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
  /** What the service returns at a moment; `never` is an exchange that only an abort ends. */
  readonly service: (request: JobRequest) => JobResponse | 'never' | Promise<JobResponse>
  readonly interruptAt?: number
  /** How long an exchange takes, in milliseconds. */
  readonly latency?: number
  /** How much the clock advances each time it is read. Its timers then fire early, like those of Node.js. */
  readonly creep?: number
  readonly failFast?: boolean
  /** What the list returns at a moment; `never` as above. If it is not set, the service has no list. */
  readonly list?: (request: ListRequest) => ListResponse | 'never'
  /** An order instead of jobs. */
  readonly order?: string
}

export interface ListRequest extends TimeWindow {
  readonly at: number
}

/** Waits in virtual time, and records everything that happened. */
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
  let [crept, reads] = [0, 0]
  const creeping = {
    now: () => clock.now() + (crept += creep * (reads++ % 11)),
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
  const getJob = async ({ value }: Id, signal: AbortSignal): Promise<JobResponse> => {
    const request = { id: value, at: clock.now() }
    requests.push(request)
    maxInFlight = Math.max(maxInFlight, ++inFlight)
    const response = await service(request)
    if (response === 'never' || latency > 0)
      await clock.sleep(response === 'never' ? Infinity : latency, signal)
    inFlight -= 1
    return signal.aborted || response === 'never' ? transient() : response
  }
  const results = await clock.run(
    wait(
      {
        jobs: order === undefined ? jobs.map(jobId) : { order: jobId(order) },
        hasList: list !== undefined,
        timeout,
        interval: pollInterval(interval, () => 0.5),
        failFast,
      },
      dependencies(creeping, {
        getJob,
        wallClock: () => START + clock.now(),
        random: () => 0.5,
        listJobs: async (window, signal) => {
          const request = { ...window, at: clock.now() }
          listRequests.push(request)
          const response = list?.(request) ?? 'never'
          await clock.sleep(response === 'never' ? Infinity : latency, signal)
          return signal.aborted || response === 'never' ? (transient() as ListResponse) : response
        },
        signal: stop.signal,
        listener: {
          onResponse: (_state, nextPoll) => next.push(nextPoll),
          onWarning: (warning) => warnings.push(plain(warning)),
          onJobsFound: (ids) => found.push(...ids.map(({ value }) => value)),
        },
      }),
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
  if (first === undefined) throw new Error('the wait has no result')
  return first
}

/** A wait without a service, a list, a listener, or a date; tests add what they need. */
export function dependencies(
  clock: WaitDependencies['clock'],
  added: Partial<WaitDependencies> = {},
): WaitDependencies {
  return {
    getJob: () => Promise.reject(new Error('there is no service')),
    listJobs: () => Promise.reject(new Error('there is no list')),
    clock,
    wallClock: () => 0,
    random: () => 0,
    signal: new AbortController().signal,
    listener: { onResponse: () => undefined, onWarning: () => undefined, onJobsFound: () => undefined },
    describe: (error) => noSecrets.error(error),
    ...added,
  }
}

export function jobId(value: string): Id {
  return { value, text: untrusted(value) }
}

/** A job as a function of time. */
export const completesAfter =
  (ms: number) =>
  ({ at }: JobRequest): JobResponse =>
    jobResponse(at >= ms ? 'Completed' : 'Running')
