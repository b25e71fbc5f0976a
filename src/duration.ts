/** Milliseconds. */
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/**
 * Parses a duration such as `90` (seconds), `45s`, `30m`, or `1h30m`.
 *
 * @returns milliseconds, or undefined if the text is not a duration
 */
export function parseDuration(text: string): number | undefined {
  const parts = /^(?:(\d{1,9})|(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?)$/.exec(text)
  if (parts === null || text === '') return undefined
  const [, bare = '0', hours = '0', minutes = '0', seconds = '0'] = parts
  return Number(hours) * HOUR + Number(minutes) * MINUTE + (Number(seconds) + Number(bare)) * SECOND
}

/** Formats milliseconds in the form that {@link parseDuration} accepts, rounded to seconds: `0s`, `45s`, `1h30m`. */
export function formatDuration(ms: number): string {
  const total = Math.max(0, Math.round(ms / SECOND))
  const counts = { h: Math.floor(total / 3600), m: Math.floor(total / 60) % 60, s: total % 60 }
  const parts = Object.entries(counts).map(([unit, count]) => (count > 0 ? `${count}${unit}` : ''))
  return parts.join('') || '0s'
}
