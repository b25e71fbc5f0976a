import { MINUTE, SECOND } from '../duration.ts'
import { parseHttpDate } from './http-date.ts'

/** A service may ask for more; then it is asked again after this long all the same. */
const MAX_RETRY_AFTER = 5 * MINUTE

/**
 * Reads a `Retry-After` header (RFC 9110, 10.2.3): whole seconds or an HTTP date.
 *
 * @param now the wall clock, milliseconds since the epoch
 * @returns milliseconds from now, at most 5 minutes; undefined when absent, past or nonsense
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const wait = /^\d+$/.test(text) ? Number(text) * SECOND : parseHttpDate(text) - now
  return wait > 0 ? Math.min(wait, MAX_RETRY_AFTER) : undefined
}
