import { HOUR, MINUTE, SECOND } from '../duration.ts'

/** A limit on requests that was met. */
export interface Throttle {
  /** In which the service counts, milliseconds; undefined when it did not say. */
  readonly period: number | undefined
}

const UNITS: Readonly<Record<string, number>> = { second: SECOND, minute: MINUTE, hour: HOUR }

/** Reads what a 429 says: `policy user over ratelimit,limit:200,time:5 minute`. Source: a user's log. */
export function readThrottle(body: string): Throttle {
  const [, count, unit] = /\btime:\s?(\d{1,4})\s?(second|minute|hour)\b/.exec(body) ?? []
  const period = Number(count) * (UNITS[unit ?? ''] ?? Number.NaN)
  return { period: period > 0 && period <= HOUR ? period : undefined }
}
