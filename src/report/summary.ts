import type { Job } from '../api/job.ts'
import { formatDuration, SECOND } from '../duration.ts'
import type { Phrase, UntrustedText } from '../untrusted-text.ts'
import type { JobState } from '../judge/judge.ts'
import type { WaitResult } from '../wait/wait.ts'
import type { Annotation } from './annotation.ts'
import { chartOf } from './chart.ts'
import { forSummary, forSummaryBlock } from './escape.ts'
import { explainOutcome, tallyPhrase } from './explain.ts'
import { percent } from './style.ts'

/** GitHub drops the summary of a step above 1 MiB; the part after the rows needs the rest. */
const MAX_ROWS_BYTES = 900_000
/** Longest untrusted text in a row of many jobs, in UTF-16 code units. */
const MAX_IN_ROW = 120
/** Status changes that are shown; older ones are counted. */
const MAX_CHANGES = 40

const ICONS = {
  completed: '✅',
  failed: '❌',
  canceled: '🚫',
  'timed-out': '⏱️',
  'not-found': '❓',
  vanished: '❓',
  interrupted: '✋',
  error: '⚠️',
} as const satisfies Record<WaitResult['outcome']['result'], string>

/** The job summary in Markdown; `timeout` in milliseconds. */
export function summaryOf(results: readonly WaitResult[], timeout: number): string {
  const [only, ...others] = results
  return only !== undefined && others.length === 0
    ? summaryOfOne(only, timeout)
    : summaryOfMany(results, timeout)
}

/** The summary if there is no result of a wait. */
export function summaryOfAnnotation({ title, lines, nextSteps }: Annotation): string {
  return markdown(
    `### ${ICONS.error} ${title}`,
    '',
    ...lines.map((line) => forSummary(line)),
    '',
    forSummary(nextSteps),
    '',
  )
}

function summaryOfOne(result: WaitResult, timeout: number): string {
  const { state, outcome } = result
  const { title, message, nextSteps } = explainOutcome(result, timeout)
  const hasVerdict = 'job' in outcome
  const color = outcome.result === 'completed' ? 'green' : hasVerdict ? 'red' : 'blue'
  const chart = chartOf(state.history, color)
  return markdown(
    `### ${ICONS[outcome.result]} ${title}`,
    '',
    `| Result | ${outcome.result} |`,
    '|:--|:--|',
    ...factsOf(result).map(([label, value]) => `| **${label}** | ${forSummary(value)} |`),
    '',
    // For a job with a verdict, the table already contains the message.
    ...(hasVerdict ? [] : [forSummary(message), '']),
    ...(nextSteps.length === 0 ? [] : [`**Next steps.** ${forSummary(nextSteps)}`, '']),
    ...(chart === undefined ? [] : ['```mermaid', chart, '```', '']),
    ...detailsOf(state),
  )
}

/** Labels and values of what is known. */
function factsOf({ state, outcome }: WaitResult): readonly [string, Phrase][] {
  const { kind, id, job, progress } = state
  const rows: [string, Phrase][] = [
    ['Status', 'job' in outcome ? [] : spaced(job?.status.text)],
    ['Progress', outcome.result === 'completed' || progress === undefined ? [] : [percent(progress)]],
    [kind === 'job' ? 'Job' : 'Order', spaced(job?.name, id.text)],
    ['Instance', spaced(job?.instanceName, job?.instanceId)],
    ['Address', spaced(job?.instanceEndpoint)],
    ['Created', spaced(job?.created)],
    ['Ended', spaced(job?.ended)],
    ['Duration', durationOf(job)],
    ['Reason', spaced(job?.failReason)],
  ]
  return rows.filter(([, value]) => value.length > 0)
}

/** The texts that are known, with spaces in between. */
function spaced(...texts: (UntrustedText | undefined)[]): Phrase {
  return texts.flatMap((text) => (text === undefined ? [] : [' ', text])).slice(1)
}

