import { inspect } from 'node:util'
import { UntrustedText } from './untrusted-text.ts'

/** What stands where a secret stood; the runner's own mask looks the same. */
const REDACTED = '***'

/** Bytes of UTF-8 after which a text from outside ends: the contract's limit for one output. */
const MAX_TEXT_BYTES = 16_000

/** JSON nested deeper than this is not read: walking it could exhaust the stack. */
const MAX_JSON_DEPTH = 100

/**
 * The secrets of this process. Registering one masks it in the runner's log; all text from outside enters the
 * action through {@link Secrets.text} or {@link Secrets.json}, which take secrets out, so that no report depends
 * on the runner's mask.
 */
export class Secrets {
  readonly #mask: (value: string) => void
  /** Each with the forms in which it may be echoed, and how often it was registered. */
  readonly #secrets = new Map<string, { readonly forms: readonly string[]; readonly times: number }>()
  /** Longest first: a form that contains another must go as a whole. */
  #forms: readonly string[] = []

  /** @param mask tells the runner to mask a value (`core.setSecret`) */
  constructor(mask: (value: string) => void) {
    this.#mask = mask
  }

  /** Registers a secret and the forms in which a service may echo it. Call it before the secret is used. */
  add(secret: string): void {
    if (secret === '') return
    const known = this.#secrets.get(secret)
    const forms = known?.forms ?? derivedForms(secret)
    this.#secrets.set(secret, { forms, times: (known?.times ?? 0) + 1 })
    if (known !== undefined) return
    for (const form of forms) if (!this.#forms.includes(form)) this.#mask(form)
    this.#sortForms()
  }

  /**
   * Takes one registration of a secret back, since it has expired: a long wait with many of them stays as fast as it
   * began. What was registered more often stays.
   */
  forget(secret: string): void {
    const known = this.#secrets.get(secret)
    if (known === undefined) return
    if (known.times > 1) this.#secrets.set(secret, { ...known, times: known.times - 1 })
    else this.#secrets.delete(secret)
    this.#sortForms()
  }

  #sortForms(): void {
    const forms = new Set([...this.#secrets.values()].flatMap(({ forms }) => forms))
    this.#forms = [...forms].sort((a, b) => b.length - a.length)
  }

  /**
   * Text from outside, redacted before it is shaped or cut: half a secret would no longer be recognised.
   *
   * @param shape what shall be kept of the redacted text
   */
  text(raw: string, shape: (redacted: string) => string = (redacted) => redacted): UntrustedText {
    return new UntrustedText(startOf(shape(this.#redact(raw)), MAX_TEXT_BYTES))
  }

  /** What was thrown, whatever it is. */
  error(thrown: unknown): UntrustedText {
    if (thrown instanceof Error) return this.text(thrown.message || thrown.name)
    return this.text(typeof thrown === 'string' ? thrown : inspect(thrown))
  }

  /**
   * A JSON value from outside, as compact JSON text.
   *
   * @param limit most bytes of UTF-8
   * @returns undefined when it is longer, or nested too deep to be read
   */
  json(raw: unknown, limit: number): UntrustedText | undefined {
    const clean = this.#redactJson(raw, MAX_JSON_DEPTH)
    const text = JSON.stringify(clean)
    return clean === undefined || Buffer.byteLength(text) > limit ? undefined : new UntrustedText(text)
  }

  #redact(raw: string): string {
    // Without NUL, which some readers take for the end of a text, and which must not split a secret in two.
    const whole = raw.replaceAll('\0', '')
    const unsigned = whole.replace(SIGNATURE, `$1${REDACTED}`)
    const text = this.#forms.reduce((before, form) => before.replaceAll(form, REDACTED), unsigned)
    return ESCAPES.reduce((before, escape) => this.#redactEscaped(before, escape), text).toWellFormed()
  }

  /** Finds a secret of which some characters are escaped in this manner, and takes out what stands for it. */
  #redactEscaped(text: string, escape: RegExp): string {
    if (this.#forms.length === 0 || text.search(escape) < 0) return text
    const { plain, sourceOf } = unescapeAll(text, escape)
    let [result, done] = ['', 0]
    for (const [start, end] of occurrences(plain, this.#forms)) {
      result += text.slice(sourceOf[done], sourceOf[start]) + REDACTED
      done = end
    }
    return result + text.slice(sourceOf[done])
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

/** Of a request of ours, echoed: good for 15 minutes. */
const SIGNATURE = /(Signature=)[\da-f]{64}/gi

/**
 * The longest start of a text that has at most so many bytes of UTF-8 and cuts no character: a copy, since a slice would
 * keep the whole text in memory, be it a megabyte.
 */
export function startOf(text: string, bytes: number): string {
  const start = Buffer.alloc(Math.min(bytes, text.length * 3))
  const { written } = new TextEncoder().encodeInto(text, start)
  return start.toString('utf8', 0, written)
}

/** How URLs, HTML and JSON write a character: alone, since a secret may hold what looks like another's, and together. */
const ESCAPE_SOURCES = [
  String.raw`%(?<percent>[\da-f]{2})`,
  String.raw`&#x0*(?<hex>[\da-f]{1,4});|&#0*(?<decimal>\d{1,5});|&(?<name>amp|lt|gt|quot|apos);`,
  String.raw`\\u(?<unicode>[\da-f]{4})|\\(?<sign>["\\/])`,
]
const ESCAPES = [...ESCAPE_SOURCES, ESCAPE_SOURCES.join('|')].map((source) => new RegExp(source, 'gi'))

/** A text with each escape as the character that it means, and where each character stood. */
function unescapeAll(text: string, escape: RegExp): { plain: string; sourceOf: Uint32Array } {
  const sourceOf = new Uint32Array(text.length + 1)
  let [plain, read] = ['', 0]
  const keep = (end: number) => {
    for (let at = read; at < end; at++) sourceOf[plain.length + at - read] = at
    plain += text.slice(read, end)
  }
  for (const match of text.matchAll(escape)) {
    const { percent, hex, decimal, name, unicode, sign } = match.groups ?? {}
    keep(match.index)
    sourceOf[plain.length] = match.index
    const code = decimal === undefined ? parseInt(percent ?? hex ?? unicode ?? '', 16) : Number(decimal)
    plain += sign ?? (name === undefined ? String.fromCharCode(code) : (ENTITIES[name.toLowerCase()] ?? '?'))
    read = match.index + match[0].length
  }
  keep(text.length)
  sourceOf[plain.length] = text.length
  return { plain, sourceOf }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Where any of the forms stands, as [start, end), in order; what overlaps is one. */
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

function derivedForms(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64')
  const forms = [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
  ]
  return [...new Set(forms)]
}
