import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Call } from './cloud.ts'

/** Reads a request to its end; what is longer than 1 MiB is an error. */
export async function readCall(request: IncomingMessage, requestId: string): Promise<Call> {
  const [path = '', rawQuery = ''] = (request.url ?? '').split(/\?(.*)/s)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > 1024 * 1024) throw new Error('the request is too long')
    chunks.push(chunk)
  }
  return {
    method: request.method ?? '',
    path,
    rawQuery,
    query: Object.fromEntries(new URLSearchParams(rawQuery)),
    headers: request.headers,
    body: Buffer.concat(chunks).toString(),
    requestId,
  }
}

/** Undefined when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Keeps the newest requests. */
export function recorder(): Recorder {
  const requests: RecordedRequest[] = []
  return {
    requests,
    add: ({ method, path, query, headers, body }, elapsedMs) => {
      if (requests.length === 10_000) requests.shift()
      requests.push({ method, path, query, headers, body, elapsedMs })
    },
  }
}

interface Recorder {
  readonly requests: readonly RecordedRequest[]
  readonly add: (call: Call, elapsedMs: number) => void
}

export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Simulated milliseconds since the simulator's start. */
  readonly elapsedMs: number
}
