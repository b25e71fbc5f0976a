/**
 * How the runner finds commands in the output of a step (actions/runner: ProcessInvoker.cs reads lines, ActionCommand.cs
 * parses them). The model is stricter than the runner: it accepts any command name, and it parses each line with and
 * without invisible characters, because culture-sensitive string comparison in .NET ignores them.
 */

export interface Command {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly data: string
}

/** The command names that the runner knows; it ignores case. */
export const REGISTERED: ReadonlySet<string> = new Set([
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'internal-set-repo-path',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
])

/** The lines of a log, which end with CR, LF, or CRLF. */
export function linesOf(log: string): string[] {
  return log.split(/\r\n|\r|\n/)
}

/** Every command in a log. */
export function commandsIn(log: string): Command[] {
  return linesOf(log).flatMap(commandsInLine)
}

/** The commands in one line: two if it is another command without its invisible characters. */
export function commandsInLine(line: string): Command[] {
  const readings = new Set([line, withoutIgnored(line)])
  return [...readings].map(parse).filter((command) => command !== undefined)
}

/** Removes the characters that culture-sensitive comparison ignores. */
export function withoutIgnored(line: string): string {
  return line.replace(/(?![\t-\r\u0085])[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu, '')
}

function parse(line: string): Command | undefined {
  return parseColons(line) ?? parseBrackets(line)
}

/** `::name key=value,key=value::data`, at the start of a line. */
function parseColons(line: string): Command | undefined {
  const text = line.replace(LEADING_WHITE_SPACE, '')
  const end = text.startsWith('::') ? text.indexOf('::', 2) : -1
  if (end < 0) return undefined
  return command(text.slice(2, end), ',', text.slice(end + 2), COLON_ESCAPES)
}

/** `##[name key=value;key=value]data`, anywhere in a line. */
function parseBrackets(line: string): Command | undefined {
  const start = line.indexOf('##[')
  const end = start < 0 ? -1 : line.indexOf(']', start)
  if (end < 0) return undefined
  return command(line.slice(start + 3, end), ';', line.slice(end + 1), BRACKET_ESCAPES)
}

/** What TrimStart of .NET removes. */
const LEADING_WHITE_SPACE = /^[\t-\r\u0085\p{Z}]+/u

interface Escapes {
  readonly properties: Readonly<Record<string, string>>
  readonly data: Readonly<Record<string, string>>
}

const LINE_ENDS = { '%0D': '\r', '%0A': '\n' }
const COLON_ESCAPES: Escapes = {
  properties: { ...LINE_ENDS, '%3A': ':', '%2C': ',', '%25': '%' },
  data: { ...LINE_ENDS, '%25': '%' },
}
const BRACKET = { '%3B': ';', ...LINE_ENDS, '%5D': ']', '%25': '%' }
const BRACKET_ESCAPES: Escapes = { properties: BRACKET, data: BRACKET }

function command(head: string, separator: string, data: string, escapes: Escapes): Command {
  const [, name = '', rest = ''] = /^([^ ]*) ?(.*)$/s.exec(head) ?? []
  const properties = rest
    .trim()
    .split(separator)
    .flatMap((property): [string, string][] => {
      const [, key, value] = /^=*([^=]+)=(.+)$/s.exec(property) ?? []
      return key === undefined || value === undefined ? [] : [[key, unescape(value, escapes.properties)]]
    })
  return { name, properties: Object.fromEntries(properties), data: unescape(data, escapes.data) }
}

/** Replaces one escape after the other, `%25` last, like the runner. */
function unescape(text: string, escapes: Readonly<Record<string, string>>): string {
  return Object.entries(escapes).reduce((result, [from, to]) => result.replaceAll(from, to), text)
}
