import type { Cloud } from './cloud.ts'
import { referenceExample } from './reference-example.ts'
import { json, jsonText, type ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'
import { jobNotFound, parameterError } from './service-errors.ts'
import { services } from './services.ts'

/**
 * GET /v3/{project_id}/jobs?id=…. GeminiDB allows a request without an ID; the simulator rejects it for every service.
 */
export function showJob(request: ApiRequest, cloud: Cloud): ApiResponse {
  const id = request.query['id']
  if (id === undefined || id === '') return parameterError(request)
  if (id === referenceExample.jobId && cloud.service === 'taurusdb') {
    return jsonText(200, referenceExample.body)
  }
  const job = cloud.tasks.get(id)
  const body = services[cloud.service].formatBody(typeof job === 'string' ? undefined : job)
  return body === undefined ? jobNotFound(request) : json(200, body)
}
