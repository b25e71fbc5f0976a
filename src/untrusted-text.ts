/**
 * Text that came from outside (the service, the network, an input), already free of secrets.
 *
 * It is no `string`, so it can't be put into a log line, an annotation or Markdown by accident: only
 * report/escape.ts reveals it, and makes it harmless for the place where it lands.
 */
export class UntrustedText {
  readonly #text: string

  /** Only secrets.ts makes one, so that nothing unredacted can be reported. */
  constructor(redacted: string) {
    this.#text = redacted
  }

  /** The text as it came, secrets aside. For report/escape.ts alone. */
  reveal(): string {
    return this.#text
  }

  equals(other: UntrustedText): boolean {
    return this.#text === other.#text
  }
}

/** One sentence or label of ours, with outside text in its gaps; each place that shows it escapes the gaps. */
export type Phrase = readonly (string | UntrustedText)[]

type Gap = string | number | UntrustedText | Phrase

/** Tag for a {@link Phrase}: phrase`Job ${id} failed.` What is typed as string or number counts as ours. */
export function phrase(ours: TemplateStringsArray, ...gaps: Gap[]): Phrase {
  return ours.flatMap((text, index) => [text, ...flatten(gaps[index])])
}

/** Joins phrases as Array.join joins strings. */
export function joinPhrases(phrases: readonly Phrase[], separator: string): Phrase {
  return phrases.flatMap((one, index) => (index === 0 ? one : [separator, ...one]))
}

function flatten(gap: Gap | undefined): Phrase {
  if (gap === undefined) return []
  if (typeof gap === 'number') return [String(gap)]
  return typeof gap === 'string' || gap instanceof UntrustedText ? [gap] : gap
}
