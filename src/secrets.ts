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
  /** Once for each registration. */
  readonly #secrets: string[] = []
  /** How a service may echo them. Longest first, so that a form that contains another one is replaced as a whole. */
  #forms: readonly string[] = []

  /** @param mask makes the runner mask a value (`core.setSecret`) */
  constructor(mask: (value: string) => void) {
    this.#mask = mask
  }

  /** Registers a secret and its forms. Call it before the secret is used. */
  add(secret: string): void {
    if (secret === '') return
    for (const form of derivedForms(secret)) if (!this.#forms.includes(form)) this.#mask(form)
    this.#secrets.push(secret)
    this.#updateForms()
  }

  /** Undoes one registration of a secret that has expired, so that a long wait does not slow down. */
  forget(secret: string): void {
    const index = this.#secrets.indexOf(secret)
    if (index >= 0) this.#secrets.splice(index, 1)
    this.#updateForms()
  }

  #updateForms(): void {
    const forms = new Set(this.#secrets.flatMap((secret) => [...derivedForms(secret)]))
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
    const redacted = this.#redactJson(raw, MAX_JSON_DEPTH)
    const text = JSON.stringify(redacted)
    return redacted === undefined || Buffer.byteLength(text) > maxBytes ? undefined : new UntrustedText(text)
  }

  /** Redacts a JSON value of any size; the result is compact JSON, truncated. */
  jsonText(raw: unknown): UntrustedText {
    const text = JSON.stringify(this.#redactJson(raw, MAX_JSON_DEPTH)) as string | undefined
    return new UntrustedText(truncate(text ?? '', MAX_TEXT_BYTES))
  }

  #redact(raw: string): string {
    // NUL could split a secret in two, and ends a text for some readers.
    const withoutNul = raw.replaceAll('\0', '')
    const unsigned = withoutNul.replace(SIGNATURE, `$1${REDACTED}`)
    const text = this.#forms.reduce((redacted, form) => redacted.replaceAll(form, REDACTED), unsigned)
    return ESCAPES.reduce((redacted, escape) => this.#redactEscaped(redacted, escape), text).toWellFormed()
  }

  /** Redacts secrets in which some characters are escaped. */
  #redactEscaped(text: string, escape: RegExp): string {
    if (this.#forms.length === 0 || text.search(escape) < 0) return text
    const { unescaped, offsets } = unescapeAll(text, escape)
    let [result, done] = ['', 0]
    for (const [start, end] of occurrences(unescaped, this.#forms)) {
      result += text.slice(offsets[done], offsets[start]) + REDACTED
      done = end
    }
    return result + text.slice(offsets[done])
  }

  #redactJson(raw: unknown, maxDepth: number): unknown {
    if (typeof raw === 'string') return this.#redact(raw)
    if (typeof raw !== 'object' || raw === null) return raw
    if (maxDepth === 0) return undefined
    const entries: [string, unknown][] = []
    for (const [key, value] of Object.entries(raw)) {
      const redacted = this.#redactJson(value, maxDepth - 1)
      if (redacted === undefined) return undefined
      entries.push([this.#redact(key), redacted])
    }
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

/** Finds the forms in a text as [start, end) ranges in order; overlapping ranges are merged. */
function occurrences(text: string, forms: readonly string[]): [number, number][] {
  const found = forms.flatMap((form) => {
    const starts: number[] = []
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) starts.push(at)
    return starts.map((start): [number, number] => [start, start + form.length])
  })
  const merged: [number, number][] = []
  for (const [start, end] of found.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1)
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged
}

function derivedForms(secret: string): ReadonlySet<string> {
  const base64 = Buffer.from(secret).toString('base64')
  return new Set([
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
  ])
}
