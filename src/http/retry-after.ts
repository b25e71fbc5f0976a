import { MINUTE, SECOND } from '../duration.ts'
import { parseHttpDate } from './http-date.ts'

const MAX_RETRY_AFTER = 5 * MINUTE

/**
 * Parses a `Retry-After` header: seconds or an HTTP date. Source: RFC 9110, section 10.2.3.
 *
 * @param now wall-clock time, milliseconds since the epoch
 * @returns milliseconds, at most 5 minutes; undefined if the header is missing, invalid, or in the past
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const delay = /^\d+$/.test(text) ? Number(text) * SECOND : parseHttpDate(text) - now
  return delay > 0 ? Math.min(delay, MAX_RETRY_AFTER) : undefined
}
