/**
 * How the runner finds commands in what a step prints (actions/runner: ProcessInvoker.cs reads lines, ActionCommand.cs
 * parses them). It is stricter than the runner: any name counts as registered, and since .NET compares strings as a
 * culture does, skipping what is invisible, a line is looked at as it is and without such characters.
 */

export interface Command {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly data: string
}

/** The names that the runner knows; it ignores their case. */
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

/** The lines of a log: CR, LF and CRLF each end one. */
export function linesOf(log: string): string[] {
  return log.split(/\r\n|\r|\n/)
}

/** Every command in a log. */
export function commandsIn(log: string): Command[] {
  return linesOf(log).flatMap(commandsInLine)
}

/** None, one, or two when the line without its invisible characters is another command than the line itself. */
export function commandsInLine(line: string): Command[] {
  const looks = new Set([line, withoutIgnored(line)])
  return [...looks].map(parse).filter((command) => command !== undefined)
}

/** Without the characters that a comparison by culture skips. */
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

/** What .NET's TrimStart takes away. */
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

/** One replacement after the other, `%25` last, as the runner does it. */
function unescape(text: string, escapes: Readonly<Record<string, string>>): string {
  return Object.entries(escapes).reduce((result, [from, to]) => result.replaceAll(from, to), text)
}
