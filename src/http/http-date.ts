/** Milliseconds since the epoch; NaN for none of RFC 9110's three forms, of which asctime's names no time zone. */
export function parseHttpDate(text: string): number {
  if (!/^[A-Z][a-z]{2,8},? .{1,40}$/.test(text)) return Number.NaN
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
}
