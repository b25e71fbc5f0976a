import { STATUS_CODES } from 'node:http'
import { throttledMessage, usualLimit } from './rate-limit.ts'
import { gatewayError, json, serviceError, type Reply } from './reply.ts'

/** A status with the body that the gateway or the service gives it; without one below 400. */
export function faultReply(status: number, requestId: string): Reply {
  if (status < 400) return { status }
  if (status === 429) return throttled(requestId)
  if (status === 500) return serviceError(500, 'DBS.200208', 'Server failure.')
  const [code, message] = gatewayWords[status] ?? ['APIGW.0201', STATUS_CODES[status] ?? 'Unknown error']
  return gatewayError(status, code, message, requestId)
}

export function throttled(requestId: string): Reply {
  return gatewayError(429, 'APIGW.0308', throttledMessage(usualLimit), requestId)
}

export function withRetryAfter(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'retry-after': '2' } }
}

/** The true answer with other fields in its job, or jobs; a field that is undefined is left out. */
export function withJob(truth: Reply, fields: Readonly<Record<string, unknown>>): Reply {
  const body = JSON.parse(String(truth.body)) as { job?: object; jobs?: object[] }
  const { job = { status: 'Running' }, jobs } = body
  if (jobs !== undefined) return json(200, { ...body, jobs: jobs.map((each) => ({ ...each, ...fields })) })
  return json(200, { job: { ...job, ...fields } })
}

const gatewayWords: Readonly<Record<number, readonly [code: string, message: string]>> = {
  401: ['APIGW.0301', 'Incorrect IAM authentication information: decrypt token fail'],
  403: ['APIGW.0302', 'The user is not authorized'],
  404: ['APIGW.0101', 'The API does not exist or has not been published in the environment'],
  502: ['APIGW.0201', 'Backend unavailable'],
  504: ['APIGW.0201', 'Backend timeout'],
}
