import type { JobList, TimeWindow } from '../response.ts'
import { SECOND } from '../duration.ts'

/**
 * Divides a window whose list was not whole: into what the list told of, and the rest. Undefined when it can't be made
 * narrower: its jobs were created within a second, or nothing tells when.
 */
export function divide(
  { since, until }: TimeWindow,
  { entries }: JobList,
): readonly [TimeWindow, TimeWindow] | undefined {
  const [first, last] = [entries[0]?.created ?? Number.NaN, entries.at(-1)?.created ?? Number.NaN]
  // Whichever way the list goes, what did not fit stands behind its last entry. Dates are whole seconds.
  const isNewestFirst = last <= first
  const cut = isNewestFirst ? last : last - SECOND
  if (!(cut >= since && cut < until)) return undefined
  const [older, newer] = [
    { since, until: cut },
    { since: cut + SECOND, until },
  ]
  return isNewestFirst ? [newer, older] : [older, newer]
}
