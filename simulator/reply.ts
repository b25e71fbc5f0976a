import type { ServerResponse } from 'node:http'

/** An answer as a value, before anything goes over the wire. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export function send(response: ServerResponse, reply: Reply): void {
  const body = bytes(reply)
  // 204 and 304 have no body, and so no length of one.
  const length = reply.status === 204 || reply.status === 304 ? {} : { 'content-length': body.length }
  response.writeHead(reply.status, { ...length, ...reply.headers })
  response.end(body)
}

export function bytes(reply: Reply): Buffer {
  return Buffer.from(reply.body ?? '')
}

export function json(status: number, value: unknown): Reply {
  return jsonText(status, JSON.stringify(value))
}

export function jsonText(status: number, body: string): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8' },
    body,
  }
}

export function html(status: number, title: string): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html;charset=UTF-8' },
    body: `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
  }
}

/** The API gateway's own errors tell the request id in the body too. */
export function gatewayError(status: number, code: string, message: string, requestId: string): Reply {
  return json(status, { error_msg: message, error_code: code, request_id: requestId })
}

/** Errors of the database service behind the gateway. */
export function serviceError(status: number, code: string, message: string): Reply {
  return json(status, { error_code: code, error_msg: message })
}

export function redirectTo(location: string, status = 302): Reply {
  return { status, headers: { location } }
}
