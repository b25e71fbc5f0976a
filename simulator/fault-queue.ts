import type { Fault } from './faults.ts'

/** The pending faults. Each request takes the first fault whose scope it matches. */
export function faultQueue(): FaultQueue {
  const pending: { fault: Fault; api: Api | undefined; jobId: string | undefined; times: number }[] = []
  return {
    add: (fault, { times = 1, api, jobId } = {}) => {
      pending.push({ fault, api, jobId, times: times === 'always' ? Infinity : times })
    },
    take: (api, jobId) => {
      const index = pending.findIndex(
        (entry) => (entry.api ?? api) === api && (entry.jobId === undefined || entry.jobId === jobId),
      )
      const entry = pending[index]
      if (entry === undefined) return undefined
      entry.times -= 1
      if (entry.times <= 0) pending.splice(index, 1)
      return entry.fault
    },
  }
}

export interface FaultQueue {
  readonly add: (fault: Fault, scope?: FaultScope) => void
  readonly take: (api: Api, jobId: string | undefined) => Fault | undefined
}

/**
 * The APIs that one simulator serves: the jobs API and the job list of the database service, the Security Token
 * Service, and GitHub's ID token endpoint.
 */
export type Api = 'jobs' | 'job-list' | 'sts' | 'id-token'

/** Which requests a fault affects. */
export interface FaultScope {
  /** The number of requests, 1 by default. */
  readonly times?: number | 'always'
  /** Only requests to this API; requests to any API by default. */
  readonly api?: Api
  /** Only requests with this `id` in their query; any request by default. */
  readonly jobId?: string
}
