import { formatDuration, SECOND } from '../duration.ts'
import { phrase, type OutsideText, type Phrase } from '../outside-text.ts'
import type { Point } from '../wait/history.ts'
import type { Waited } from '../wait/wait.ts'
import type { Annotation } from './annotation.ts'
import { bar, percent } from './bar.ts'
import { forSummary } from './escape.ts'
import { explainEnd, tallyPhrase } from './explain.ts'

/** Bytes; GitHub drops the summary of a step above 1 MiB. */
const LARGEST_SUMMARY = 900_000
/** Longest text from outside in a table of many jobs, in characters. */
const LONGEST_IN_ROW = 120
/** Rows of progress over time. */
const MOST_POINTS = 40

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
  const { job } = state
  const { title, what, next } = explainEnd(waited, timeout)
  const rows: [string, Phrase | undefined][] = [
    [
      state.kind === 'job' ? 'Job' : 'Order',
      job?.name === undefined ? [state.id.text] : phrase`${job.name} ${state.id.text}`,
    ],
    ['Result', phrase`${end.result}`],
    ['Status', job && [job.status.text]],
    [
      'Progress',
      state.progress === undefined ? undefined : phrase`${bar(state.progress)} ${state.progress}%`,
    ],
    ['Instance', pair(job?.instanceName, job?.instanceId)],
    ['Address', pair(job?.instanceEndpoint)],
    ['Created', pair(job?.created)],
    ['Ended', pair(job?.ended)],
    [
      'Duration',
      job?.durationSeconds === undefined ? undefined : [formatDuration(job.durationSeconds * SECOND)],
    ],
    ['Reason', pair(job?.failReason)],
    ['Requests', tallyPhrase(state)],
  ]
  const known = rows.flatMap(([name, value]) =>
    value === undefined || value.length === 0 ? [] : [`| **${name}** | ${forSummary(value)} |`],
  )
  return lines(
    `### ${SIGNS[end.result]} ${title}`,
    '',
    '| | |',
    '|---|---|',
    ...known,
    '',
    // That it failed, and why, stands in the table already.
    ...(['completed', 'failed', 'canceled'].includes(end.result) ? [] : [forSummary(what), '']),
    ...(next.length === 0 ? [] : [`**What to do next.** ${forSummary(next)}`, '']),
    ...progressOverTime(state.history),
  )
}

function pair(...texts: (OutsideText | undefined)[]): Phrase {
  return texts.flatMap((text) => (text === undefined ? [] : [' ', text])).slice(1)
}

function progressOverTime(history: readonly Point[]): string[] {
  const step = Math.ceil(history.length / MOST_POINTS)
  const shown = history.filter((_point, index) => index % step === 0 || index === history.length - 1)
  if (shown.length === 0) return []
  return [
    '<details><summary>Progress over time</summary>',
    '',
    '| after | status | progress | |',
    '|--:|---|---|--:|',
    ...shown.map(
      ({ at, status, progress }) =>
        `| ${formatDuration(at)} | ${forSummary([status], LONGEST_IN_ROW)} | ${bar(progress)} | ${percent(progress)} |`,
    ),
    '',
    '</details>',
    '',
  ]
}

function summaryOfMany(all: readonly Waited[], timeout: number): string {
  const red = all.filter(({ end }) => end.result !== 'completed')
  const green = all.filter(({ end }) => end.result === 'completed')
  const nexts = new Map(red.map((one) => explainEnd(one, timeout)).map(({ title, next }) => [title, next]))
  const head = lines(
    `### ${red.length === 0 ? SIGNS.completed : SIGNS.failed} ${green.length} of ${all.length} jobs completed`,
    '',
    '| | Job | Result | Instance | Address | Duration | Reason |',
    '|---|---|---|---|---|--:|---|',
  )
  const tail = lines(
    '',
    ...[...nexts].map(([title, next]) => `- **${title}.** ${forSummary(next, LONGEST_IN_ROW)}`),
    '',
  )
  const rows = [...red, ...green].map(rowOf)
  const shown = withinBytes(rows, LARGEST_SUMMARY)
  const rest = rows.length - shown.length
  return head + lines(...shown, ...(rest > 0 ? ['', `… and ${rest} more.`] : [])) + tail
}

function rowOf({ state, end }: Waited): string {
  const { id, job } = state
  const duration = job?.durationSeconds === undefined ? '' : formatDuration(job.durationSeconds * SECOND)
  const reason = end.result === 'error' && end.why !== 'other-job' ? end.told.says : pair(job?.failReason)
  const cells: Phrase[] = [
    [SIGNS[end.result]],
    pair(job?.name, id.text),
    [end.result],
    pair(job?.instanceName, job?.instanceId),
    pair(job?.instanceEndpoint),
    [duration],
    reason,
  ]
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
