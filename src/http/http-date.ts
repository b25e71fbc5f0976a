/** Parses an HTTP date (RFC 9110, section 5.6.7) to milliseconds since the epoch; NaN if the text is not one. */
export function parseHttpDate(text: string): number {
  if (!/^[A-Z][a-z]{2,8},? .{1,40}$/.test(text)) return Number.NaN
  // The asctime form names no time zone, and means UTC.
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
}
