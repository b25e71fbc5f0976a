/**
 * Text from the service, the network, or an input, with secrets already removed.
 *
 * It is not a `string`, so it cannot end up in a log line, an annotation, or Markdown by accident: only
 * report/escape.ts reveals it, and escapes it for its destination.
 */
export class UntrustedText {
  readonly #text: string

  /** Only secrets.ts calls this, so that nothing unredacted can be reported. */
  constructor(redacted: string) {
    this.#text = redacted
  }

  /** The unescaped text, for report/escape.ts only. */
  reveal(): string {
    return this.#text
  }

  equals(other: UntrustedText): boolean {
    return this.#text === other.#text
  }
}

/** A sentence or label that may contain untrusted text, which is escaped where the phrase is shown. */
export type Phrase = readonly (string | UntrustedText)[]

/** Tag for a {@link Phrase}: phrase`Job ${id} failed.` Substituted strings and numbers count as trusted. */
export function phrase(
  literals: TemplateStringsArray,
  ...substitutions: (number | Phrase[number] | Phrase)[]
): Phrase {
  return literals.flatMap((literal, index) => {
    const part = substitutions[index] ?? []
    return [literal, typeof part === 'number' ? String(part) : part].flat()
  })
}

/** Joins phrases as Array.join joins strings. */
export function joinPhrases(phrases: readonly Phrase[], separator: string): Phrase {
  return phrases.flatMap((one, index) => (index === 0 ? one : [separator, ...one]))
}