function durationOf(job: Job | undefined): Phrase {
  return job?.durationSeconds === undefined ? [] : [formatDuration(job.durationSeconds * SECOND)]
}

function detailsOf(state: JobState): string[] {
  const { history, retries, job } = state
  const changes = history.filter(({ status }, index) => history[index - 1]?.status.equals(status) !== true)
  const shown = changes.slice(-MAX_CHANGES)
  const omitted = changes.length - shown.length
  const entities = job?.entities === undefined ? '' : forSummaryBlock(job.entities)
  return [
    '<details><summary>Details</summary>',
    '',
    ...(shown.length === 0 ? [] : ['| After | Status | Progress |', '|--:|:--|--:|']),
    ...shown.map(({ at, status, progress }) => rowOf([[formatDuration(at)], [status], [percent(progress)]])),
    ...(omitted === 0 ? [] : ['', `${omitted} earlier status changes are not shown.`]),
    '',
    forSummary(tallyPhrase(state)),
    '',
    `Retries after errors: ${retries}`,
    '',
    ...(entities === ''
      ? []
      : ['**Entities.**', '', entities ?? 'Too long to show here: see the output entities.', '']),
    '</details>',
  ]
}

function summaryOfMany(results: readonly WaitResult[], timeout: number): string {
  const completed = results.filter(({ outcome }) => outcome.result === 'completed')
  const incomplete = results.filter(({ outcome }) => outcome.result !== 'completed')
  const rows = [...incomplete, ...completed].map(cellsOf)
  // A column that is empty for every job is left out.
  const hasContent = (_: unknown, column: number) => rows.some((row) => (row[column]?.length ?? 0) > 0)
  const columns = COLUMNS.filter(hasContent)
  const lines = rows.map((row) => rowOf(row.filter(hasContent)))
  const shown = lines.slice(0, countWithin(MAX_ROWS_BYTES, lines))
  const rest = lines.length - shown.length
  const explanations = incomplete.map((result) => explainOutcome(result, timeout))
  const nextSteps = new Map(explanations.map(({ title, nextSteps }) => [title, nextSteps]))
  return markdown(
    `### ${incomplete.length === 0 ? ICONS.completed : ICONS.failed} ${completed.length} of ${results.length} jobs completed`,
    '',
    rowOf(columns.map((column) => [column])),
    `|${columns.map((column) => (column === 'Duration' ? '--:' : ':--')).join('|')}|`,
    ...shown,
    ...(rest > 0 ? ['', `… and ${rest} more.`] : []),
    '',
    ...[...nextSteps].map(([title, text]) => `- **${title}.** ${forSummary(text, MAX_IN_ROW)}`),
    '',
  )
}

const COLUMNS: readonly string[] = ['Result', 'Job', 'Instance', 'Duration']

function cellsOf({ state, outcome }: WaitResult): readonly Phrase[] {
  const { id, job } = state
  const reason =
    outcome.result === 'error' && outcome.reason !== 'other-job'
      ? outcome.detail.message
      : spaced(job?.failReason)
  return [
    // The reason is in the same cell, because a column of its own would be narrow.
    [`${ICONS[outcome.result]}\u00A0${outcome.result}`, ...(reason.length > 0 ? [' ', ...reason] : [])],
    spaced(job?.name, id.text),
    spaced(job?.instanceName ?? job?.instanceId, job?.instanceEndpoint),
    durationOf(job),
  ]
}

function rowOf(cells: readonly Phrase[]): string {
  return `| ${cells.map((cell) => forSummary(cell, MAX_IN_ROW)).join(' | ')} |`
}

/** Counts the lines, from the first, that fit in a number of bytes. */
function countWithin(bytes: number, lines: readonly string[]): number {
  let left = bytes
  const end = lines.findIndex((line) => (left -= Buffer.byteLength(line) + 1) < 0)
  return end < 0 ? lines.length : end
}

function markdown(...lines: string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
