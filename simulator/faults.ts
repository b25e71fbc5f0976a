import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import {
  compressed,
  errorResponse,
  firewallPage,
  throttled,
  withBodyFields,
  withJobFields,
  withRetryAfter,
} from './fault-responses.ts'
import { bodyBytes, html, json, redirectTo, send, type ApiResponse } from './response.ts'
import { drip, firstHalf, flood, headerText, realHeaderText, writeAndClose, type Exchange } from './wire.ts'

/** A name from the table below, a status that is sent with an error body of the gateway, or a complete response. */
export type Fault = FaultName | number | ApiResponse

export type FaultName = keyof typeof faults

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(faults, text)
}

export function applyFault(fault: Fault, exchange: Exchange): void {
  if (typeof fault === 'number') send(exchange.res, errorResponse(fault, exchange.requestId))
  else if (typeof fault !== 'string') send(exchange.res, fault)
  else {
    const definition: FaultDefinition = faults[fault]
    if ('disrupt' in definition) definition.disrupt(exchange)
    else send(exchange.res, definition.respond(exchange.real, exchange.requestId))
  }
}

/**
 * `respond` returns the response that replaces the real one; `disrupt` interferes with the connection. The description
 * is a phrase that completes "The simulator …".
 */
export type FaultDefinition =
  | { readonly description: string; readonly respond: (real: ApiResponse, requestId: string) => ApiResponse }
  | { readonly description: string; readonly disrupt: (exchange: Exchange) => void }

/** Compressing it takes a third of a second, so it is done once. */
let gzipBomb: Buffer | undefined

