import { MINUTE } from '../duration.ts'
import type { Exchange } from './exchange.ts'

/** A new host name may take a while to be known everywhere. */
const MAX_UNKNOWN_MS = 2 * MINUTE
/** In a row. */
const MAX_WITHOUT_TLS = 5

/** OpenSSL's errors for bytes that are not TLS, for example those of a plain HTTP server. Only TLS has alerts. */
const NOT_TLS = /^(?!.*\balert\b).*(EPROTO|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)/is

/**
 * Sends requests through `send`, and marks failures that will probably last: until an origin has sent a response, a host
 * that does not exist or a port that does not use TLS is more likely a wrong endpoint than a fault that passes.
 *
 * @param now monotonic clock, milliseconds
 */
export function detectWrongEndpoints(send: Exchange, now: () => number): Exchange {
  const responded = new Set<string>()
  const failures = new Map<string, { unknownSince: number | undefined; withoutTls: number }>()
  return async (request, signal) => {
    const { origin } = new URL(request.url)
    const result = await send(request, signal)
    if (result.kind === 'response') responded.add(origin)
    // The end of the wait says nothing about the endpoint.
    if (result.kind === 'response' || responded.has(origin) || result.reason === 'aborted') return result
    const before = failures.get(origin) ?? { unknownSince: undefined, withoutTls: 0 }
    const at = now()
    // For a proxy, http-client keeps only the message.
    const error = `${result.code} ${result.message}`
    const unknownSince = error.includes('ENOTFOUND') ? (before.unknownSince ?? at) : undefined
    const withoutTls = result.reason === 'network' && NOT_TLS.test(error) ? before.withoutTls + 1 : 0
    failures.set(origin, { unknownSince, withoutTls })
    if (at - (unknownSince ?? at) >= MAX_UNKNOWN_MS) return { ...result, reason: 'unknown-host' }
    return withoutTls >= MAX_WITHOUT_TLS ? { ...result, reason: 'no-tls' } : result
  }
}
