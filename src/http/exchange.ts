import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { ClientRequest, IncomingHttpHeaders, RequestOptions } from 'node:http'
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net'
import { TLSSocket } from 'node:tls'
import { HttpClient } from '@actions/http-client'
import { readBody, type Body } from './body.ts'

/** A test compares it with package.json. */
export const VERSION = '1.0.0'

/** From connecting to the last byte. */
const MAX_EXCHANGE_MS = 30_000
/** For each address of a host. Node's 250 ms are too short for a distant one; TCP repeats a lost SYN after 1 and 3 s. */
const MAX_CONNECT_MS = 3_500
setDefaultAutoSelectFamilyAttemptTimeout(MAX_CONNECT_MS)

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Empty for no body. */
  readonly body: string
}

/** The phase that an exchange has reached; `headers` and `body` are those of the response. */
export type Phase = 'connect' | 'proxy' | 'tls' | 'headers' | 'body'

export type ExchangeResult = HttpResponse | NoResponse

export interface HttpResponse extends Body {
  readonly kind: 'response'
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

export interface NoResponse {
  readonly kind: 'no-response'
  readonly reason: 'certificate' | 'timeout' | 'aborted' | 'network' | 'unknown-host' | 'no-tls'
  readonly phase: Phase
  /** Node's error code, for example `ECONNRESET`. */
  readonly code: string | undefined
  readonly message: string
  /** The status that a proxy returned to CONNECT, if not 200. */
  readonly proxyStatus: number | undefined
}

/** {@link exchange}, or a substitute for it. */
export type Exchange = (request: HttpRequest, signal: AbortSignal) => Promise<ExchangeResult>

/**
 * Sends one HTTP request. It never rejects, and resolves within 30 s or as soon as the signal aborts.
 *
 * It uses @actions/http-client for its proxy support, with two differences. Redirects are not followed, because the
 * credentials would be sent along. The body is read here, because http-client's `readBody` never settles if the
 * connection is cut; Node would then have nothing left to do and exit with 0, and the step would succeed.
 */
export async function exchange(request: HttpRequest, signal: AbortSignal): Promise<ExchangeResult> {
  const trace = new Trace()
  const limit = new AbortController()
  const abort = () => {
    limit.abort()
  }
  const timer = setTimeout(abort, MAX_EXCHANGE_MS)
  signal.addEventListener('abort', abort)
  try {
    // Not `throwIfAborted`: the code of its error is a number.
    if (signal.aborted) throw new Error('the exchange was aborted')
    return await traces.run(trace, () => attempt(request, trace, limit.signal))
  } catch (error) {
    const cause = signal.aborted ? 'aborted' : limit.signal.aborted ? 'timeout' : undefined
    return noResponse(error, trace, cause)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    trace.destroy()
  }
}

async function attempt(request: HttpRequest, trace: Trace, signal: AbortSignal): Promise<HttpResponse> {
  const handler = {
    prepareRequest(options: RequestOptions) {
      options.signal = signal
      // http-client keeps the brackets of an IPv6 address, which DNS cannot resolve.
      options.host = withoutBrackets(options.host ?? '')
      const { proxyOptions: proxy } = options.agent as { proxyOptions?: { host: string } }
      if (proxy !== undefined) proxy.host = withoutBrackets(proxy.host)
    },
    canHandleAuthentication: () => false,
    handleAuthentication: () => Promise.reject(new Error('no authentication handler')),
  }
  const client = new HttpClient(`wait-for-taurusdb-job/${VERSION}`, [handler], { allowRedirects: false })
  const { method, url, headers, body } = request
  // Not signed, since proxies may change it.
  const sentHeaders = { ...headers, 'Accept-Encoding': 'identity' }
  const sent = client.request(method, url, body === '' ? null : body, sentHeaders)
  // The signal does not reach a request that is waiting for its proxy, hence the race.
  const { message } = await Promise.race([sent, rejectOn(signal)])
  trace.phase = 'body'
  const content = await readBody(message)
  return { kind: 'response', status: message.statusCode ?? 0, headers: message.headers, ...content }
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

async function rejectOn(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort')
  throw new Error('the exchange was aborted')
}

/** Follows the phases of an exchange through Node's diagnostics of its requests: ours, and CONNECT to a proxy. */
class Trace {
  phase: Phase = 'connect'
  readonly #requests: ClientRequest[] = []

  follow(request: ClientRequest): void {
    const enter = (phase: Phase) => () => {
      this.phase = phase
    }
    this.#requests.push(request)
    if (request.method === 'CONNECT') {
      this.phase = 'proxy'
      return
    }
    request.once('socket', (socket) => {
      const connected = enter(request.protocol === 'https:' ? 'tls' : 'headers')
      if (socket.connecting) socket.once('connect', connected)
      else connected()
      socket.once('secureConnect', enter('headers'))
    })
  }

  /** Whether Node rejected the certificate of the endpoint or of an https proxy. */
  get isUntrusted(): boolean {
    const sockets = this.#requests.map(({ socket }) => socket)
    return sockets.some((socket) => socket instanceof TLSSocket && Boolean(socket.authorizationError))
  }

  /** Closes all requests; one that is waiting for a silent proxy would stay open forever. */
  destroy(): void {
    for (const request of this.#requests) request.on('error', () => undefined).destroy()
  }
}

const traces = new AsyncLocalStorage<Trace>()

subscribe('http.client.request.created', (message) => {
  traces.getStore()?.follow((message as { request: ClientRequest }).request)
})

function noResponse(error: unknown, trace: Trace, cause: 'aborted' | 'timeout' | undefined): NoResponse {
  const { code, message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
  const proxyStatus = /^tunneling socket could not be established, statusCode=(\d+)$/.exec(message)?.[1]
  return {
    kind: 'no-response',
    reason: cause ?? (trace.isUntrusted ? 'certificate' : 'network'),
    phase: trace.phase,
    code,
    message,
    proxyStatus: proxyStatus === undefined ? undefined : Number(proxyStatus),
  }
}
