import type { Job } from '../api/job.ts'
import { formatDuration, SECOND } from '../duration.ts'
import type { OutsideText, Phrase } from '../outside-text.ts'
import type { JobState } from '../wait/judge.ts'
import type { Waited } from '../wait/wait.ts'
import type { Annotation } from './annotation.ts'
import { percent } from './bar.ts'
import { chartOf, type ChartColour } from './chart.ts'
import { forSummary, forSummaryBlock } from './escape.ts'
import { explainEnd, tallyPhrase } from './explain.ts'

/** Bytes; GitHub drops the summary of a step above 1 MiB. */
const LARGEST_SUMMARY = 900_000
/** Longest text from outside in a table of many jobs, in characters. */
const LONGEST_IN_ROW = 120
/** Changes of status that are shown; the newest stay. */
const MOST_CHANGES = 40

const SIGNS = {
  completed: '✅',
  failed: '❌',
  canceled: '🚫',
  'timed-out': '⏱️',
  'not-found': '❓',
  vanished: '❓',
  interrupted: '✋',
  error: '⚠️',
} as const satisfies Record<Waited['end']['result'], string>

const CHART_COLOURS: Partial<Record<Waited['end']['result'], ChartColour>> = {
  completed: 'green',
  failed: 'red',
  canceled: 'red',
}

/** The job summary, Markdown; `timeout` in milliseconds. */
export function summaryOf(waited: readonly Waited[], timeout: number): string {
  const [only, ...others] = waited
  if (only === undefined) return ''
  return others.length === 0 ? summaryOfOne(only, timeout) : summaryOfMany(waited, timeout)
}

/** The summary of a run that waited for nothing: its annotation. */
export function summaryOfAnnotation({ title, lines: what, next }: Annotation): string {
  return lines(
    `### ${SIGNS.error} ${title}`,
    '',
    ...what.map((line) => forSummary(line)),
    '',
    forSummary(next),
    '',
  )
}

function summaryOfOne(waited: Waited, timeout: number): string {
  const { state, end } = waited
  const { title, what, next } = explainEnd(waited, timeout)
  const [first, ...others] = factsOf(waited).map(([name, value]) => [name, forSummary(value)] as const)
  const chart = chartOf(state.history, CHART_COLOURS[end.result] ?? 'blue')
  return lines(
    `### ${SIGNS[end.result]} ${title}`,
    '',
    `| ${first?.join(' | ') ?? ''} |`,
    '|:--|:--|',
    ...others.map(([name, value]) => `| **${name}** | ${value} |`),
    '',
    // That it failed, and why, stands in the table already.
    ...(['completed', 'failed', 'canceled'].includes(end.result) ? [] : [forSummary(what), '']),
    ...(next.length === 0 ? [] : [`**What to do next.** ${forSummary(next)}`, '']),
    ...(chart === undefined ? [] : ['```mermaid', chart, '```', '']),
    ...detailsOf(state),
  )
}

/** What is known, at a glance. */
function factsOf({ state, end }: Waited): [string, Phrase][] {
  const { kind, id, job, progress } = state
  const isVerdict = 'job' in end
  const rows: [string, Phrase][] = [
    ['Result', [end.result]],
    ['Status', isVerdict ? [] : pair(job?.status.text)],
    ['Progress', end.result === 'completed' || progress === undefined ? [] : [percent(progress)]],
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

function pair(...texts: (OutsideText | undefined)[]): Phrase {
  return texts.flatMap((text) => (text === undefined ? [] : [' ', text])).slice(1)
}

function durationOf(job: Job | undefined): Phrase {
  return job?.durationSeconds === undefined ? [] : [formatDuration(job.durationSeconds * SECOND)]
}

function detailsOf(state: JobState): string[] {
  const { history, retries, job } = state
  const entities = job?.entities === undefined ? '' : forSummaryBlock(job.entities)
  const changes = history.filter(({ status }, index) => history[index - 1]?.status.equals(status) !== true)
  const left = Math.max(changes.length - MOST_CHANGES, 0)
  return [
    '<details><summary>Details</summary>',
    '',
    ...(changes.length === 0 ? [] : ['| After | Status | Progress |', '|--:|:--|--:|']),
    ...changes
      .slice(left)
      .map(
        ({ at, status, progress }) =>
          `| ${formatDuration(at)} | ${forSummary([status], LONGEST_IN_ROW)} | ${percent(progress)} |`,
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

function summaryOfMany(all: readonly Waited[], timeout: number): string {
  const red = all.filter(({ end }) => end.result !== 'completed')
  const green = all.filter(({ end }) => end.result === 'completed')
  const nexts = new Map(red.map((one) => explainEnd(one, timeout)).map(({ title, next }) => [title, next]))
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
    ...[...nexts].map(([title, next]) => `- **${title}.** ${forSummary(next, LONGEST_IN_ROW)}`),
    '',
  )
  const rows = cells.map((row) => rowOf(row.filter((_cell, index) => columns.includes(COLUMNS[index] ?? ''))))
  const shown = withinBytes(rows, LARGEST_SUMMARY)
  const rest = rows.length - shown.length
  return head + lines(...shown, ...(rest > 0 ? ['', `… and ${rest} more.`] : [])) + tail
}

const COLUMNS: readonly string[] = ['Result', 'Job', 'Instance', 'Duration']

function cellsOf({ state, end }: Waited): readonly Phrase[] {
  const { id, job } = state
  const reason = end.result === 'error' && end.why !== 'other-job' ? end.told.says : pair(job?.failReason)
  return [
    // The first space does not break; the reason is here, since a column of its own would be narrow.
    [`${SIGNS[end.result]}\u00A0${end.result}`, ...(reason.length > 0 ? [' ', ...reason] : [])],
    pair(job?.name, id.text),
    pair(job?.instanceName ?? job?.instanceId, job?.instanceEndpoint),
    durationOf(job),
  ]
}

function rowOf(cells: readonly Phrase[]): string {
  return `| ${cells.map((cell) => forSummary(cell, LONGEST_IN_ROW)).join(' | ')} |`
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
