import type { Cloud } from './cloud.ts'
import { json, type ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'
import { instanceNotFound } from './service-errors.ts'

/** GET /v3/{project_id}/instances/{instance_id}: the details of an instance, only of TaurusDB. */
export function showInstance(request: ApiRequest, cloud: Cloud): ApiResponse {
  const instance = cloud.instances.get(instanceIdIn(request) ?? '')
  return instance === undefined ? instanceNotFound(request) : json(200, { instance })
}

/** The instance ID in the path of a request, if it has one. */
export function instanceIdIn({ path }: Pick<ApiRequest, 'path'>): string | undefined {
  return /\/instances\/([^/]+)(?:\/|$)/.exec(path)?.[1]
}
