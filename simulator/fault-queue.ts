import type { Fault } from './faults.ts'

/** The pending faults. Each request takes the first fault whose scope it matches. */
export function faultQueue(): FaultQueue {
  const pending: { fault: Fault; scope: Partial<RequestScope>; times: number }[] = []
  return {
    add: (fault, { times = 1, ...scope } = {}) => {
      pending.push({ fault, scope, times: times === 'always' ? Infinity : times })
    },
    take: (request) => {
      const index = pending.findIndex(({ scope: { api, jobId, instanceId } }) => {
        if (api !== undefined && api !== request.api) return false
        if (jobId !== undefined && jobId !== request.jobId) return false
        return instanceId === undefined || instanceId === request.instanceId
      })
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
  readonly take: (request: RequestScope) => Fault | undefined
}

/** What the scope of a fault is compared with. */
export interface RequestScope {
  readonly api: Api
  readonly jobId: string | undefined
  readonly instanceId: string | undefined
}

/**
 * The APIs that one simulator serves: the jobs API, the job list, the instance details, and the sub-tasks of the database
 * service; the Security Token Service; IAM; GitHub's ID token endpoint; and session tokens and access keys of the metadata
 * service of an ECS.
 */
export type Api =
  'jobs' | 'job-list' | 'instance' | 'sub-tasks' | 'sts' | 'iam' | 'id-token' | 'ecs-token' | 'ecs-keys'

/** Which requests a fault affects. */
export interface FaultScope {
  /** The number of requests, 1 by default. */
  readonly times?: number | 'always'
  /** Only requests to this API; requests to any API by default. */
  readonly api?: Api
  /** Only requests with this `id` in their query, or this `job_id` of sub-tasks; any request by default. */
  readonly jobId?: string
  /** Only requests with this instance ID in their path; any request by default. */
  readonly instanceId?: string
}
