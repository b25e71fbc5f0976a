import { HOUR, SECOND } from '../duration.ts'
import type { JobList, TimeWindow } from '../response.ts'

/** How far the clocks of runner and service may differ. */
export const MAX_CLOCK_SKEW = HOUR
/** Windows of one search: more cost more requests than they save. */
export const MAX_WINDOWS = 20

/**
 * Divides a window whose list was incomplete into the part that the list contained and the rest. Undefined when it can't
 * be narrower: its jobs were created within a second, or without a date.
 */
export function divide(
  { since, until }: TimeWindow,
  { entries }: JobList,
): readonly [TimeWindow, TimeWindow] | undefined {
  const [first, last] = [entries[0]?.created ?? Number.NaN, entries.at(-1)?.created ?? Number.NaN]
  // In whichever order the list is sorted, the rest comes after its last entry. Dates are whole seconds.
  const isNewestFirst = last <= first
  const cut = isNewestFirst ? last : last - SECOND
  if (!(cut >= since && cut < until)) return undefined
  const [older, newer] = [
    { since, until: cut },
    { since: cut + SECOND, until },
  ]
  return isNewestFirst ? [newer, older] : [older, newer]
}
