import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { bodyBytes, type ApiResponse } from './response.ts'

/** A request in progress, with everything that a fault needs to send a faulty response. */
export interface Exchange {
  readonly res: ServerResponse
  readonly socket: Socket
  /** The response without the fault. */
  readonly real: ApiResponse
  readonly requestId: string
  /** Resets the connection with RST. */
  readonly reset: () => void
}

/** The status line and the headers as text, for faults that Node's own server would not send. */
export function headerText(response: ApiResponse, additional: Readonly<Record<string, string>> = {}): string {
  const headers = Object.entries({ ...response.headers, ...additional }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}\r\n${headers.join('')}\r\n`
}

/** The headers of the real response, with its real length. */
export function realHeaderText({ real, requestId }: Exchange): string {
  return headerText(real, { 'content-length': String(bodyBytes(real).length), 'x-request-id': requestId })
}

export function firstHalf(response: ApiResponse): Buffer {
  const body = bodyBytes(response)
  return body.subarray(0, Math.ceil(body.length / 2))
}

/** Writes, then closes the connection with FIN, as the operating system does for a process that crashed. */
export function writeAndClose(socket: Socket, text: string | Buffer): void {
  socket.write(text)
  socket.destroySoon()
}

/** Writes one byte every 300 ms of real time, which is fast enough to never trigger an idle timeout. */
export function drip(socket: Socket, text: string | Buffer): void {
  const bytes = Buffer.from(text)
  let sent = 0
  const timer = setInterval(() => {
    socket.write(bytes.subarray(sent, sent + 1))
    sent += 1
    if (sent >= bytes.length) clearInterval(timer)
  }, 300)
  socket.once('close', () => {
    clearInterval(timer)
  })
}

/** Writes the chunk again and again, as fast as the client reads, until the client disconnects. */
export function flood(res: ServerResponse, chunk: Buffer): void {
  const write = (): void => {
    while (!res.destroyed && res.write(chunk));
  }
  res.on('drain', write)
  write()
}
