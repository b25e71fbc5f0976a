import type { Job } from '../api/job.ts'
import { formatDuration, SECOND } from '../duration.ts'
import { phrase, type Phrase, type UntrustedText } from '../untrusted-text.ts'
import type { JobState, Outcome } from '../judge/judge.ts'
import type { WaitResult } from '../wait/wait.ts'
import { chartOf } from './chart.ts'
import { forSummary, forSummaryBlock } from './escape.ts'
import { explainOutcome, tallyPhrase, type Annotation } from './explain.ts'
import { percent } from './style.ts'

/** GitHub drops the summary of a step above 1 MiB; the part after the rows needs the rest. */
const MAX_ROWS_BYTES = 900_000
/** Longest untrusted text in a row of many jobs, in UTF-16 code units. */
const MAX_IN_ROW = 120
/** Status changes that are shown; older ones are counted. */
const MAX_CHANGES = 40

const ICONS: Readonly<Record<Outcome['result'], string>> = {
  completed: '✅',
  failed: '❌',
  canceled: '🚫',
  'timed-out': '⏱️',
  'not-found': '❓',
  vanished: '❓',
  interrupted: '✋',
  error: '⚠️',
}

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
    lines.map((line) => forSummary(line)).join('\n'),
    forSummary(nextSteps),
  )
}

function summaryOfOne(result: WaitResult, timeout: number): string {
  const { state, outcome } = result
  const { title, lines, nextSteps } = explainOutcome(result, timeout)
  const hasVerdict = 'job' in outcome
  const color = outcome.result === 'completed' ? 'green' : hasVerdict ? 'red' : 'blue'
  const chart = chartOf(state.history, color)
  return markdown(
    `### ${ICONS[outcome.result]} ${title}`,
    factsOf(result),
    // For a job with a verdict, the table already contains the message.
    hasVerdict ? '' : forSummary(lines.flat()),
    nextSteps.length === 0 ? '' : `**Next steps.** ${forSummary(nextSteps)}`,
    chart === undefined ? '' : `\`\`\`mermaid\n${chart}\n\`\`\``,
    ...detailsOf(state),
  )
}

/** A table of what is known. */
function factsOf({ state, outcome }: WaitResult): string {
  const { kind, id, job, progress } = state
  const facts: [label: string, ...texts: Text[]][] = [
    ['Status', 'job' in outcome ? '' : job?.status.text],
    ['Progress', outcome.result === 'completed' ? '' : percent(progress)],
    [kind === 'job' ? 'Job' : 'Order', job?.name, id.text],
    ['Instance', job?.instanceName, job?.instanceId],
    ['Address', job?.instanceEndpoint],
    ['Created', job?.created],
    ['Ended', job?.ended],
    ['Duration', durationOf(job)],
    ['Reason', job?.failReason],
  ]
  const known = facts.filter(([, ...texts]) => texts.some(Boolean))
  const rows = known.map(([label, ...texts]) => `| **${label}** | ${forSummary(spaced(...texts))} |`)
  return [`| Result | ${outcome.result} |`, '|:--|:--|', ...rows].join('\n')
}

/** Undefined or empty if it is not known. */
type Text = UntrustedText | string | undefined

/** The texts that are known, with spaces in between. */
function spaced(...texts: readonly Text[]): Phrase {
  return texts.flatMap((text) => (text ? [' ', text] : [])).slice(1)
}

function durationOf(job: Job | undefined): string {
  return job?.durationSeconds === undefined ? '' : formatDuration(job.durationSeconds * SECOND)
}

function detailsOf(state: JobState): string[] {
  const { history, retries, job } = state
  const changes = history.filter(({ status }, index) => history[index - 1]?.status.equals(status) !== true)
  const shown = changes.slice(-MAX_CHANGES)
  const omitted = changes.length - shown.length
  const entities = job?.entities === undefined ? '' : forSummaryBlock(job.entities)
  const rows = shown.map(({ at, status, progress }) =>
    rowOf([[formatDuration(at)], [status], [percent(progress)]]),
  )
  return [
    '<details><summary>Details</summary>',
    rows.length === 0 ? '' : ['| After | Status | Progress |', '|--:|:--|--:|', ...rows].join('\n'),
    omitted === 0 ? '' : `${omitted} earlier status changes are not shown.`,
    forSummary(tallyPhrase(state)),
    `Retries after errors: ${retries}`,
    entities === '' ? '' : '**Entities.**',
    entities ?? 'Too long to show here: see the output entities.',
    '</details>',
  ]
}

function summaryOfMany(results: readonly WaitResult[], timeout: number): string {
  const completed = results.filter(({ outcome }) => outcome.result === 'completed')
  const incomplete = results.filter(({ outcome }) => outcome.result !== 'completed')
  const rows = [...incomplete, ...completed].map(cellsOf)
  // A column that is empty for every job is left out.
  const columns = COLUMNS.filter((column) => rows.some((row) => row[column].length > 0))
  const lines = rows.map((row) => rowOf(columns.map((column) => row[column])))
  const shown = lines.slice(0, countWithin(MAX_ROWS_BYTES, lines))
  const rest = lines.length - shown.length
  const heading = rowOf(columns.map((column) => [column]))
  const alignments = columns.map((column) => (column === 'Duration' ? '--:' : ':--'))
  const icon = ICONS[incomplete.length === 0 ? 'completed' : 'failed']
  const explanations = incomplete.map((result) => explainOutcome(result, timeout))
  const nextSteps = new Map(explanations.map(({ title, nextSteps }) => [title, nextSteps]))
  return markdown(
    `### ${icon} ${completed.length} of ${results.length} jobs completed`,
    [heading, `|${alignments.join('|')}|`, ...shown].join('\n'),
    rest > 0 ? `… and ${rest} more.` : '',
    [...nextSteps].map(([title, text]) => `- **${title}.** ${forSummary(text, MAX_IN_ROW)}`).join('\n'),
  )
}

const COLUMNS = ['Result', 'Job', 'Instance', 'Duration'] as const

function cellsOf({ state, outcome }: WaitResult): Record<(typeof COLUMNS)[number], Phrase> {
  const { id, job } = state
  const result = `${ICONS[outcome.result]}\u00A0${outcome.result}`
  const hasDetail = outcome.result === 'error' && outcome.reason !== 'other-job'
  return {
    // The reason is in the same cell, because a column of its own would be narrow.
    Result: hasDetail ? phrase`${result} ${outcome.detail.message}` : spaced(result, job?.failReason),
    Job: spaced(job?.name, id.text),
    Instance: spaced(job?.instanceName ?? job?.instanceId, job?.instanceEndpoint),
    Duration: spaced(durationOf(job)),
  }
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

/** Puts a blank line between blocks, and leaves out empty ones. */
function markdown(...blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}
