import { OutsideText, type Phrase } from '../../src/outside-text.ts'
import { Secrets } from '../../src/secrets.ts'

/** Secrets of a process that has none. */
export const noSecrets = new Secrets(() => undefined)

export function outside(text: string): OutsideText {
  return noSecrets.text(text)
}

/** A phrase as plain text. */
export function plain(text: Phrase | undefined): string {
  return (text ?? []).map((part) => (part instanceof OutsideText ? part.reveal() : part)).join('')
}
