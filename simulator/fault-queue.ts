import type { Fault } from './faults.ts'

/** The faults that wait for requests to hit; each takes the first that fits it. */
export function faultQueue(): FaultQueue {
  const waiting: { fault: Fault; api: Api | undefined; jobId: string | undefined; times: number }[] = []
  return {
    add: (fault, { times = 1, api, jobId } = {}) => {
      waiting.push({ fault, api, jobId, times: times === 'for ever' ? Infinity : times })
    },
    take: (api, jobId) => {
      const index = waiting.findIndex(
        (entry) => (entry.api ?? api) === api && (entry.jobId === undefined || entry.jobId === jobId),
      )
      const entry = waiting[index]
      if (entry === undefined) return undefined
      entry.times -= 1
      if (entry.times <= 0) waiting.splice(index, 1)
      return entry.fault
    },
  }
}

export interface FaultQueue {
  readonly add: (fault: Fault, when?: FaultTiming) => void
  readonly take: (api: Api, jobId: string | undefined) => Fault | undefined
}

/**
 * What the one server is: the database service (its list of jobs apart), the Security Token Service, GitHub's endpoint
 * for id tokens.
 */
export type Api = 'jobs' | 'job-list' | 'sts' | 'id-token'

export interface FaultTiming {
  /** How many requests it hits, 1 by default. */
  readonly times?: number | 'for ever'
  /** Only requests to this; any request when not given. */
  readonly api?: Api
  /** Only requests with this `id` in their query; any request when not given. */
  readonly jobId?: string
}
