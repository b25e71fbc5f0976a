import { faultReply, throttled, withJob, withRetryAfter } from './fault-replies.ts'
import { bytes, html, json, redirectTo, send, type Reply } from './reply.ts'
import { drip, firstHalf, flood, head, trueHead, writeAndCut, type Exchange } from './wire.ts'

/** A name from the table, a status with an error body of the gateway's, or an answer in full. */
export type Fault = FaultName | number | Reply

export type FaultName = keyof typeof faults

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(faults, text)
}

export function strike(fault: Fault, exchange: Exchange): void {
  if (typeof fault === 'number') send(exchange.response, faultReply(fault, exchange.requestId))
  else if (typeof fault !== 'string') send(exchange.response, fault)
  else {
    const kind: FaultKind = faults[fault]
    if ('act' in kind) kind.act(exchange)
    else send(exchange.response, kind.instead(exchange.truth, exchange.requestId))
  }
}

/** Either the answer that replaces the true one, or what happens on the wire. */
export type FaultKind =
  | { readonly what: string; readonly instead: (truth: Reply, requestId: string) => Reply }
  | { readonly what: string; readonly act: (exchange: Exchange) => void }

export const faults = {
  // Before any byte of an answer
  reset: {
    what: 'the connection is reset (RST)',
    act: ({ reset }) => {
      reset()
    },
  },
  cut: {
    what: 'the connection is closed without an answer',
    act: ({ socket }) => {
      socket.destroySoon()
    },
  },
  silent: { what: 'the request is read, and nothing is ever answered', act: () => undefined },
  garbage: {
    what: 'what comes back is not HTTP',
    act: ({ socket }) => {
      writeAndCut(socket, 'SSH-2.0-OpenSSH_9.6\r\n\0\x01\x02 this is not HTTP\r\n')
    },
  },

  // In the head
  'drip-headers': {
    what: 'the whole answer, its head too, a byte every 300 ms',
    act: (exchange) => {
      drip(exchange.socket, trueHead(exchange) + bytes(exchange.truth).toString())
    },
  },
  'cut-in-headers': {
    what: 'half of the head, then the connection is closed',
    act: (exchange) => {
      const whole = trueHead(exchange)
      writeAndCut(exchange.socket, whole.slice(0, whole.length / 2))
    },
  },
  'stall-in-headers': {
    what: 'half of the head, then nothing more; the connection stays open',
    act: (exchange) => {
      const whole = trueHead(exchange)
      exchange.socket.write(whole.slice(0, whole.length / 2))
    },
  },
  '100-continue-then-silence': {
    what: '100 Continue, then nothing',
    act: ({ response }) => {
      response.writeContinue()
    },
  },
  '101': {
    what: '101 Switching Protocols, then nothing',
    act: ({ socket }) => {
      socket.write(head({ status: 101 }, { connection: 'Upgrade', upgrade: 'websocket' }))
    },
  },

  // In the body
  'cut-after-headers': {
    what: 'the head, then the connection is closed',
    act: (exchange) => {
      writeAndCut(exchange.socket, trueHead(exchange))
    },
  },
  'cut-content-length': {
    what: 'half of the announced length, then the connection is closed',
    act: (exchange) => {
      exchange.socket.write(trueHead(exchange))
      writeAndCut(exchange.socket, firstHalf(exchange.truth))
    },
  },
  'cut-in-chunk': {
    what: 'half of a chunk, then the connection is closed',
    act: ({ socket, truth }) => {
      const size = bytes(truth).length.toString(16)
      socket.write(`${head(truth, { 'transfer-encoding': 'chunked' })}${size}\r\n`)
      writeAndCut(socket, firstHalf(truth))
    },
  },
  'stall-in-body': {
    what: 'half of the body, then nothing more; the connection stays open',
    act: (exchange) => {
      exchange.socket.write(trueHead(exchange))
      exchange.socket.write(firstHalf(exchange.truth))
    },
  },
  drip: {
    what: 'the head, then the body a byte every 300 ms',
    act: (exchange) => {
      exchange.socket.write(trueHead(exchange))
      drip(exchange.socket, bytes(exchange.truth))
    },
  },
  endless: {
    what: 'a body without end, as fast as it is read',
    act: ({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"job":{"id":"')
      flood(response, Buffer.alloc(65_536, 'a'))
    },
  },

  // Whole answers, but wrong ones
  huge: {
    what: 'the true answer followed by 2 MiB of white space',
    instead: (truth) => ({
      ...truth,
      body: Buffer.concat([bytes(truth), Buffer.alloc(2 * 1024 * 1024, ' ')]),
    }),
  },
  'invalid-utf8': {
    what: 'the true answer with one more field, whose name is not UTF-8',
    instead: (truth) => ({
      ...truth,
      body: Buffer.concat([Buffer.from('{"\xff\xfe\xc3":0,', 'latin1'), bytes(truth).subarray(1)]),
    }),
  },
  'empty-200': { what: '200 without a body', instead: () => ({ status: 200 }) },
  'html-200': { what: '200 with a page, as from a captive portal', instead: () => html(200, 'Welcome') },
  'html-502': {
    what: '502 with a page',
    instead: () => html(502, 'The backend server is unreachable'),
  },
  'null-job': { what: '200 and {"job":null}', instead: () => json(200, { job: null }) },
  'other-job': {
    what: 'the true answer, but about another job id',
    instead: (truth) => withJob(truth, { id: '00000000-0000-4000-8000-000000000000' }),
  },
  'no-status': {
    what: 'the true answer without the status',
    instead: (truth) => withJob(truth, { status: undefined }),
  },
  '204': { what: '204', instead: () => ({ status: 204 }) },
  '206': { what: '206 with the whole true answer', instead: (truth) => ({ ...truth, status: 206 }) },
  redirect: {
    what: '302 to a host that does not exist',
    instead: () => redirectTo('https://elsewhere.invalid/'),
  },
  '429': { what: "429 in the gateway's words", instead: (_, requestId) => throttled(requestId) },
  '429-retry-after': {
    what: '429 with Retry-After: 2',
    instead: (_, requestId) => withRetryAfter(throttled(requestId)),
  },
  '503-retry-after': {
    what: '503 with Retry-After: 2',
    instead: (_, requestId) => withRetryAfter(faultReply(503, requestId)),
  },
} satisfies Record<string, FaultKind>
