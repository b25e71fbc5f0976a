import { expect } from '@jest/globals'
import { EOL } from 'node:os'
import { readOutputs } from '../../simulator/runner.ts'
import { TITLES } from '../../src/report/titles.ts'
import { EMPTY_OUTPUTS } from '../../src/report/outputs.ts'
import { unexpectedNodesIn } from './gfm.ts'
import { readStrictly } from './output-file.ts'
import { commandsIn, commandsInLine, linesOf, withoutIgnored, type Command } from './runner-commands.ts'

/** What a step may leave behind, whatever the service sends. */

/** Longest readable log line. */
const MAX_LINE = 2_000
/** GitHub truncates longer annotations; UTF-16 code units. */
const MAX_ANNOTATION = 4_096
/** GitHub drops larger summaries. */
export const MAX_SUMMARY_BYTES = 1_048_576
/** The documented limit for all outputs together, in UTF-16 code units. */
const MAX_OUTPUTS = 500_000

/** The log contains only our commands, and no characters that a terminal interprets or that are invisible. */
export function expectHarmlessLog(
  printed: string,
  { token, debug }: { token: string; debug: boolean },
): void {
  expect(printed.split(EOL).filter((line) => withoutIgnored(line).includes('##['))).toEqual([])
  const lines = printed.split(EOL).map(withoutOurColors)
  const log = lines.join(EOL)
  expect(linesOf(log)).toEqual(lines)
  expect(lines.filter((line) => /[\p{C}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u.test(line))).toEqual(
    [],
  )
  const commands = commandsIn(log)
  expect(commands.filter((command) => !isOurs(command, token, debug))).toEqual([])
  const annotations = commands.filter(({ name }) => name === 'error' || name === 'notice')
  expect(annotations.length).toBeLessThanOrEqual(1)
  const texts = lines.filter((line) => !/^::(add-mask|error|notice|warning)[ :]/.test(line))
  expect(texts.filter((line) => (commandsInLine(line)[0]?.data ?? line).length > MAX_LINE)).toEqual([])
}

/** We color one or two parts of a line, after its time; any other escape sequence is not ours. */
function withoutOurColors(line: string): string {
  // eslint-disable-next-line no-control-regex -- the expression matches ESC
  const ours = /^( *[\dhms]+ {2})((?:\u001b\[(?:3[1236]|90)m[^\u001b]+\u001b\[0m){1,2})$/.exec(line)
  // eslint-disable-next-line no-control-regex -- the expression matches ESC
  return ours === null ? line : `${ours[1] ?? ''}${(ours[2] ?? '').replace(/\u001b\[\d+m/g, '')}`
}

function isOurs({ name, properties, data }: Command, token: string, debug: boolean): boolean {
  switch (name) {
    case 'add-mask':
      return spellingsOf(data).includes(token)
    case 'group':
      return data === 'Details'
    case 'endgroup':
      return data === ''
    case 'notice':
      return (
        data.length <= MAX_ANNOTATION &&
        Object.keys(properties).join() === 'title' &&
        /^(The job|All \d+ jobs) completed$/.test(properties['title'] ?? '')
      )
    case 'debug':
      return debug && Object.keys(properties).length === 0
    case 'warning':
      return (
        data.length <= MAX_ANNOTATION &&
        Object.keys(properties).length === 0 &&
        /^(Job .* has (been Pending for|the (unknown )?status “)|The entities of job )/.test(data)
      )
    case 'error':
      return (
        data.length <= MAX_ANNOTATION &&
        Object.keys(properties).join() === 'title' &&
        Object.values<string>(TITLES).includes(properties['title'] ?? '')
      )
    default:
      return false
  }
}

/** The texts that a masked form may represent: the form itself and its decoded forms. */
function spellingsOf(form: string): string[] {
  const decoders = [
    () => form,
    () => decodeURIComponent(form),
    () => String(JSON.parse(`"${form}"`)),
    () => Buffer.from(form, 'base64').toString(),
    () =>
      form.replace(/&#(?:x([\da-f]+)|(\d+));/gi, (_, hex: string | undefined, decimal: string) =>
        String.fromCharCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
      ),
  ]
  return decoders.flatMap((decode) => {
    try {
      return [decode()]
    } catch {
      return []
    }
  })
}

/** The file contains each output once, however it is parsed, and valid JSON where JSON is documented. */
export function expectWholeOutputs(file: string): Readonly<Record<string, string>> {
  const entries = readStrictly(file)
  expect(entries.map(([name]) => name)).toEqual(Object.keys(EMPTY_OUTPUTS))
  const outputs = readOutputs(file)
  expect(outputs).toEqual(Object.fromEntries(entries))
  const { jobs = '', entities = '' } = outputs
  expect(JSON.parse(jobs)).toBeInstanceOf(Array)
  if (entities !== '') expect(typeof JSON.parse(entities)).toBe('object')
  const texts = Object.values(outputs)
  expect(texts.reduce((sum, text) => sum + text.length, 0)).toBeLessThan(MAX_OUTPUTS)
  expect(texts.filter((text) => text.includes('\0') || !text.isWellFormed())).toEqual([])
  return outputs
}

/** The summary is our layout with untrusted text shown as code. */
export function expectHarmlessSummary(summary: string): void {
  expect(Buffer.byteLength(summary)).toBeLessThan(MAX_SUMMARY_BYTES)
  expect(unexpectedNodesIn(summary)).toEqual([])
}
