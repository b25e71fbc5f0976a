import type { IncomingHttpHeaders } from 'node:http'
import { MINUTE, SECOND } from '../duration.ts'

const MIN_RETRY_AFTER = 1 * SECOND
const MAX_RETRY_AFTER = 5 * MINUTE

/**
 * Parses a `Retry-After` header: seconds or an HTTP date, which the service's clock defines. Source: RFC 9110, section
 * 10.2.3. Some gateways send fractions of seconds.
 *
 * @param now wall-clock time, milliseconds since the epoch
 * @returns milliseconds, from 1 second to 5 minutes; undefined if the header is missing or invalid
 */
export function readRetryAfter(headers: IncomingHttpHeaders, now: number): number | undefined {
  const [, seconds, date = ''] = /^(\d+(?:\.\d*)?)s?$|^(.*)$/.exec(headers['retry-after']?.trim() ?? '') ?? []
  const delay =
    seconds === undefined
      ? parseHttpDate(date) - now - readClockOffset(headers, now)
      : Number(seconds) * SECOND
  return Number.isNaN(delay) ? undefined : Math.min(Math.max(delay, MIN_RETRY_AFTER), MAX_RETRY_AFTER)
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
