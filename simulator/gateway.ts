import { authenticate } from './authenticate.ts'
import type { Cloud } from './cloud.ts'
import { throttledMessage } from './rate-limit.ts'
import { gatewayError, serviceError, type ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'
import { routes } from './routes.ts'

/**
 * The real response to a request. The gateway's checks come in this order: does the API exist, who sent the request, is
 * the rate limit exceeded, does the project belong to the user.
 */
export function handleRequest(request: ApiRequest, cloud: Cloud): ApiResponse {
  const route = routes.find(({ method, path, service = cloud.service }) => {
    return method === request.method && path.test(request.path) && service === cloud.service
  })
  if (route === undefined) {
    const message = 'The API does not exist or has not been published in the environment'
    return gatewayError(404, 'APIGW.0101', message, request.requestId)
  }
  if (!route.isBehindGateway) return route.handle(request, cloud)
  const identity = authenticate(request, cloud)
  if ('rejected' in identity) {
    const message = `Incorrect IAM authentication information: ${identity.rejected}`
    return gatewayError(401, 'APIGW.0301', message, request.requestId)
  }
  if (cloud.throttle?.limiter.admit(identity.user, cloud.elapsedMs()) === false) {
    return gatewayError(429, 'APIGW.0308', throttledMessage(cloud.throttle.limit), request.requestId)
  }
  if (route.path.exec(request.path)?.groups?.['project'] !== cloud.projectId) {
    const message = 'The DB instance ID or user ID may be null, or the operation is not authorized.'
    return serviceError(403, 'DBS.200010', message)
  }
  return route.handle(request, cloud)
}