export const faults = {
  // Before the first byte of a response
  reset: {
    description: 'resets the connection (RST)',
    disrupt: ({ reset }) => {
      reset()
    },
  },
  cut: {
    description: 'closes the connection without a response',
    disrupt: ({ socket }) => {
      socket.destroySoon()
    },
  },
  silent: { description: 'reads the request and never responds', disrupt: () => undefined },
  garbage: {
    description: 'sends bytes that are not HTTP',
    disrupt: ({ socket }) => {
      writeAndClose(socket, 'SSH-2.0-OpenSSH_9.6\r\n\0\x01\x02 this is not HTTP\r\n')
    },
  },

  // In the headers
  'drip-headers': {
    description: 'sends the whole response, including its headers, one byte every 300 ms',
    disrupt: (exchange) => {
      drip(exchange.socket, realHeaderText(exchange) + bodyBytes(exchange.real).toString())
    },
  },
  'cut-in-headers': {
    description: 'sends half of the headers, then closes the connection',
    disrupt: (exchange) => {
      const headers = realHeaderText(exchange)
      writeAndClose(exchange.socket, headers.slice(0, headers.length / 2))
    },
  },
  'stall-in-headers': {
    description: 'sends half of the headers, then nothing more; the connection stays open',
    disrupt: (exchange) => {
      const headers = realHeaderText(exchange)
      exchange.socket.write(headers.slice(0, headers.length / 2))
    },
  },
  '100-continue-then-silence': {
    description: 'sends 100 Continue, then nothing more',
    disrupt: ({ res }) => {
      res.writeContinue()
    },
  },
  '101': {
    description: 'sends 101 Switching Protocols, then nothing more',
    disrupt: ({ socket }) => {
      socket.write(headerText({ status: 101 }, { connection: 'Upgrade', upgrade: 'websocket' }))
    },
  },

  // In the body
  'cut-after-headers': {
    description: 'sends the headers, then closes the connection',
    disrupt: (exchange) => {
      writeAndClose(exchange.socket, realHeaderText(exchange))
    },
  },
  'cut-content-length': {
    description: 'sends half of the announced Content-Length, then closes the connection',
    disrupt: (exchange) => {
      exchange.socket.write(realHeaderText(exchange))
      writeAndClose(exchange.socket, firstHalf(exchange.real))
    },
  },
  'cut-in-chunk': {
    description: 'sends half of a chunk, then closes the connection',
    disrupt: ({ socket, real }) => {
      const size = bodyBytes(real).length.toString(16)
      socket.write(`${headerText(real, { 'transfer-encoding': 'chunked' })}${size}\r\n`)
      writeAndClose(socket, firstHalf(real))
    },
  },
  'stall-in-body': {
    description: 'sends half of the body, then nothing more; the connection stays open',
    disrupt: (exchange) => {
      exchange.socket.write(realHeaderText(exchange))
      exchange.socket.write(firstHalf(exchange.real))
    },
  },
  drip: {
    description: 'sends the headers, then the body one byte every 300 ms',
    disrupt: (exchange) => {
      exchange.socket.write(realHeaderText(exchange))
      drip(exchange.socket, bodyBytes(exchange.real))
    },
  },
  endless: {
    description: 'sends a body that never ends, as fast as the client reads it',
    disrupt: ({ res }) => {
      res.writeHead(200, { 'content-type': 'application/json' })
      res.write('{"job":{"id":"')
      flood(res, Buffer.alloc(65_536, 'a'))
    },
  },

  // Complete but wrong responses
  huge: {
    description: 'returns the real response followed by 2 MiB of white space',
    respond: (real) => ({
      ...real,
      body: Buffer.concat([bodyBytes(real), Buffer.alloc(2 * 1024 * 1024, ' ')]),
    }),
  },
  'invalid-utf8': {
    description: 'returns the real response with an additional field whose name is not valid UTF-8',
    respond: (real) => ({
      ...real,
      body: Buffer.concat([Buffer.from('{"\xff\xfe\xc3":0,', 'latin1'), bodyBytes(real).subarray(1)]),
    }),
  },
  'empty-200': { description: 'returns 200 with an empty body', respond: () => ({ status: 200 }) },
  'html-200': {
    description: 'returns 200 with an HTML page, like a captive portal',
    respond: () => html(200, 'Welcome'),
  },
  'html-502': {
    description: 'returns 502 with an HTML page',
    respond: () => html(502, 'The backend server is unreachable'),
  },
  'null-job': { description: 'returns 200 with {"job":null}', respond: () => json(200, { job: null }) },
  'other-job': {
    description: 'returns the real response with the ID of another job',
    respond: (real) => withJobFields(real, { id: '00000000-0000-4000-8000-000000000000' }),
  },
  'no-status': {
    description: 'returns the real response without the job status',
    respond: (real) => withJobFields(real, { status: undefined }),
  },
  'empty-status': {
    description: 'returns the job with its ID and an empty status, and with no other value',
    respond: (real) => withJobFields(real, { status: '', name: null, created: null, instance: null }),
  },
  'error-200': {
    description: 'returns 200 with an error code and message instead of a job',
    respond: () => json(200, { error_code: 'DBS.200208', error_msg: 'Server failure.' }),
  },
  'ended-while-running': {
    description: 'returns the real response with the status Running and the date when the job ended',
    respond: (real) => withJobFields(real, { status: 'Running', ended: '2026-01-01T00:00:10+0000' }),
  },
  'structured-reason': {
    description: 'returns the real response with the status Failed and an object as fail_reason',
    respond: (real) =>
      withJobFields(real, { status: 'Failed', fail_reason: { code: 'DBS.1', message: 'no quota' } }),
  },
  gzip: {
    description: 'returns the real response compressed with gzip, whatever the client accepts',
    respond: (real) => compressed(real, 'gzip', gzipSync),
  },
  deflate: {
    description: 'returns the real response compressed with deflate, whatever the client accepts',
    respond: (real) => compressed(real, 'deflate', deflateSync),
  },
  br: {
    description: 'returns the real response compressed with Brotli, whatever the client accepts',
    respond: (real) => compressed(real, 'br', brotliCompressSync),
  },
  'gzip-bomb': {
    description: 'returns 64 MiB of white space compressed with gzip',
    respond: () => {
      gzipBomb ??= gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '))
      return { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipBomb }
    },
  },
  'unknown-encoding': {
    description: 'returns the real response with an unknown Content-Encoding',
    respond: (real) => compressed(real, 'x-unknown', (body) => body),
  },
  'not-registered': {
    description: 'returns 400 with errCode DBS.200543, as for a job that is not registered yet',
    respond: () => json(400, { errCode: 'DBS.200543', externalMessage: 'The job does not exist.' }),
  },
  'wrapped-error': {
    description: 'returns 400 with {"badRequest":{"code":400,"message":…}}',
    respond: () => json(400, { badRequest: { code: 400, message: 'The parameter is not valid.' } }),
  },
  'other-error': {
    description: 'returns 400 with a JSON object that contains neither a code nor a message',
    respond: () => json(400, { fault: 'quota', allowed: 3 }),
  },
  '418': {
    description: "returns 418 with the page of the vendor's web application firewall",
    respond: () => firewallPage(),
  },
  '494': {
    description: 'returns 494 with an HTML page, as nginx does if the headers are too large',
    respond: () => html(494, '400 Request Header Or Cookie Too Large'),
  },
  'no-total': {
    description: 'returns the real job list without total_count (only for the job list)',
    respond: (real) => withBodyFields(real, { total_count: undefined }),
  },
  'total-as-text': {
    description: 'returns the real job list with total_count as text (only for the job list)',
    respond: (real) => withBodyFields(real, { total_count: '1' }),
  },
  'iam-forbidden': {
    description: 'returns 403 with the error of IAM for a user who must not list projects (only for IAM)',
    respond: () =>
      json(403, {
        error_msg: "Policy doesn't allow iam:projects:listProjects to be performed.",
        error_code: 'IAM.0003',
      }),
  },
  '204': { description: 'returns 204 No Content', respond: () => ({ status: 204 }) },
  '206': {
    description: 'returns the whole real response as 206 Partial Content',
    respond: (real) => ({ ...real, status: 206 }),
  },
  redirect: {
    description: 'returns a 302 redirect to a host that does not exist',
    respond: () => redirectTo('https://elsewhere.invalid/'),
  },
  '429': {
    description: 'returns 429 with the error body of the API gateway',
    respond: (_, requestId) => throttled(requestId),
  },
  '429-retry-after': {
    description: 'returns 429 with Retry-After: 2',
    respond: (_, requestId) => withRetryAfter(throttled(requestId)),
  },
  '503-retry-after': {
    description: 'returns 503 with Retry-After: 2',
    respond: (_, requestId) => withRetryAfter(errorResponse(503, requestId)),
  },
} satisfies Record<string, FaultDefinition>
