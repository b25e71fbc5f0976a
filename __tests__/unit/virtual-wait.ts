import type { Address } from '../../src/address.ts'
import type { Id } from '../../src/id.ts'
import type {
  ConnectionResponse,
  InstanceResponse,
  JobResponse,
  ListResponse,
  SubTasksResponse,
  TimeWindow,
} from '../../src/response.ts'
import { pollInterval } from '../../src/wait/poll-interval.ts'
import { wait, type WaitDependencies, type WaitPlan, type WaitResult } from '../../src/wait/wait.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { jobResponse, transient } from './responses.ts'
import { noSecrets, untrusted, plain } from './text.ts'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

/** The limit for an exchange. */
const MAX_EXCHANGE = 30 * SECOND

/** The wall clock when a wait begins, milliseconds since the epoch. */
export const START = Date.UTC(2026, 0, 1)

export interface JobRequest {
  readonly id: string
  readonly at: number
}

export interface Scenario extends Partial<
  Pick<WaitPlan, 'timeout' | 'failFast' | 'until' | 'connectTo' | 'successResults'>
> {
  readonly jobs?: readonly string[]
  /** Instead of jobs. */
  readonly orders?: readonly string[]
  readonly instances?: readonly string[]
  readonly interval?: 'auto' | number
  /** What the service returns at a moment; `never` is an exchange that only an abort ends. */
  readonly service?: (request: JobRequest) => JobResponse | 'never' | Promise<JobResponse>
  /** What a request for an instance, and an attempt to connect to one, returns at a moment. */
  readonly instance?: (request: JobRequest) => InstanceResponse
  readonly connect?: (request: Address & { readonly at: number }) => ConnectionResponse
  /** What a request for the sub-tasks of a job returns at a moment; `never` is one that only the limit of 30 s ends. */
  readonly subTasks?: (request: JobRequest) => SubTasksResponse | 'never'
  readonly interruptAt?: number
  /** How long an exchange takes, in milliseconds. */
  readonly latency?: number
  readonly instanceLatency?: (request: JobRequest) => number
  /** How much the clock advances each time it is read. Its timers then fire early, like those of Node.js. */
  readonly creep?: number
  /** What the list returns at a moment; `never` as above. If it is not set, the service has no list. */
  readonly list?: (request: ListRequest) => ListResponse | 'never'
}

export interface ListRequest extends TimeWindow {
  readonly at: number
  readonly status?: 'Running' | undefined
}

/** Waits in virtual time, and records everything that happened. */
export async function waitFor({
  jobs = ['job-1'],
  orders,
  instances,
  interval = 'auto',
  service = () => jobResponse('Completed'),
  instance = notExpected('a request for an instance'),
  connect = notExpected('a connection'),
  subTasks = notExpected('a request for sub-tasks'),
  interruptAt,
  latency = 100,
  instanceLatency,
  creep = 0,
  list,
  ...planned
}: Scenario) {
  const clock = new VirtualClock()
  let [crept, reads] = [0, 0]
  const creeping = {
    now: () => clock.now() + (crept += creep * (reads++ % 11)),
    sleep: (ms: number, signal: AbortSignal) => clock.sleep(creep > 0 ? Math.floor(ms) : ms, signal),
  }
  const requests: JobRequest[] = []
  const listRequests: ListRequest[] = []
  const instanceRequests: JobRequest[] = []
  const connections: (Address & { readonly at: number })[] = []
  const subTaskRequests: JobRequest[] = []
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
      plan({
        ...planned,
        kind: orders !== undefined ? 'order' : instances !== undefined ? 'instance' : 'job',
        ids: (orders ?? instances ?? jobs).map(jobId),
        hasList: list !== undefined,
        interval: pollInterval(interval, () => 0.5),
      }),
      dependencies(creeping, {
        getJob,
        wallClock: () => START + clock.now(),
        random: () => 0.5,
        listJobs: async (window, signal, status) => {
          const request = { ...window, at: clock.now(), status }
          listRequests.push(request)
          const response = list?.(request) ?? 'never'
          await clock.sleep(response === 'never' ? Infinity : latency, signal)
          return signal.aborted || response === 'never' ? (transient() as ListResponse) : response
        },
        getInstance: async ({ value }, signal) => {
          const request = { id: value, at: clock.now() }
          instanceRequests.push(request)
          const response = instance(request)
          await clock.sleep(instanceLatency?.(request) ?? latency, signal)
          return signal.aborted ? (transient() as InstanceResponse) : response
        },
        getSubTasks: async ({ id }, signal) => {
          const request = { id: id.value, at: clock.now() }
          subTaskRequests.push(request)
          const response = subTasks(request)
          await clock.sleep(response === 'never' ? MAX_EXCHANGE : latency, signal)
          return signal.aborted || response === 'never' ? (transient() as SubTasksResponse) : response
        },
        connect: (address) => async (signal) => {
          const request = { ...address, at: clock.now() }
          connections.push(request)
          await clock.sleep(latency, signal)
          return connect(request)
        },
        signal: stop.signal,
        listener: {
          onResponse: (_state, nextPoll) => next.push(nextPoll),
          onWarning: (warning) => warnings.push(plain(warning)),
          onJobsFound: (_order, ids) => found.push(...ids.map(({ value }) => value)),
        },
      }),
    ),
  )
  return {
    results,
    requests,
    listRequests,
    instanceRequests,
    connections,
    subTaskRequests,
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

function notExpected(what: string): () => never {
  return () => {
    throw new Error(`${what} is not expected`)
  }
}

/** A wait for one job of a service without a list; tests change what they need. */
export function plan(changes: Partial<WaitPlan> = {}): WaitPlan {
  return {
    kind: 'job',
    ids: [jobId('job-1')],
    until: 'completed',
    connectTo: undefined,
    hasList: false,
    timeout: HOUR,
    interval: pollInterval('auto', () => 0.5),
    failFast: false,
    successResults: ['completed'],
    ...changes,
  }
}

/** A wait without a service, a list, a listener, or a date; tests add what they need. */
export function dependencies(
  clock: WaitDependencies['clock'],
  added: Partial<WaitDependencies> = {},
): WaitDependencies {
  return {
    getJob: () => Promise.reject(new Error('there is no service')),
    listJobs: () => Promise.reject(new Error('there is no list')),
    getInstance: () => Promise.reject(new Error('there are no instances')),
    connect: () => () => Promise.reject(new Error('there is no database')),
    getSubTasks: () => Promise.reject(new Error('there are no sub-tasks')),
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
