import { STATUS_CODES } from 'node:http'
import { throttledMessage, usualLimit } from './rate-limit.ts'
import { bodyBytes, gatewayError, html, json, serviceError, type ApiResponse } from './response.ts'

/**
 * A response with the error body that the gateway or the service returns with this status; below 400, without a body.
 */
export function errorResponse(status: number, requestId: string): ApiResponse {
  if (status < 400) return { status }
  if (status === 429) return throttled(requestId)
  if (status === 500) return serviceError(500, 'DBS.200208', 'Server failure.')
  const [code, message] = gatewayErrors[status] ?? ['APIGW.0201', STATUS_CODES[status] ?? 'Unknown error']
  return gatewayError(status, code, message, requestId)
}

export function throttled(requestId: string): ApiResponse {
  return gatewayError(429, 'APIGW.0308', throttledMessage(usualLimit), requestId)
}

export function withRetryAfter(response: ApiResponse): ApiResponse {
  return { ...response, headers: { ...response.headers, 'retry-after': '2' } }
}

/** The real response with its body compressed, or another one in its place. */
export function compressed(
  real: ApiResponse,
  encoding: string,
  compress: (body: Buffer) => Buffer,
): ApiResponse {
  return {
    ...real,
    headers: { ...real.headers, 'content-encoding': encoding },
    body: compress(bodyBytes(real)),
  }
}

/** A page like that of CloudWAF, with a style and a script that are not text. */
export function firewallPage(): ApiResponse {
  const { headers = {} } = html(418, '')
  const body = `<!DOCTYPE html>
<html><head><title>CloudWAF</title><style>body > div { color: "#333" }</style></head>
<body><h1>Your request has been blocked.</h1><script>if (1 < 2) { document.title = "</" + "b>" }</script></body></html>
`
  return { status: 418, headers: { ...headers, server: 'CloudWAF' }, body }
}

/** The real response with changed fields in its body. A field that is undefined is left out. */
export function withBodyFields(real: ApiResponse, fields: Readonly<Record<string, unknown>>): ApiResponse {
  return json(real.status, { ...(JSON.parse(String(real.body)) as object), ...fields })
}

/** The real response with changed fields in its job or jobs. A field that is undefined is left out. */
export function withJobFields(real: ApiResponse, fields: Readonly<Record<string, unknown>>): ApiResponse {
  const body = JSON.parse(String(real.body)) as { job?: object; jobs?: object[] }
  const { job = { status: 'Running' }, jobs } = body
  if (jobs !== undefined) return json(200, { ...body, jobs: jobs.map((each) => ({ ...each, ...fields })) })
  return json(200, { job: { ...job, ...fields } })
}

const gatewayErrors: Readonly<Record<number, readonly [code: string, message: string]>> = {
  401: ['APIGW.0301', 'Incorrect IAM authentication information: decrypt token fail'],
  403: ['APIGW.0302', 'The user is not authorized'],
  404: ['APIGW.0101', 'The API does not exist or has not been published in the environment'],
  502: ['APIGW.0201', 'Backend unavailable'],
  504: ['APIGW.0201', 'Backend timeout'],
}
