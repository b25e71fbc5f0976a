import { AsyncLocalStorage } from 'node:async_hooks'
import { isUtf8 } from 'node:buffer'
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import { HttpClient } from '@actions/http-client'

/** Longest time of one exchange, from connect to last byte, in milliseconds. */
const MAX_EXCHANGE_MS = 30_000

/** Most bytes that are read of one answer. */
const MAX_BODY_BYTES = 1_048_576

/** Pieces of an answer that are kept apart. */
const MAX_CHUNKS = 1_000

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Empty for none. */
  readonly body: string
}

/** How far an exchange got. */
export type Phase = 'connect' | 'proxy' | 'tls' | 'headers' | 'body'

/** What one exchange came to: an answer, or the reason why there is none. */
export type ExchangeResult =
  | {
      readonly kind: 'response'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      /** Decoded as UTF-8. */
      readonly body: string
      /** Why the body is not what was sent, as in: is larger than 1 MiB. */
      readonly bodyError: string | undefined
    }
  | {
      readonly kind: 'no-response'
      readonly reason: 'certificate' | 'timeout' | 'aborted' | 'network'
      readonly phase: Phase
      /** Node's error code, `ECONNRESET` say. */
      readonly code: string | undefined
      readonly message: string
      /** What a proxy answered to CONNECT, when that was no 200. */
      readonly proxyStatus: number | undefined
    }

export type HttpResponse = Extract<ExchangeResult, { kind: 'response' }>
export type NoResponse = Extract<ExchangeResult, { kind: 'no-response' }>

/** {@link exchange}, or what stands for it. */
export type Exchange = (request: HttpRequest, signal: AbortSignal) => Promise<ExchangeResult>

/**
 * One HTTP request that always settles: within 30 s, or as soon as the signal aborts; it never rejects.
 *
 * It is @actions/http-client, whose proxy support runners rely on, without its traps: redirects are not followed
 * (they would take the token along), and the answer is read here, because `readBody` never settles when the
 * connection is cut, upon which Node finds nothing left to do and exits with 0: a green step.
 */
export async function exchange(request: HttpRequest, signal: AbortSignal): Promise<ExchangeResult> {
  const trace = new Trace()
  const limit = new AbortController()
  const timer = setTimeout(() => {
    limit.abort()
  }, MAX_EXCHANGE_MS)
  const end = () => {
    limit.abort()
  }
  signal.addEventListener('abort', end)
  if (signal.aborted) limit.abort()
  try {
    return await traces.run(trace, () => attempt(request, trace, limit.signal))
  } catch (error) {
    const why = signal.aborted ? 'aborted' : limit.signal.aborted ? 'timeout' : undefined
    return noResponse(error, trace.phase, why)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
    trace.destroy()
  }
}

async function attempt(request: HttpRequest, trace: Trace, signal: AbortSignal): Promise<HttpResponse> {
  signal.throwIfAborted()
  const handler = {
    prepareRequest(options: RequestOptions) {
      options.signal = signal
      // http-client leaves the brackets of an IPv6 address on, and DNS does not know such a name.
      options.host = options.host?.replace(/^\[(.*)\]$/, '$1') ?? null
    },
    canHandleAuthentication: () => false,
    handleAuthentication: () => Promise.reject(new Error('no authentication handler')),
  }
  const client = new HttpClient('wait-for-taurusdb-job', [handler], { allowRedirects: false })
  // The signal does not reach a request that still waits for its proxy, hence the race.
  const { method, url, headers, body: sent } = request
  const asked = client.request(method, url, sent === '' ? null : sent, headers)
  const { message } = await Promise.race([asked, rejectOn(signal)])
  trace.phase = 'body'
  const body = await read(message)
  return { kind: 'response', status: message.statusCode ?? 0, headers: message.headers, ...body }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('the exchange was ended'))
    })
  })
}

async function read(message: IncomingMessage): Promise<Pick<HttpResponse, 'body' | 'bodyError'>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return { body: '', bodyError: 'is larger than 1 MiB' }
    chunks.push(chunk)
    // A body that comes byte by byte must not take a hundred times its size.
    if (chunks.length > MAX_CHUNKS) chunks.splice(0, chunks.length, Buffer.concat(chunks))
  }
  const bytes = Buffer.concat(chunks)
  return { body: new TextDecoder().decode(bytes), bodyError: isUtf8(bytes) ? undefined : 'is not UTF-8' }
}

/** Follows an exchange through Node's own reports of the requests it makes: ours, and the proxy's CONNECT. */
class Trace {
  phase: Phase = 'connect'
  readonly #requests: ClientRequest[] = []

  follow(request: ClientRequest): void {
    this.#requests.push(request)
    if (request.method === 'CONNECT') {
      this.phase = 'proxy'
      return
    }
    request.once('socket', (socket) => {
      const secure = request.protocol === 'https:'
      const connected = () => {
        this.phase = secure ? 'tls' : 'headers'
      }
      if (socket.connecting) socket.once('connect', connected)
      else connected()
      socket.once('secureConnect', () => {
        this.phase = 'headers'
      })
    })
  }

  /** Closes what is still open; a request behind a silent proxy would stay open for ever. */
  destroy(): void {
    for (const request of this.#requests) request.on('error', () => undefined).destroy()
  }
}

const traces = new AsyncLocalStorage<Trace>()

subscribe('http.client.request.created', (report) => {
  traces.getStore()?.follow((report as { request: ClientRequest }).request)
})

function noResponse(error: unknown, phase: Phase, ended: 'aborted' | 'timeout' | undefined): NoResponse {
  const { code, message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
  const proxyStatus = /^tunneling socket could not be established, statusCode=(\d+)$/.exec(message)?.[1]
  return {
    kind: 'no-response',
    reason: ended ?? (isCertificateError(code, phase, message) ? 'certificate' : 'network'),
    phase,
    code,
    message,
    proxyStatus: proxyStatus === undefined ? undefined : Number(proxyStatus),
  }
}

/** Of what went wrong on the way to a proxy, http-client keeps the message alone. */
function isCertificateError(code: string | undefined, phase: Phase, message: string): boolean {
  return CERTIFICATE_ERRORS.has(code ?? '') || (phase === 'proxy' && /certificate/i.test(message))
}

/** Source: Node's documentation, "X509 certificate error codes", and ERR_TLS_CERT_ALTNAME_INVALID. */
const CERTIFICATE_ERRORS = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
