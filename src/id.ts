import type { Secrets } from './secrets.ts'
import type { UntrustedText } from './untrusted-text.ts'

/** What an ID belongs to. */
export type Kind = 'job' | 'order' | 'instance'

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
