import type { Phrase, UntrustedText } from '../untrusted-text.ts'

/** Longest untrusted text in the log, in annotations and the summary, and in a block; UTF-16 code units. */
const MAX_IN_LOG = 300
const MAX_IN_REPORT = 1_000
const MAX_JSON_BLOCK = 10_000

/** Longest log line and longest annotation; GitHub truncates an annotation at 4096 characters. */
const MAX_LINE = 1_000
const MAX_ANNOTATION = 4_000

/** For the log: one line without anything that the runner or a terminal interprets. */
export function forLog(text: Phrase): string {
  return truncate(withoutCommands(render(text, MAX_IN_LOG)), MAX_LINE)
}

/**
 * For the message of an annotation, a line for each phrase (@actions/core escapes line breaks). Long lines are truncated
 * so that the last line, the next steps, stays complete.
 */
export function forAnnotation(...phrases: readonly Phrase[]): string {
  const lines = phrases.map((text) => withoutCommands(render(text, MAX_IN_REPORT)))
  const last = lines.pop() ?? ''
  const share = Math.floor((MAX_ANNOTATION - last.length) / lines.length) - 1
  return [...lines.map((line) => truncate(line, share)), truncate(last, MAX_ANNOTATION)].join('\n')
}

/**
 * For the summary: our own parts are Markdown, untrusted text is shown as code. Every ASCII character that Markdown or
 * HTML could interpret becomes a character reference. GitHub links email addresses after it resolves references, which
 * an empty comment prevents.
 */
export function forSummary(text: Phrase, maxLength = MAX_IN_REPORT): string {
  return render(text, maxLength, (line) => {
    const references = line
      .replace(/[!-*/:-@[-`{-~]|(?<=www)\./gi, (character) => `&#${character.charCodeAt(0)};`)
      .replaceAll('&#64;', '&#64;<!-- -->')
    return `<code>${references}</code>`
  })
}

/**
 * A compact JSON object as a code block for the summary; empty for `{}`, undefined if it is too long. A text cannot end
 * the block, because every line begins with JSON syntax.
 */
export function forSummaryBlock(json: UntrustedText): string | undefined {
  const compact = json.reveal()
  if (compact === '{}') return ''
  if (compact.length > MAX_JSON_BLOCK) return undefined
  const lines = JSON.stringify(JSON.parse(compact), undefined, 2).split('\n')
  const block = lines.map((line) => line.replace(/[\u2028\u2029]/g, ' ').replace(INVISIBLE, '�')).join('\n')
  return block.length > MAX_JSON_BLOCK ? undefined : `\`\`\`json\n${block}\n\`\`\``
}

/** For the output `message`: one line of plain text. */
export function forMessage(text: Phrase): string {
  return truncate(render(text, MAX_IN_REPORT), MAX_IN_REPORT)
}

/** For an output: unchanged; empty if the text is not known. */
export function forOutput(text: UntrustedText | undefined): string {
  return text?.reveal() ?? ''
}

/** Shows each untrusted text as one line of limited length. */
function render(text: Phrase, maxLength: number, escape = (line: string) => line): string {
  const parts = text.map((part) => {
    if (typeof part === 'string') return part
    return escape(truncate(part.reveal().replace(/\s+/g, ' ').replace(INVISIBLE, '�'), maxLength))
  })
  return parts.join('')
}

/** Includes what the runner ignores when it compares strings, and what changes the direction of text. */
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]/gu

/** The runner executes `##[command]` anywhere in a line, and `::command::` at its start. */
function withoutCommands(text: string): string {
  return text.replaceAll('##[', '## [').replace(/^(\s*):(?=:)/gm, '$1: ')
}

function truncate(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  return `${text.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
