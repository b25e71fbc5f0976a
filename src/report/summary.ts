import type { Job } from '../api/job.ts'
import { formatDuration, SECOND } from '../duration.ts'
import { phrase, type Phrase, type UntrustedText } from '../untrusted-text.ts'
import type { Outcome, WaitState } from '../judge/judge.ts'
import type { WaitResult } from '../wait/wait.ts'
import { chartOf } from './chart.ts'
import { forSummary, forSummaryBlock } from './escape.ts'
import { acceptedPhrase, explainOutcome, wordsFor, tallyPhrase, type Annotation } from './explain.ts'
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
  'not-ready': '⏳',
  interrupted: '✋',
  error: '⚠️',
}

/** The job summary in Markdown; `timeout` in milliseconds. */
export function summaryOf(
  results: readonly WaitResult[],
  timeout: number,
  successResults: readonly Outcome['result'][] = ['completed'],
): string {
  const [only, ...others] = results
  const isSuccess = results.every(({ outcome }) => successResults.includes(outcome.result))
  const accepted = isSuccess ? acceptedPhrase(results) : []
  return only !== undefined && others.length === 0
    ? summaryOfOne(only, timeout, accepted)
    : summaryOfMany(results, timeout, accepted)
}

/** The summary if there is no result of a wait. */
export function summaryOfAnnotation({ title, lines, nextSteps }: Annotation): string {
  return markdown(
    `### ${ICONS.error} ${title}`,
    lines.map((line) => forSummary(line)).join('\n'),
    forSummary(nextSteps),
  )
}

function summaryOfOne(result: WaitResult, timeout: number, accepted: readonly Phrase[]): string {
  const { state, outcome } = result
  const { title, lines, nextSteps } = explainOutcome(result, timeout)
  // The table already contains what happened.
  const hasVerdict = outcome.result in VERDICTS
  const color = outcome.result === 'completed' ? 'green' : hasVerdict ? 'red' : 'blue'
  const chart = chartOf(state.history, color)
  return markdown(
    `### ${ICONS[outcome.result]} ${title}`,
    factsOf(result),
    hasVerdict ? '' : forSummary(lines.flat()),
    forSummary(accepted.flat()),
    nextSteps.length === 0 ? '' : `**Next steps.** ${forSummary(nextSteps)}`,
    subTasksOf(state),
    chart === undefined ? '' : `\`\`\`mermaid\n${chart}\n\`\`\``,
    ...detailsOf(result),
  )
}

const VERDICTS = { completed: true, failed: true, canceled: true }

/** A table of what is known. */
function factsOf(result: WaitResult): string {
  const { state, outcome } = result
  const { kind, id, progress } = state
  const job = kind === 'job' ? state.job : undefined
  const { instance, connection } = result.instance ?? state
  const isInstance = kind === 'instance'
  const facts: [label: string, ...texts: Text[]][] = [
    ['Status', outcome.result in VERDICTS ? '' : job?.status.text],
    ['Progress', outcome.result === 'completed' ? '' : percent(progress)],
    [LABELS[kind], isInstance ? instance?.name : job?.name, id.text],
    ['Instance', job?.instanceName, job?.instanceId?.text],
    ['Instance status', instance?.status.text],
    ['Address', job?.instanceEndpoint ?? instance?.endpoint],
    ['Connection', connection?.address, connection?.label],
    ['Created', job?.created],
    ['Ended', job?.ended],
    ['Duration', durationOf(job)],
    ['Reason', job?.failReason],
  ]
  const known = facts.filter(([, ...texts]) => texts.some(Boolean))
  const rows = known.map(([label, ...texts]) => `| **${label}** | ${forSummary(spaced(...texts))} |`)
  return [`| Result | ${outcome.result} |`, '|:--|:--|', ...rows].join('\n')
}

/** A table of the sub-tasks of a job; empty if it has none. */
function subTasksOf({ subTasks }: WaitState): string {
  if (subTasks === undefined || subTasks.list.length === 0) return ''
  const rows = subTasks.list.map(({ name, status, progress, remaining }) =>
    rowOf([
      [name],
      [status],
      [percent(progress)],
      [remaining === undefined ? '' : formatDuration(remaining)],
    ]),
  )
  const heading = `| Sub-task, last seen after ${formatDuration(subTasks.at)} | Status | Progress | Remaining |`
  return [heading, '|:--|:--|--:|--:|', ...rows].join('\n')
}

const LABELS = { job: 'Job', order: 'Order', instance: 'Instance' } as const

/** Undefined or empty if it is not known. */
type Text = UntrustedText | string | undefined

/** The texts that are known, with spaces in between. */
function spaced(...texts: readonly Text[]): Phrase {
  return texts.flatMap((text) => (text ? [' ', text] : [])).slice(1)
}

function durationOf(job: Job | undefined): string {
  return job?.durationSeconds === undefined ? '' : formatDuration(job.durationSeconds * SECOND)
}

function detailsOf({ state, instance }: WaitResult): string[] {
  const { job } = state
  const states = instance === undefined ? [state] : [state, instance]
  const history = states.flatMap((one) => one.history)
  const retries = states.reduce((sum, one) => sum + one.retries, 0)
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
    ...states.map((one) => forSummary(tallyPhrase(one))),
    `Retries after errors: ${retries}`,
    entities === '' ? '' : '**Entities.**',
    entities ?? 'Too long to show here: see the output entities.',
    '</details>',
  ]
}

function summaryOfMany(results: readonly WaitResult[], timeout: number, accepted: readonly Phrase[]): string {
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
  const icon = ICONS[incomplete.length === 0 || accepted.length > 0 ? 'completed' : 'failed']
  const explanations = incomplete.map((result) => explainOutcome(result, timeout))
  const nextSteps = explanations.map(
    ({ title, nextSteps }) => `- **${title}.** ${forSummary(nextSteps, MAX_IN_ROW)}`,
  )
  const { noun, succeeded } = wordsFor(results)
  return markdown(
    `### ${icon} ${completed.length} of ${results.length} ${noun} ${succeeded}`,
    forSummary(accepted.flat()),
    [heading, `|${alignments.join('|')}|`, ...shown].join('\n'),
    rest > 0 ? `… and ${rest} more.` : '',
    [...new Set(nextSteps)].join('\n'),
  )
}

const COLUMNS = ['Result', 'Job', 'Instance', 'Duration'] as const

function cellsOf({ state, instance: ready, outcome }: WaitResult): Record<(typeof COLUMNS)[number], Phrase> {
  const { kind, id } = state
  const job = kind === 'job' ? state.job : undefined
  const { instance, connection } = ready ?? state
  const result = `${ICONS[outcome.result]}\u00A0${outcome.result}`
  const hasDetail = outcome.result === 'error' && outcome.reason !== 'other-job'
  return {
    // The reason is in the same cell, because a column of its own would be narrow.
    Result: hasDetail ? phrase`${result} ${outcome.detail.message}` : spaced(result, job?.failReason),
    Job: kind === 'instance' ? [] : spaced(job?.name, id.text),
    Instance: spaced(
      job?.instanceName ??
        instance?.name ??
        job?.instanceId?.text ??
        (kind === 'instance' ? id.text : undefined),
      job?.instanceEndpoint ?? instance?.endpoint,
      connection?.label ?? instance?.status.label,
    ),
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
