import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { bytes, type Reply } from './reply.ts'

/** One request and what a fault needs to answer it badly. */
export interface Exchange {
  readonly response: ServerResponse
  readonly socket: Socket
  /** What a healthy service would answer. */
  readonly truth: Reply
  readonly requestId: string
  /** Ends the connection with RST. */
  readonly reset: () => void
}

/** The head as bytes, for faults that node's own server would not let through. */
export function head(reply: Reply, more: Readonly<Record<string, string>> = {}): string {
  const headers = Object.entries({ ...reply.headers, ...more }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}\r\n${headers.join('')}\r\n`
}

/** The head of the true answer, with its true length. */
export function trueHead({ truth, requestId }: Exchange): string {
  return head(truth, { 'content-length': String(bytes(truth).length), 'x-request-id': requestId })
}

export function firstHalf(reply: Reply): Buffer {
  const body = bytes(reply)
  return body.subarray(0, Math.ceil(body.length / 2))
}

/** Writes the last words, then closes the connection as a crashed peer would: FIN, no more bytes. */
export function writeAndCut(socket: Socket, text: string | Buffer): void {
  socket.write(text)
  socket.destroySoon()
}

/** A byte every 300 ms of real time, each soon enough for an idle timeout to be content with. */
export function drip(socket: Socket, text: string | Buffer): void {
  const body = Buffer.from(text)
  let sent = 0
  const timer = setInterval(() => {
    socket.write(body.subarray(sent, sent + 1))
    sent += 1
    if (sent >= body.length) clearInterval(timer)
  }, 300)
  socket.once('close', () => {
    clearInterval(timer)
  })
}

/** Writes as fast as the reader takes it, until the reader goes. */
export function flood(response: ServerResponse, chunk: Buffer): void {
  const pour = (): void => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', pour)
  pour()
}
