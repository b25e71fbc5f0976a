import { HOUR, SECOND } from '../duration.ts'
import type { JobList, TimeWindow } from '../response.ts'

/** How far the clocks of runner and service may differ. */
export const MAX_CLOCK_SKEW = HOUR
/** Requests for a window and its parts: further ones cost more than they save. */
const MAX_REQUESTS = 20

/** A part of the job list that is read next. */
export interface Window extends TimeWindow {
  /** Requests for the parts of the same window before it. */
  readonly requests?: number
  /** Whether the service may refuse it because it reaches too far back. */
  readonly isWide?: true
}

/**
 * Returns the part of a window that its list did not contain. Undefined when it contained all, after too many requests,
 * or when the window can't be narrower: its jobs were created within a second, or without a date.
 */
export function restOf(window: Window, { entries, isWhole }: JobList): Window | undefined {
  const { since, until, requests = 0 } = window
  const [first, last] = [entries[0]?.created ?? Number.NaN, entries.at(-1)?.created ?? Number.NaN]
  // In whichever order the list is sorted, the rest comes after its last entry. Dates are whole seconds.
  const isNewestFirst = last <= first
  const cut = isNewestFirst ? last : last - SECOND
  const isNarrower = cut >= since && cut < until
  if (isWhole || !isNarrower || requests + 1 >= MAX_REQUESTS) return undefined
  return { ...window, ...(isNewestFirst ? { until: cut } : { since: cut + SECOND }), requests: requests + 1 }
}
