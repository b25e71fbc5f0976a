import { UntrustedText, type Phrase } from '../untrusted-text.ts'

/** Longest text from outside, in UTF-16 units, for each place. */
const MAX_IN_LOG = 300
const MAX_IN_ANNOTATION = 1_000
const MAX_IN_SUMMARY = 1_000

/** Of a block of JSON in the summary. */
const MAX_BLOCK = 10_000

const MAX_LINE = 1_000
/** GitHub cuts an annotation at 4096 characters. */
const MAX_ANNOTATION = 4_000

/** For a log line: one line, without anything that the runner or a terminal would act on. */
export function forLog(text: Phrase): string {
  return cut(defuse(render(text, (outside) => oneLine(outside, MAX_IN_LOG))), MAX_LINE)
}

/** For an annotation's message, a line each (core escapes their ends). However long the others are, the last stays. */
export function forAnnotation(...lines: readonly Phrase[]): string {
  const all = lines.map((line) => defuse(render(line, (outside) => oneLine(outside, MAX_IN_ANNOTATION))))
  const last = all.pop() ?? ''
  const share = Math.floor((MAX_ANNOTATION - last.length) / Math.max(all.length, 1)) - 1
  return [...all.map((line) => cut(line, share)), cut(last, MAX_ANNOTATION)].join('\n')
}

/**
 * For the summary: our parts are Markdown, those from outside code. Each ASCII sign that could mean something to
 * Markdown or HTML is a character reference, which never means more than the character; an empty comment keeps
 * GitHub from making links of mail addresses, which it looks for after references are resolved.
 */
export function forSummary(text: Phrase, longest = MAX_IN_SUMMARY): string {
  return render(text, (outside) => {
    const references = oneLine(outside, longest)
      .replace(/[!-*/:-@[-`{-~]|(?<=www)\./gi, (sign) => `&#${sign.charCodeAt(0)};`)
      .replaceAll('&#64;', '&#64;<!-- -->')
    return `<code>${references}</code>`
  })
}

/**
 * A compact JSON object for the summary, as a block of code; empty for `{}`, undefined when it would be long. Each line
 * begins as JSON does, whatever its texts are, so none can end the block.
 */
export function forSummaryBlock(json: UntrustedText): string | undefined {
  const compact = json.reveal()
  if (compact === '{}') return ''
  if (compact.length > MAX_BLOCK) return undefined
  const lines = JSON.stringify(JSON.parse(compact), undefined, 2).split('\n')
  const block = lines.map((line) => line.replace(/[\u2028\u2029]/g, ' ').replace(INVISIBLE, '�')).join('\n')
  return block.length > MAX_BLOCK ? undefined : `\`\`\`json\n${block}\n\`\`\``
}

/** For an output: as it came. */
export function forOutput(text: UntrustedText): string {
  return text.reveal()
}

function render(text: Phrase, escape: (outside: string) => string): string {
  return text.map((part) => (part instanceof UntrustedText ? escape(part.reveal()) : part)).join('')
}

/**
 * White space of any kind becomes one space. Control characters, escape sequences, text direction overrides and
 * what is invisible become �: the runner compares strings as a culture does, and so skips invisible characters.
 */
function oneLine(text: string, longest: number): string {
  const visible = text.replace(/\s+/g, ' ').replace(INVISIBLE, '�')
  return cut(visible, longest)
}

const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]/gu

/** The runner takes `##[command]` for a command anywhere in a line, and `::command::` at its start. */
function defuse(text: string): string {
  return text.replaceAll('##[', '## [').replace(/^(\s*):(?=:)/gm, '$1: ')
}

function cut(text: string, longest: number): string {
  if (text.length <= longest) return text
  return `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
