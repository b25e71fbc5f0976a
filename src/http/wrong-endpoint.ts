import { MINUTE } from '../duration.ts'
import type { Exchange, ExchangeResult, NoResponse } from './exchange.ts'

/** A new host name may take a while to be known everywhere. */
const MAX_UNKNOWN_MS = 2 * MINUTE
/** In a row. */
const MAX_WITHOUT_TLS = 5

/** OpenSSL's errors for bytes that are not TLS, for example those of a plain HTTP server. */
const NOT_TLS = /EPROTO|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/

/**
 * Sends requests through `send`, and marks failures that will probably last: until an origin has sent a response, a host
 * that does not exist or a port that does not use TLS is more likely a wrong endpoint than a fault that passes.
 *
 * @param now monotonic clock, milliseconds
 */
export function detectWrongEndpoints(send: Exchange, now: () => number): Exchange {
  const origins = new Map<string, Failures | 'responded'>()
  return async (request, signal) => {
    const { origin } = new URL(request.url)
    const result = await send(request, signal)
    const before = origins.get(origin) ?? { unknownSince: undefined, withoutTls: 0 }
    if (result.kind === 'response' || before === 'responded') {
      origins.set(origin, 'responded')
      return result
    }
    // The end of the wait says nothing about the endpoint.
    if (result.reason === 'aborted') return result
    // For a proxy, http-client keeps only the message.
    const error = `${result.code} ${result.message}`
    const failures = {
      unknownSince: error.includes('ENOTFOUND') ? (before.unknownSince ?? now()) : undefined,
      withoutTls: result.reason === 'network' && NOT_TLS.test(error) ? before.withoutTls + 1 : 0,
    }
    origins.set(origin, failures)
    return marked(result, failures, now())
  }
}

interface Failures {
  readonly unknownSince: number | undefined
  readonly withoutTls: number
}

function marked(result: NoResponse, { unknownSince, withoutTls }: Failures, at: number): ExchangeResult {
  if (at - (unknownSince ?? at) >= MAX_UNKNOWN_MS) return { ...result, reason: 'unknown-host' }
  return withoutTls >= MAX_WITHOUT_TLS ? { ...result, reason: 'no-tls' } : result
}
