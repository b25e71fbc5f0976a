import { UntrustedText } from '../untrusted-text.ts'

/** How often each kind of answer came, in the order of its first time. */
export type Tally = readonly Count[]

interface Count {
  readonly label: string | UntrustedText
  readonly count: number
}

/** Labels kept of one job; what comes beyond is counted together. */
const MAX_LABELS = 20
const REST = 'other answers'

export function count(tally: Tally, label: string | UntrustedText): Tally {
  const known = tally.some((entry) => sameLabel(entry.label, label))
  const counted = known || tally.length < MAX_LABELS ? label : REST
  return known || tally.some((entry) => sameLabel(entry.label, counted))
    ? tally.map((entry) => (sameLabel(entry.label, counted) ? { ...entry, count: entry.count + 1 } : entry))
    : [...tally, { label: counted, count: 1 }]
}

/** Requests that were answered, or given up, in all. */
export function total(tally: Tally): number {
  return tally.reduce((sum, entry) => sum + entry.count, 0)
}

export function sameLabel(a: string | UntrustedText, b: string | UntrustedText): boolean {
  return a instanceof UntrustedText && b instanceof UntrustedText ? a.equals(b) : a === b
}
