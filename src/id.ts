import type { Secrets } from './secrets.ts'
import type { UntrustedText } from './untrusted-text.ts'

/** What an ID belongs to. */
export const KINDS = ['job', 'order', 'instance'] as const
export type Kind = (typeof KINDS)[number]

/** An ID from an input or a response: for requests, and for reports. */
export interface Id {
  readonly value: string
  readonly text: UntrustedText
}

export function toId(value: string, secrets: Secrets): Id {
  return { value, text: secrets.text(value) }
}

/** Returns the key of an ID in maps: IDs are compared ignoring case. */
export function keyOf({ value }: Pick<Id, 'value'>): string {
  return value.toLowerCase()
}

export const JOB_ID = /^[!-~]{1,128}$/
/** Any other value, for example `..`, could change the path of a request. */
export const INSTANCE_ID = /^[\w-]{1,128}$/

/** Ignores case for ASCII only: other characters can have the same lower case, for example K and the kelvin sign. */
export function isSameId(sent = '', requested: string): boolean {
  return /^[!-~]+$/.test(sent) && sent.toLowerCase() === requested.toLowerCase()
}
