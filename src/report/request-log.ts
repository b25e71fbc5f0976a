import type { Exchange, ExchangeResult } from '../http/exchange.ts'
import type { Secrets } from '../secrets.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Clock } from '../wait/poll-loop.ts'
import { forLog } from './escape.ts'
import type { Printer } from './log.ts'

/**
 * Sends requests through `send`, counts them, and logs each one in debug mode. Bodies, queries (GitHub's URLs have
 * their own), and headers other than the request ID are never logged.
 */
export function logRequests(
  send: Exchange,
  printer: Pick<Printer, 'debug' | 'isDebug'>,
  secrets: Secrets,
  clock: Clock,
): { readonly exchange: Exchange; readonly count: () => number } {
  let count = 0
  const exchange: Exchange = async (request, signal) => {
    count += 1
    const start = clock.now()
    const result = await send(request, signal)
    if (printer.isDebug()) {
      const url = secrets.text(request.url.replace(/\?.*$/s, ''))
      const ms = Math.round(clock.now() - start)
      printer.debug(forLog(phrase`${request.method} ${url}: ${describe(result, secrets)}, ${ms} ms`))
    }
    return result
  }
  return { exchange, count: () => count }
}

function describe(result: ExchangeResult, secrets: Secrets): Phrase {
  if (result.kind === 'no-response') {
    const code = result.code === undefined ? [] : phrase`, ${secrets.text(result.code)}`
    return phrase`no response (${result.reason} in phase ${result.phase}${code})`
  }
  const { status, headers, body, bodyError } = result
  const size = bodyError === undefined ? `${Buffer.byteLength(body)} bytes` : `a body that ${bodyError}`
  const id = headers['x-request-id']
  const requestId = typeof id === 'string' ? phrase`, request ID ${secrets.text(id)}` : []
  return phrase`${status}, ${size}${requestId}`
}
