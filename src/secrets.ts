import { inspect } from 'node:util'
import { UntrustedText } from './untrusted-text.ts'

/** Replaces a secret, and looks like the runner's own mask. */
const REDACTED = '***'

/** Limit for one output. Untrusted text is truncated to it. */
const MAX_TEXT_BYTES = 16_000

/** JSON nested deeper than this is dropped, because walking it could exhaust the stack. */
const MAX_JSON_DEPTH = 100

/**
 * The secrets of this process. Registering one masks it in the runner's log. All untrusted text enters the action
 * through {@link Secrets.text} or {@link Secrets.json}, which redact it, so no report depends on the runner's mask.
 */
export class Secrets {
  readonly #mask: (value: string) => void
  readonly #registrations = new Set<readonly string[]>()
  /** How a service may echo them. Longest first, so that a form that contains another one is replaced as a whole. */
  #forms: readonly string[] = []

  /** @param mask makes the runner mask a value (`core.setSecret`) */
  constructor(mask: (value: string) => void) {
    this.#mask = mask
  }

  /**
   * Registers secrets and their forms. Call it before they are used.
   *
   * @returns undoes this registration when the secrets have expired, so that a long wait does not slow down
   */
  add(...secrets: readonly string[]): () => void {
    const forms = secrets.filter((secret) => secret !== '').flatMap(formsOf)
    for (const form of new Set(forms)) if (!this.#forms.includes(form)) this.#mask(form)
    this.#registrations.add(forms)
    this.#updateForms()
    return () => {
      this.#registrations.delete(forms)
      this.#updateForms()
    }
  }

  #updateForms(): void {
    const forms = new Set([...this.#registrations].flat())
    this.#forms = [...forms].sort((a, b) => b.length - a.length)
  }

  /**
   * Redacts a text, then truncates it. In the other order, a part of a secret could remain.
   *
   * @param transform applied between the two steps
   */
  text(raw: string, transform: (redacted: string) => string = (redacted) => redacted): UntrustedText {
    return new UntrustedText(truncate(transform(this.#redact(raw)), MAX_TEXT_BYTES))
  }

  /** Redacts the message of anything that was thrown. */
  error(thrown: unknown): UntrustedText {
    if (thrown instanceof Error) return this.text(thrown.message || thrown.name)
    return this.text(typeof thrown === 'string' ? thrown : inspect(thrown))
  }

  /**
   * Redacts a JSON value.
   *
   * @returns compact JSON; undefined if it has more than `maxBytes` of UTF-8 or is nested too deeply
   */
  json(raw: unknown, maxBytes: number): UntrustedText | undefined {
    const text = this.#compactJson(raw)
    return text === undefined || Buffer.byteLength(text) > maxBytes ? undefined : new UntrustedText(text)
  }

  /** Redacts a JSON value of any size; the result is compact JSON, truncated. */
  jsonText(raw: unknown): UntrustedText {
    return new UntrustedText(truncate(this.#compactJson(raw) ?? '', MAX_TEXT_BYTES))
  }

  #redact(raw: string): string {
    // NUL could split a secret in two, and ends a text for some readers.
    const withoutNul = raw.replaceAll('\0', '')
    const unsigned = withoutNul.replace(SIGNATURE, `$1${REDACTED}`)
    const text = redactRanges(unsigned, occurrences(unsigned, this.#forms))
    return ESCAPES.reduce((redacted, escape) => this.#redactEscaped(redacted, escape), text).toWellFormed()
  }

  /** Redacts secrets in which some characters are escaped. */
  #redactEscaped(text: string, escape: RegExp): string {
    if (this.#forms.length === 0 || text.search(escape) < 0) return text
    const { unescaped, offsets } = unescapeAll(text, escape)
    return redactRanges(text, occurrences(unescaped, this.#forms), (at) => offsets[at] ?? at)
  }

  #compactJson(raw: unknown): string | undefined {
    return JSON.stringify(this.#redactJson(raw, MAX_JSON_DEPTH))
  }

  #redactJson(raw: unknown, maxDepth: number): unknown {
    if (typeof raw === 'string') return this.#redact(raw)
    if (typeof raw !== 'object' || raw === null) return raw
    if (maxDepth === 0) return undefined
    const entries = Object.entries(raw).map(([key, value]) => {
      return [this.#redact(key), this.#redactJson(value, maxDepth - 1)] as const
    })
    if (entries.some(([, value]) => value === undefined)) return undefined
    return Array.isArray(raw) ? entries.map(([, value]) => value) : Object.fromEntries(entries)
  }
}

/** The signature of a request that a service echoes: it stays valid for 15 minutes. */
const SIGNATURE = /(Signature=)[\da-f]{64}/gi

/**
 * Truncates a text to a number of bytes of UTF-8 without cutting a character. The result is a copy, because a slice
 * would keep the whole text in memory.
 */
export function truncate(text: string, maxBytes: number): string {
  const buffer = Buffer.alloc(Math.min(maxBytes, text.length * 3))
  const { written } = new TextEncoder().encodeInto(text, buffer)
  return buffer.toString('utf8', 0, written)
}

/** Escapes of URLs, HTML, and JSON: each alone, because a secret may contain those of another, then all together. */
const ESCAPE_SOURCES = [
  String.raw`%(?<percent>[\da-f]{2})`,
  String.raw`&#x0*(?<hex>[\da-f]{1,4});|&#0*(?<decimal>\d{1,5});|&(?<name>amp|lt|gt|quot|apos);`,
  String.raw`\\u(?<unicode>[\da-f]{4})|\\(?<sign>["\\/])`,
]
const ESCAPES = [...ESCAPE_SOURCES, ESCAPE_SOURCES.join('|')].map((source) => new RegExp(source, 'gi'))

/** Unescapes a text; `offsets` maps each character of the result to its position in the text. */
function unescapeAll(text: string, escape: RegExp): { unescaped: string; offsets: Uint32Array } {
  const offsets = new Uint32Array(text.length + 1)
  let [unescaped, copied] = ['', 0]
  const copyUntil = (end: number) => {
    for (let at = copied; at < end; at++) offsets[unescaped.length + at - copied] = at
    unescaped += text.slice(copied, end)
  }
  for (const match of text.matchAll(escape)) {
    const { percent, hex, decimal, name, unicode, sign } = match.groups ?? {}
    copyUntil(match.index)
    offsets[unescaped.length] = match.index
    const code = decimal === undefined ? parseInt(percent ?? hex ?? unicode ?? '', 16) : Number(decimal)
    unescaped +=
      sign ?? (name === undefined ? String.fromCharCode(code) : (ENTITIES[name.toLowerCase()] ?? '?'))
    copied = match.index + match[0].length
  }
  copyUntil(text.length)
  offsets[unescaped.length] = text.length
  return { unescaped, offsets }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Redacts ranges in order of their start; `offsetOf` maps their ends to positions in the text. */
function redactRanges(
  text: string,
  ranges: readonly [number, number][],
  offsetOf = (at: number) => at,
): string {
  let [result, done] = ['', 0]
  for (const [start, end] of ranges) {
    // One that overlaps the previous one belongs to it.
    if (start >= done) result += text.slice(offsetOf(done), offsetOf(start)) + REDACTED
    done = Math.max(done, end)
  }
  return result + text.slice(offsetOf(done))
}

/** Finds the forms in a text as [start, end) ranges, in order of their start. */
function occurrences(text: string, forms: readonly string[]): [number, number][] {
  const found: [number, number][] = []
  for (const form of forms) {
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) {
      found.push([at, at + form.length])
    }
  }
  return found.sort(([a], [b]) => a - b)
}

function formsOf(secret: string): readonly string[] {
  const base64 = Buffer.from(secret).toString('base64')
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
  ]
}
