import { formatDuration, SECOND } from '../duration.ts'
import { joinPhrases, phrase, type Phrase } from '../untrusted-text.ts'
import type { WaitResult } from '../wait/wait.ts'
import { explainOutcome, nameOf, TITLES, type Annotation, type Notice } from './explain.ts'

/** Jobs named in one annotation; the others are counted. */
const MAX_NAMED = 10

/** The one error annotation for a wait, undefined if every job completed; `timeout` in milliseconds. */
export function annotationOf(results: readonly WaitResult[], timeout: number): Annotation | undefined {
  const incomplete = results.filter(({ outcome }) => outcome.result !== 'completed')
  // Jobs that fail-fast ended did not cause the failure.
  const causes = incomplete.filter(
    ({ outcome }) => outcome.result !== 'interrupted' || outcome.by !== 'fail-fast',
  )
  const explanations = causes.map((result) => explainOutcome(result, timeout))
  const [first] = explanations
  if (first === undefined || incomplete.length === 1) return first

  const haveSameTitle = explanations.every(({ title }) => title === first.title)
  const stopped = incomplete.length - causes.length
  return {
    title: haveSameTitle ? first.title : TITLES.several,
    lines: [
      phrase`${incomplete.length} of ${results.length} jobs did not complete:`,
      ...listOf(explanations.flatMap(({ lines }) => lines)),
      ...(stopped > 0 ? [phrase`- ${stopped} no longer polled because fail-fast is on`] : []),
    ],
    nextSteps: haveSameTitle ? first.nextSteps : phrase`For the next steps of each job, see the job summary.`,
  }
}

/** The one notice of a step that succeeds. */
export function noticeOf(results: readonly WaitResult[]): Notice {
  const lines = results.map(describeCompleted)
  return lines.length === 1
    ? { title: 'The job completed', lines }
    : { title: `All ${lines.length} jobs completed`, lines: listOf(lines) }
}

/** `Job … (name) completed in 5m: instance …, address ….`, without what is not known. */
function describeCompleted({ state }: WaitResult): Phrase {
  const { durationSeconds, instanceName, instanceId, instanceEndpoint } = state.job ?? {}
  const time = durationSeconds === undefined ? '' : ` in ${formatDuration(durationSeconds * SECOND)}`
  const instance = instanceName ?? instanceId
  const facts = [
    instance && phrase`instance ${instance}`,
    instanceEndpoint && phrase`address ${instanceEndpoint}`,
  ].filter((fact) => fact !== undefined)
  const details = facts.length === 0 ? [] : phrase`: ${joinPhrases(facts, ', ')}`
  return phrase`Job ${nameOf(state)} completed${time}${details}.`
}

function listOf(messages: readonly Phrase[]): readonly Phrase[] {
  const items = messages.slice(0, MAX_NAMED).map((message) => phrase`- ${message}`)
  const rest = messages.length - items.length
  return rest > 0 ? [...items, phrase`- and ${rest} more`] : items
}

/** The annotation for all invalid inputs together. */
export function inputsAnnotation(problems: readonly Phrase[]): Annotation {
  return {
    title: TITLES.inputs,
    lines: problems.map((problem) => phrase`- ${problem}`),
    nextSteps: phrase`No request was sent. Fix ${problems.length === 1 ? 'this input' : 'these inputs'} and run the step again.`,
  }
}
