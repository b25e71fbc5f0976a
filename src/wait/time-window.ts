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
 * or when it is unknown: the list is not sorted by time, or its jobs were created within a second, or without a date.
 */
export function restOf(window: Window, { entries, isWhole }: JobList): Window | undefined {
  const { since, until, requests = 0 } = window
  const times = entries.map(({ created }) => created).filter((time) => !Number.isNaN(time))
  const [first = Number.NaN, last = Number.NaN] = [times[0], times.at(-1)]
  const isNewestFirst = last < first
  const isSorted = times.every((time, index) => {
    const previous = times[index - 1] ?? time
    return isNewestFirst ? time <= previous : time >= previous
  })
  if (!isSorted || first === last) return undefined
  // In whichever order the list is sorted, the rest comes after its last entry. Dates are whole seconds.
  const cut = isNewestFirst ? last : last - SECOND
  const isNarrower = cut >= since && cut < until
  if (isWhole || !isNarrower || requests + 1 >= MAX_REQUESTS) return undefined
  return { ...window, ...(isNewestFirst ? { until: cut } : { since: cut + SECOND }), requests: requests + 1 }
}
