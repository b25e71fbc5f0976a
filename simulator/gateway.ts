import { assumeAgency } from './assume-agency.ts'
import { authenticate } from './authenticate.ts'
import type { Call, Cloud } from './cloud.ts'
import { createInstance } from './create-instance.ts'
import type { Api } from './fault-queue.ts'
import { listJobs } from './list-jobs.ts'
import { throttledMessage } from './rate-limit.ts'
import { gatewayError, serviceError, type Reply } from './reply.ts'
import { requestIdToken } from './request-id-token.ts'
import type { Service } from './services.ts'
import { showJob } from './show-job.ts'

/** The true answer to a call, in the gateway's order: is there such an API, who asks, how often, whose project. */
export function answer(call: Call, cloud: Cloud): Reply {
  const route = routes.find(({ method, path, service = cloud.service }) => {
    return method === call.method && path.test(call.path) && service === cloud.service
  })
  if (route === undefined) {
    const message = 'The API does not exist or has not been published in the environment'
    return gatewayError(404, 'APIGW.0101', message, call.requestId)
  }
  if (route.api === 'sts' || route.api === 'id-token') return route.answer(call, cloud)
  const identity = authenticate(call, cloud)
  if ('refused' in identity) {
    const message = `Incorrect IAM authentication information: ${identity.refused}`
    return gatewayError(401, 'APIGW.0301', message, call.requestId)
  }
  if (cloud.throttle?.limiter.admit(identity.user, cloud.elapsedMs()) === false) {
    return gatewayError(429, 'APIGW.0308', throttledMessage(cloud.throttle.limit), call.requestId)
  }
  if (route.path.exec(call.path)?.groups?.['project'] !== cloud.projectId) {
    const message = 'The DB instance ID or user ID may be null, or the operation is not authorized.'
    return serviceError(403, 'DBS.200010', message)
  }
  return route.answer(call, cloud)
}

/** Whom a request is meant for, by its path alone; a path that leads nowhere was meant for the jobs API. */
export function apiOf({ path }: Call): Api {
  return routes.find((route) => route.path.test(path))?.api ?? 'jobs'
}

interface Route {
  readonly api: Api
  readonly method: 'GET' | 'POST'
  readonly path: RegExp
  /** The only service that has it; all of them when not given. */
  readonly service?: Service
  readonly answer: (call: Call, cloud: Cloud) => Reply
}

// Older endpoints have a prefix: /mysql/v3/…
const routes: readonly Route[] = [
  { api: 'jobs', method: 'GET', path: /^(?:\/[a-z-]+)?\/v3\/(?<project>[^/]+)\/jobs$/, answer: showJob },
  {
    api: 'jobs',
    method: 'POST',
    path: /^(?:\/[a-z-]+)?\/v3\/(?<project>[^/]+)\/instances$/,
    answer: createInstance,
  },
  {
    api: 'job-list',
    method: 'GET',
    path: /^(?:\/[a-z-]+)?\/v3\/(?<project>[^/]+)\/immediate-jobs$/,
    service: 'taurusdb',
    answer: listJobs,
  },
  { api: 'sts', method: 'POST', path: /^\/v5\/agencies\/assume-with-oidc$/, answer: assumeAgency },
  { api: 'id-token', method: 'GET', path: /^\/id-token$/, answer: requestIdToken },
]
