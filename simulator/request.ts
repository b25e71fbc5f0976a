import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Api } from './fault-queue.ts'

/** A request as a value, without its connection. */
export interface ApiRequest {
  readonly method: string
  /** As sent, not decoded: the signature is computed from it. */
  readonly path: string
  /** As sent, not decoded: the signature is computed from it. */
  readonly rawQuery: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The value of `X-Request-Id` in the response. */
  readonly requestId: string
}

/** Reads a request completely. Throws when its body is longer than 1 MiB. */
export async function readRequest(message: IncomingMessage, requestId: string): Promise<ApiRequest> {
  const [path = '', rawQuery = ''] = (message.url ?? '').split(/\?(.*)/s)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw new Error('the request body is too long')
    chunks.push(chunk)
  }
  return {
    method: message.method ?? '',
    path,
    rawQuery,
    query: Object.fromEntries(new URLSearchParams(rawQuery)),
    headers: message.headers,
    body: Buffer.concat(chunks).toString(),
    requestId,
  }
}

const MAX_BODY_BYTES = 1024 * 1024

/** Returns undefined when the text is not valid JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Records the most recent requests. */
export function recorder(): Recorder {
  const requests: RecordedRequest[] = []
  return {
    requests,
    add: ({ method, path, query, headers, body }, api, elapsedMs) => {
      if (requests.length === MAX_RECORDED_REQUESTS) requests.shift()
      requests.push({ api, method, path, query, headers, body, elapsedMs })
    },
  }
}

const MAX_RECORDED_REQUESTS = 10_000

interface Recorder {
  readonly requests: readonly RecordedRequest[]
  readonly add: (request: ApiRequest, api: Api, elapsedMs: number) => void
}

export interface RecordedRequest extends Omit<ApiRequest, 'rawQuery' | 'requestId'> {
  readonly api: Api
  /** Simulated milliseconds since the simulator's start. */
  readonly elapsedMs: number
}
