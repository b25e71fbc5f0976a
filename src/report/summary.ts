import type { Job } from '../api/job.ts'
import { formatDuration, SECOND } from '../duration.ts'
import type { UntrustedText, Phrase } from '../untrusted-text.ts'
import type { JobState } from '../wait/judge.ts'
import type { WaitResult } from '../wait/wait.ts'
import type { Annotation } from './annotation.ts'
import { percent } from './progress-bar.ts'
import { chartOf, type ChartColor } from './chart.ts'
import { forSummary, forSummaryBlock } from './escape.ts'
import { explainOutcome, tallyPhrase } from './explain.ts'

/** Bytes; GitHub drops the summary of a step above 1 MiB. */
const MAX_SUMMARY_BYTES = 900_000
/** Longest text from outside in a table of many jobs, in characters. */
const MAX_IN_ROW = 120
/** Changes of status that are shown; the newest stay. */
const MAX_CHANGES = 40

const SIGNS = {
  completed: '✅',
  failed: '❌',
  canceled: '🚫',
  'timed-out': '⏱️',
  'not-found': '❓',
  vanished: '❓',
  interrupted: '✋',
  error: '⚠️',
} as const satisfies Record<WaitResult['outcome']['result'], string>

const CHART_COLORS: Partial<Record<WaitResult['outcome']['result'], ChartColor>> = {
  completed: 'green',
  failed: 'red',
  canceled: 'red',
}

/** The job summary, Markdown; `timeout` in milliseconds. */
export function summaryOf(waited: readonly WaitResult[], timeout: number): string {
  const [only, ...others] = waited
  if (only === undefined) return ''
  return others.length === 0 ? summaryOfOne(only, timeout) : summaryOfMany(waited, timeout)
}

/** The summary of a run that waited for nothing: its annotation. */
export function summaryOfAnnotation({ title, lines: what, nextSteps }: Annotation): string {
  return lines(
    `### ${SIGNS.error} ${title}`,
    '',
    ...what.map((line) => forSummary(line)),
    '',
    forSummary(nextSteps),
    '',
  )
}

function summaryOfOne(waited: WaitResult, timeout: number): string {
  const { state, outcome } = waited
  const { title, message, nextSteps } = explainOutcome(waited, timeout)
  const [first, ...others] = factsOf(waited).map(([name, value]) => [name, forSummary(value)] as const)
  const chart = chartOf(state.history, CHART_COLORS[outcome.result] ?? 'blue')
  return lines(
    `### ${SIGNS[outcome.result]} ${title}`,
    '',
    `| ${first?.join(' | ') ?? ''} |`,
    '|:--|:--|',
    ...others.map(([name, value]) => `| **${name}** | ${value} |`),
    '',
    // That it failed, and why, stands in the table already.
    ...(['completed', 'failed', 'canceled'].includes(outcome.result) ? [] : [forSummary(message), '']),
    ...(nextSteps.length === 0 ? [] : [`**What to do next.** ${forSummary(nextSteps)}`, '']),
    ...(chart === undefined ? [] : ['```mermaid', chart, '```', '']),
    ...detailsOf(state),
  )
}

/** What is known, at a glance. */
function factsOf({ state, outcome }: WaitResult): [string, Phrase][] {
  const { kind, id, job, progress } = state
  const isVerdict = 'job' in outcome
  const rows: [string, Phrase][] = [
    ['Result', [outcome.result]],
    ['Status', isVerdict ? [] : pair(job?.status.text)],
    ['Progress', outcome.result === 'completed' || progress === undefined ? [] : [percent(progress)]],
    [kind === 'job' ? 'Job' : 'Order', pair(job?.name, id.text)],
    ['Instance', pair(job?.instanceName, job?.instanceId)],
    ['Address', pair(job?.instanceEndpoint)],
    ['Started', pair(job?.created)],
    ['Ended', pair(job?.ended)],
    ['Duration', durationOf(job)],
    ['Reason', pair(job?.failReason)],
  ]
  return rows.filter(([, value]) => value.length > 0)
}

function pair(...texts: (UntrustedText | undefined)[]): Phrase {
  return texts.flatMap((text) => (text === undefined ? [] : [' ', text])).slice(1)
}

