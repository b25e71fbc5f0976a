import { UntrustedText, type Phrase } from '../../src/untrusted-text.ts'
import { SERVICES } from '../../src/api/service.ts'
import { Secrets } from '../../src/secrets.ts'

/** A process without secrets. */
export const noSecrets = new Secrets(() => undefined)

/** What a response is read with, at a time in milliseconds since the epoch. */
export function contextAt(wallClock: number) {
  return { secrets: noSecrets, service: SERVICES.taurusdb, wallClock: () => wallClock }
}

export function untrusted(text: string): UntrustedText {
  return noSecrets.text(text)
}

/** A phrase as plain text. */
export function plain(text: Phrase | undefined): string {
  return (text ?? []).map((part) => (part instanceof UntrustedText ? part.reveal() : part)).join('')
}
