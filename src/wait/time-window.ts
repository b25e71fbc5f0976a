import { HOUR, SECOND } from '../duration.ts'
import type { JobList, TimeWindow } from '../response.ts'

/** How far the clocks of runner and service may differ. */
export const MAX_CLOCK_SKEW = HOUR
/** Requests of one search: further ones cost more than they save. */
export const MAX_WINDOWS = 20

/**
 * Returns the part of a window that its list, which was incomplete, did not contain. Undefined when it can't be narrower:
 * its jobs were created within a second, or without a date.
 */
export function restOf({ since, until }: TimeWindow, { entries }: JobList): TimeWindow | undefined {
  const [first, last] = [entries[0]?.created ?? Number.NaN, entries.at(-1)?.created ?? Number.NaN]
  // In whichever order the list is sorted, the rest comes after its last entry. Dates are whole seconds.
  const isNewestFirst = last <= first
  const cut = isNewestFirst ? last : last - SECOND
  if (!(cut >= since && cut < until)) return undefined
  return isNewestFirst ? { since, until: cut } : { since: cut + SECOND, until }
}