function durationOf(job: Job | undefined): Phrase {
  return job?.durationSeconds === undefined ? [] : [formatDuration(job.durationSeconds * SECOND)]
}

function detailsOf(state: JobState): string[] {
  const { history, retries, job } = state
  const entities = job?.entities === undefined ? '' : forSummaryBlock(job.entities)
  const changes = history.filter(({ status }, index) => history[index - 1]?.status.equals(status) !== true)
  const left = Math.max(changes.length - MAX_CHANGES, 0)
  return [
    '<details><summary>Details</summary>',
    '',
    ...(changes.length === 0 ? [] : ['| After | Status | Progress |', '|--:|:--|--:|']),
    ...changes
      .slice(left)
      .map(
        ({ at, status, progress }) =>
          `| ${formatDuration(at)} | ${forSummary([status], MAX_IN_ROW)} | ${percent(progress)} |`,
      ),
    ...(left === 0 ? [] : ['', `${left} earlier changes of status are left out.`]),
    '',
    `**Requests.** ${forSummary(tallyPhrase(state))}`,
    '',
    `**Retries.** ${retries === 0 ? 'none' : `${retries}, after faults`}`,
    '',
    ...(entities === ''
      ? []
      : ['**Entities.**', '', entities ?? 'They are long: see the output entities.', '']),
    '</details>',
  ]
}

function summaryOfMany(all: readonly WaitResult[], timeout: number): string {
  const red = all.filter(({ outcome }) => outcome.result !== 'completed')
  const green = all.filter(({ outcome }) => outcome.result === 'completed')
  const nexts = new Map(
    red.map((one) => explainOutcome(one, timeout)).map(({ title, nextSteps }) => [title, nextSteps]),
  )
  const cells = [...red, ...green].map(cellsOf)
  // What is known of no job gets no column.
  const columns = COLUMNS.filter((_column, index) => cells.some((row) => (row[index]?.length ?? 0) > 0))
  const head = lines(
    `### ${red.length === 0 ? SIGNS.completed : SIGNS.failed} ${green.length} of ${all.length} jobs completed`,
    '',
    rowOf(columns.map((column) => [column])),
    `|${columns.map((column) => (column === 'Duration' ? '--:' : ':--')).join('|')}|`,
  )
  const tail = lines(
    '',
    ...[...nexts].map(([title, next]) => `- **${title}.** ${forSummary(next, MAX_IN_ROW)}`),
    '',
  )
  const rows = cells.map((row) => rowOf(row.filter((_cell, index) => columns.includes(COLUMNS[index] ?? ''))))
  const shown = withinBytes(rows, MAX_SUMMARY_BYTES)
  const rest = rows.length - shown.length
  return head + lines(...shown, ...(rest > 0 ? ['', `… and ${rest} more.`] : [])) + tail
}

const COLUMNS: readonly string[] = ['Result', 'Job', 'Instance', 'Duration']

function cellsOf({ state, outcome }: WaitResult): readonly Phrase[] {
  const { id, job } = state
  const reason =
    outcome.result === 'error' && outcome.reason !== 'other-job'
      ? outcome.detail.message
      : pair(job?.failReason)
  return [
    // The first space does not break; the reason is here, since a column of its own would be narrow.
    [`${SIGNS[outcome.result]}\u00A0${outcome.result}`, ...(reason.length > 0 ? [' ', ...reason] : [])],
    pair(job?.name, id.text),
    pair(job?.instanceName ?? job?.instanceId, job?.instanceEndpoint),
    durationOf(job),
  ]
}

function rowOf(cells: readonly Phrase[]): string {
  return `| ${cells.map((cell) => forSummary(cell, MAX_IN_ROW)).join(' | ')} |`
}

/** As many rows as fit. */
function withinBytes(rows: readonly string[], bytes: number): readonly string[] {
  let left = bytes
  const end = rows.findIndex((row) => (left -= Buffer.byteLength(row) + 1) < 0)
  return end < 0 ? rows : rows.slice(0, end)
}

function lines(...all: string[]): string {
  return all.map((line) => `${line}\n`).join('')
}
