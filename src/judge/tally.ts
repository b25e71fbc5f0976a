import { UntrustedText } from '../untrusted-text.ts'

/** How often each kind of response came, in order of first appearance. */
export type Tally = readonly { readonly label: string | UntrustedText; readonly count: number }[]

/** Labels kept per job; further ones are counted together. */
const MAX_LABELS = 20
const REST = 'other responses'

export function count(tally: Tally, label: string | UntrustedText): Tally {
  const index = tally.findIndex((entry) => sameLabel(entry.label, label))
  const known = tally[index]
  if (known !== undefined) return tally.with(index, { ...known, count: known.count + 1 })
  return tally.length < MAX_LABELS || label === REST ? [...tally, { label, count: 1 }] : count(tally, REST)
}

/** The number of results, including requests without a response. */
export function total(tally: Tally): number {
  return tally.reduce((sum, entry) => sum + entry.count, 0)
}

export function sameLabel(a: string | UntrustedText, b: string | UntrustedText): boolean {
  return a instanceof UntrustedText && b instanceof UntrustedText ? a.equals(b) : a === b
}
