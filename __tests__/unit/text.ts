import { UntrustedText, type Phrase } from '../../src/untrusted-text.ts'
import { Secrets } from '../../src/secrets.ts'

/** A process without secrets. */
export const noSecrets = new Secrets(() => undefined)

export function untrusted(text: string): UntrustedText {
  return noSecrets.text(text)
}

/** A phrase as plain text. */
export function plain(text: Phrase | undefined): string {
  return (text ?? []).map((part) => (part instanceof UntrustedText ? part.reveal() : part)).join('')
}
