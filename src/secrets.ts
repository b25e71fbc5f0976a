import { inspect } from 'node:util'
import { OutsideText } from './outside-text.ts'

/** What stands where a secret stood; the runner's own mask looks the same. */
const REDACTED = '***'

/** Bytes of UTF-8 after which a text from outside ends: the contract's limit for one output. */
const LONGEST_TEXT = 16_000

/** JSON nested deeper than this is not read: walking it could exhaust the stack. */
const DEEPEST_JSON = 100

/**
 * The secrets of this process. Registering one masks it in the runner's log; all text from outside enters the
 * action through {@link Secrets.text} or {@link Secrets.json}, which take secrets out, so that no report depends
 * on the runner's mask.
 */
export class Secrets {
  readonly #mask: (value: string) => void
  /** Longest first: a form that contains another must go as a whole. */
  #forms: readonly string[] = []

  /** @param mask tells the runner to mask a value (`core.setSecret`) */
  constructor(mask: (value: string) => void) {
    this.#mask = mask
  }

  /** Registers a secret and the forms in which a service may echo it. Call it before the secret is used. */
  add(secret: string): void {
    const added = derivedForms(secret).filter((form) => form !== '' && !this.#forms.includes(form))
    for (const form of added) this.#mask(form)
    this.#forms = [...this.#forms, ...added].sort((a, b) => b.length - a.length)
  }

  /**
   * Text from outside, redacted before it is shaped or cut: half a secret would no longer be recognised.
   *
   * @param shape what shall be kept of the redacted text
   */
  text(raw: string, shape: (redacted: string) => string = (redacted) => redacted): OutsideText {
    return new OutsideText(startOf(shape(this.#redact(raw)), LONGEST_TEXT))
  }

  /** What was thrown, whatever it is. */
  error(thrown: unknown): OutsideText {
    if (thrown instanceof Error) return this.text(thrown.message || thrown.name)
    return this.text(typeof thrown === 'string' ? thrown : inspect(thrown))
  }

  /**
   * A JSON value from outside, as compact JSON text.
   *
   * @param limit most bytes of UTF-8
   * @returns undefined when it is longer, or nested too deep to be read
   */
  json(raw: unknown, limit: number): OutsideText | undefined {
    const clean = this.#redactJson(raw, DEEPEST_JSON)
    const text = JSON.stringify(clean)
    return clean === undefined || Buffer.byteLength(text) > limit ? undefined : new OutsideText(text)
  }

  #redact(raw: string): string {
    return this.#forms.reduce((text, form) => text.replaceAll(form, REDACTED), raw).toWellFormed()
  }

  /** A copy without secrets; undefined when nested too deep. */
  #redactJson(raw: unknown, depth: number): unknown {
    if (typeof raw === 'string') return this.#redact(raw)
    if (typeof raw !== 'object' || raw === null) return raw
    if (depth === 0) return undefined
    const entries: [string, unknown][] = []
    for (const [key, value] of Object.entries(raw)) {
      const clean = this.#redactJson(value, depth - 1)
      if (clean === undefined) return undefined
      entries.push([this.#redact(key), clean])
    }
    return Array.isArray(raw) ? entries.map(([, value]) => value) : Object.fromEntries(entries)
  }
}

/** The longest start of a text that has at most so many bytes of UTF-8 and cuts no character. */
export function startOf(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes))
  return text.slice(0, read)
}

function derivedForms(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64')
  const forms = [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    base64,
    base64.replace(/=+$/, ''),
  ]
  return [...new Set(forms)]
}
