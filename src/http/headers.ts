import type { IncomingHttpHeaders } from 'node:http'
import { MINUTE, SECOND } from '../duration.ts'

const MAX_RETRY_AFTER = 5 * MINUTE

/**
 * Parses a `Retry-After` header: seconds or an HTTP date. Source: RFC 9110, section 10.2.3.
 *
 * @param now wall-clock time, milliseconds since the epoch
 * @returns milliseconds, at most 5 minutes; undefined if the header is missing, invalid, or in the past
 */
export function readRetryAfter(headers: IncomingHttpHeaders, now: number): number | undefined {
  const text = headers['retry-after']?.trim() ?? ''
  const delay = /^\d+$/.test(text) ? Number(text) * SECOND : parseHttpDate(text) - now
  return delay > 0 ? Math.min(delay, MAX_RETRY_AFTER) : undefined
}

/** Milliseconds that the service's clock is ahead of this runner's, `now`; 0 if the response has no valid date. */
export function readClockOffset({ date = '' }: IncomingHttpHeaders, now: number): number {
  return parseHttpDate(date) - now || 0
}

/** Parses an HTTP date (RFC 9110, section 5.6.7) to milliseconds since the epoch; NaN if the text is not one. */
function parseHttpDate(text: string): number {
  if (!/^[A-Z][a-z]{2,8},? .{1,40}$/.test(text)) return Number.NaN
  // The asctime form names no time zone, and means UTC.
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
}
