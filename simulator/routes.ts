import { assumeAgency } from './assume-agency.ts'
import type { Cloud } from './cloud.ts'
import { createInstance } from './create-instance.ts'
import type { Api, RequestScope } from './fault-queue.ts'
import { listJobs } from './list-jobs.ts'
import { listProjects } from './list-projects.ts'
import { requestSessionToken, showSecurityKey } from './metadata-service.ts'
import type { ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'
import { requestIdToken } from './request-id-token.ts'
import type { Service } from './services.ts'
import { instanceIdIn, showInstance } from './show-instance.ts'
import { showJob } from './show-job.ts'
import { showSubTasks } from './show-sub-tasks.ts'

/** An operation of an API. A new one is a new file with its handler, and an entry in `routes`. */
export interface Route {
  readonly api: Api
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: RegExp
  /** The only service that has this operation; all services by default. */
  readonly service?: Service
  /** Whether the API gateway authenticates requests, limits their rate, and checks their project. */
  readonly isBehindGateway: boolean
  readonly handle: (request: ApiRequest, cloud: Cloud) => ApiResponse
}

export const routes: readonly Route[] = [
  { api: 'jobs', method: 'GET', path: projectPath('jobs'), isBehindGateway: true, handle: showJob },
  {
    api: 'jobs',
    method: 'POST',
    path: projectPath('instances'),
    isBehindGateway: true,
    handle: createInstance,
  },
  {
    api: 'job-list',
    method: 'GET',
    path: projectPath('immediate-jobs'),
    service: 'taurusdb',
    isBehindGateway: true,
    handle: listJobs,
  },
  {
    api: 'instance',
    method: 'GET',
    path: projectPath('instances/[^/]+'),
    service: 'taurusdb',
    isBehindGateway: true,
    handle: showInstance,
  },
  {
    api: 'sub-tasks',
    method: 'GET',
    path: projectPath('instances/[^/]+/task-center-detail'),
    service: 'taurusdb',
    isBehindGateway: true,
    handle: showSubTasks,
  },
  // IAM authenticates requests itself, since they belong to no project.
  { api: 'iam', method: 'GET', path: /^\/v3\/projects$/, isBehindGateway: false, handle: listProjects },
  {
    api: 'sts',
    method: 'POST',
    path: /^\/v5\/agencies\/assume-with-oidc$/,
    isBehindGateway: false,
    handle: assumeAgency,
  },
  { api: 'id-token', method: 'GET', path: /^\/id-token$/, isBehindGateway: false, handle: requestIdToken },
  {
    api: 'ecs-token',
    method: 'PUT',
    path: /^\/meta-data\/latest\/api\/token$/,
    isBehindGateway: false,
    handle: requestSessionToken,
  },
  {
    api: 'ecs-keys',
    method: 'GET',
    path: /^\/openstack\/latest\/securitykey$/,
    isBehindGateway: false,
    handle: showSecurityKey,
  },
]

/** The API that a request is meant for, by its path alone. A path that does not exist counts as the jobs API. */
export function apiOf({ path }: ApiRequest): Api {
  return routes.find((route) => route.path.test(path))?.api ?? 'jobs'
}

export function scopeOf(request: ApiRequest): RequestScope {
  const api = apiOf(request)
  const jobId = request.query[api === 'sub-tasks' ? 'job_id' : 'id']
  return { api, jobId, instanceId: instanceIdIn(request) }
}

/** `/v3/{project_id}/<resource>`. Older endpoints have a prefix, as in `/mysql/v3/…`. */
function projectPath(resource: string): RegExp {
  return new RegExp(`^(?:/[a-z-]+)?/v3/(?<project>[^/]+)/${resource}$`)
}
