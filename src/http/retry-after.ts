import { MINUTE, SECOND } from '../duration.ts'

/** A service may ask for more; then it is asked again after this long all the same. */
const LONGEST = 5 * MINUTE

/**
 * Reads a `Retry-After` header (RFC 9110, 10.2.3): whole seconds or an HTTP date.
 *
 * @param now the wall clock, milliseconds since the epoch
 * @returns milliseconds from now, at most 5 minutes; undefined when absent, past or nonsense
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const wait = /^\d+$/.test(text) ? Number(text) * SECOND : httpDate(text) - now
  return wait > 0 ? Math.min(wait, LONGEST) : undefined
}

/** Milliseconds since the epoch; NaN for none of RFC 9110's three forms, of which asctime's names no time zone. */
function httpDate(text: string): number {
  if (!/^[A-Z][a-z]{2,8},? .{1,40}$/.test(text)) return Number.NaN
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
}
