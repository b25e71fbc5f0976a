import { HOUR, MINUTE, SECOND } from '../duration.ts'

/** A rate limit that was exceeded. */
export interface Throttle {
  /** The limit's period in milliseconds; undefined if the service did not name it. */
  readonly period: number | undefined
}

const UNITS: Readonly<Record<string, number>> = { second: SECOND, minute: MINUTE, hour: HOUR }

/**
 * Reads the period from the body of a 429. Source: a response of Huawei Cloud's API gateway, APIGW.0308:
 * `policy user over ratelimit,limit:200,time:5 minute`.
 */
export function readThrottle(body: string): Throttle {
  const [, count, unit] = /\btime:\s?(\d{1,4})\s?(second|minute|hour)\b/.exec(body) ?? []
  const period = Number(count) * (UNITS[unit ?? ''] ?? Number.NaN)
  return { period: period > 0 && period <= HOUR ? period : undefined }
}
