import { formatDuration } from '../duration.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import { NOUNS, type Outcome, type WaitState } from '../judge/judge.ts'
import type { WaitResult } from '../wait/wait.ts'
import { acceptedPhrase, wordsFor } from './annotation.ts'
import { chartOf } from './chart.ts'
import { forSummary, forSummaryBlock } from './escape.ts'
import { factsOf, statesOf, tallyPhrase, type Annotation, type ExplainedResult } from './explain.ts'
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

/** The job summary in Markdown. */
export function summaryOf(results: readonly ExplainedResult[]): string {
  const [only, ...others] = results
  const accepted = forSummary(acceptedPhrase(results).flat())
  return only !== undefined && others.length === 0
    ? summaryOfOne(only, accepted)
    : summaryOfMany(results, accepted)
}

/** The summary of a step without results: after invalid inputs or an internal error. */
export function summaryOfAnnotation({ title, lines, nextSteps }: Annotation): string {
  return markdown(`### ${ICONS.error} ${title}`, lines.map((line) => forSummary(line)).join('\n'), nextSteps)
}

function summaryOfOne(result: ExplainedResult, accepted: string): string {
  const { state, outcome, title, lines, nextSteps } = result
  const color = outcome.result === 'completed' ? 'green' : hasVerdict(outcome) ? 'red' : 'blue'
  const chart = chartOf(state.history, color)
  return markdown(
    `### ${ICONS[outcome.result]} ${title}`,
    tableOfFacts(result),
    // The table already contains what happened.
    hasVerdict(outcome) ? '' : forSummary(lines.flat()),
    accepted,
    nextSteps && `**Next steps.** ${nextSteps}`,
    tableOfSubTasks(state),
    chart === undefined ? '' : `\`\`\`mermaid\n${chart}\n\`\`\``,
    ...detailsOf(result),
  )
}

function hasVerdict({ result }: Outcome): boolean {
  return result === 'completed' || result === 'failed' || result === 'canceled'
}

/** A table of what is known. */
function tableOfFacts(result: ExplainedResult): string {
  const { state, outcome } = result
  const { job, instance, connection, endpoint, duration } = factsOf(result)
  const { kind, id, progress } = state
  const facts: [label: string, ...texts: (Phrase[number] | undefined)[]][] = [
    ['Status', hasVerdict(outcome) ? '' : job?.status.text],
    ['Progress', outcome.result === 'completed' ? '' : percent(progress)],
    [NOUNS[kind], kind === 'instance' ? instance?.name : job?.name, id.text],
    ['Instance', job?.instanceName, job?.instanceId?.text],
    ['Instance status', instance?.status.text],
    ['Address', endpoint],
    ['Connection', connection?.address, connection?.label],
    ['Created', job?.created],
    ['Ended', job?.ended],
    ['Duration', duration],
    ['Reason', job?.failReason],
  ]
  const known = facts.filter(([, ...texts]) => texts.some(Boolean))
  const rows = known.map(([label, ...texts]) => `| **${label}** | ${forSummary(spaced(...texts))} |`)
  return tableOf(['Result', outcome.result], '|:--|:--|', rows)
}

/** The texts that are known and not empty, with spaces in between. */
function spaced(...texts: readonly (Phrase[number] | undefined)[]): Phrase {
  return texts.flatMap((text) => (text ? [' ', text] : [])).slice(1)
}

function tableOfSubTasks({ subTasks = { list: [], at: 0 } }: WaitState): string {
  const rows = subTasks.list.map(({ name, status, progress, remaining }) =>
    rowOf([name, status, percent(progress), remaining === undefined ? '' : formatDuration(remaining)]),
  )
  const heading = `Sub-task, last seen after ${formatDuration(subTasks.at)}`
  return tableOf([heading, 'Status', 'Progress', 'Remaining'], '|:--|:--|--:|--:|', rows)
}

function detailsOf(result: WaitResult): string[] {
  const states = statesOf(result)
  const { entities } = result.state.job ?? {}
  const history = states.flatMap((state) => state.history)
  const retries = states.reduce((sum, state) => sum + state.retries, 0)
  const changes = history.filter(({ status }, index) => history[index - 1]?.status.equals(status) !== true)
  const rows = changes
    .slice(-MAX_CHANGES)
    .map(({ at, status, progress }) => rowOf([formatDuration(at), status, percent(progress)]))
  const omitted = changes.length - rows.length
  const block = entities === undefined ? '' : forSummaryBlock(entities)
  return [
    '<details><summary>Details</summary>',
    tableOf(['After', 'Status', 'Progress'], '|--:|:--|--:|', rows),
    omitted === 0 ? '' : `${omitted} earlier status changes are not shown.`,
    ...states.map((state) => forSummary(tallyPhrase(state))),
    `Retries after errors: ${retries}`,
    block === '' ? '' : '**Entities.**',
    block ?? 'Too long to show here: see the output entities.',
    '</details>',
  ]
}

function summaryOfMany(results: readonly ExplainedResult[], accepted: string): string {
  const completed = results.filter(({ outcome }) => outcome.result === 'completed')
  const incomplete = results.filter(({ outcome }) => outcome.result !== 'completed')
  const cells = [...incomplete, ...completed].map(cellsOf)
  // A column that is empty for every job is left out.
  const columns = COLUMNS.filter((column) => cells.some((row) => row[column].length > 0))
  const rows = cells.map((row) => rowOf(columns.map((column) => row[column])))
  const shown = rows.slice(0, countWithin(MAX_ROWS_BYTES, rows))
  const rest = rows.length - shown.length
  const alignments = columns.map((column) => (column === 'Duration' ? '--:' : ':--'))
  const icon = ICONS[results.every(({ isSuccess }) => isSuccess) ? 'completed' : 'failed']
  const nextSteps = incomplete.map(({ title, nextSteps }) => `- **${title}.** ${nextSteps}`)
  const { noun, succeeded } = wordsFor(results)
  return markdown(
    `### ${icon} ${completed.length} of ${results.length} ${noun} ${succeeded}`,
    accepted,
    tableOf(columns, `|${alignments.join('|')}|`, shown),
    rest > 0 ? `… and ${rest} more.` : '',
    [...new Set(nextSteps)].join('\n'),
  )
}

const COLUMNS = ['Result', 'Job', 'Instance', 'Duration'] as const

function cellsOf(result: WaitResult): Record<(typeof COLUMNS)[number], Phrase> {
  const { state, outcome } = result
  const { job, instance, connection, instanceId, endpoint, duration } = factsOf(result)
  const text = `${ICONS[outcome.result]}\u00A0${outcome.result}`
  const instanceName = job?.instanceName ?? instance?.name ?? instanceId
  return {
    // The reason is in the same cell, because a column of its own would be narrow.
    Result:
      outcome.result === 'error' ? phrase`${text} ${outcome.detail.message}` : spaced(text, job?.failReason),
    Job: state.kind === 'instance' ? [] : spaced(job?.name, state.id.text),
    Instance: spaced(instanceName, endpoint, connection?.label ?? instance?.status.label),
    Duration: spaced(duration),
  }
}

function tableOf(heading: readonly string[], alignments: string, rows: readonly string[]): string {
  return rows.length === 0 ? '' : [rowOf(heading), alignments, ...rows].join('\n')
}

function rowOf(cells: readonly (Phrase | Phrase[number])[]): string {
  return `| ${cells.map((cell) => forSummary([cell].flat(), MAX_IN_ROW)).join(' | ')} |`
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
