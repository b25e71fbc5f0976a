import type { ServerResponse } from 'node:http'

/** A response as a value, before it is sent. */
export interface ApiResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export function send(res: ServerResponse, response: ApiResponse): void {
  const body = bodyBytes(response)
  // 204 and 304 have no body, and therefore no Content-Length.
  const hasBody = response.status !== 204 && response.status !== 304
  const length = hasBody ? { 'content-length': body.length } : {}
  res.writeHead(response.status, { ...length, ...response.headers })
  res.end(body)
}

export function bodyBytes(response: ApiResponse): Buffer {
  return Buffer.from(response.body ?? '')
}

export function json(status: number, value: unknown): ApiResponse {
  return jsonText(status, JSON.stringify(value))
}

export function jsonText(status: number, body: string): ApiResponse {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8' },
    body,
  }
}

export function html(status: number, title: string): ApiResponse {
  return {
    status,
    headers: { 'content-type': 'text/html;charset=UTF-8' },
    body: `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
  }
}

/** An error of the API gateway, whose body contains the request ID. */
export function gatewayError(status: number, code: string, message: string, requestId: string): ApiResponse {
  return json(status, { error_msg: message, error_code: code, request_id: requestId })
}

/** An error of the database service behind the gateway. */
export function serviceError(status: number, code: string, message: string): ApiResponse {
  return json(status, { error_code: code, error_msg: message })
}

export function redirectTo(location: string, status = 302): ApiResponse {
  return { status, headers: { location } }
}
