import type { Outcome } from '../judge/judge.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { WaitResult } from '../wait/wait.ts'
import { acceptedPhrase, explainOutcome, wordsFor, type Annotation, type Notice } from './explain.ts'
import { forLog } from './escape.ts'
import { TITLES } from './titles.ts'

/** Jobs named in one annotation; the others are counted. */
const MAX_NAMED = 10

/** The one error annotation for a wait, undefined if the step succeeds; `timeout` in milliseconds. */
export function annotationOf(
  results: readonly WaitResult[],
  timeout: number,
  successResults: readonly Outcome['result'][] = ['completed'],
): Annotation | undefined {
  const incomplete = results.filter(({ outcome }) => !successResults.includes(outcome.result))
  // Jobs that fail-fast ended did not cause the failure.
  const causes = incomplete.filter(
    ({ outcome }) => outcome.result !== 'interrupted' || outcome.by !== 'fail-fast',
  )
  const explanations = causes.map((result) => explainOutcome(result, timeout))
  const [first] = explanations
  if (first === undefined || incomplete.length === 1) return first

  const haveSameTitle = explanations.every(({ title }) => title === first.title)
  const haveSameSteps = explanations.every(({ nextSteps }) => forLog(nextSteps) === forLog(first.nextSteps))
  const words = wordsFor(results)
  const stopped = incomplete.length - causes.length
  return {
    title: haveSameTitle ? first.title : words.title,
    lines: [
      phrase`${incomplete.length} of ${results.length} ${words.noun} ${words.notSucceeded}:`,
      ...listOf(explanations.flatMap(({ lines }) => lines)),
      ...(stopped > 0 ? [phrase`- ${stopped} no longer polled because fail-fast is on`] : []),
    ],
    nextSteps: haveSameSteps ? first.nextSteps : phrase`For the next steps, see the job summary.`,
  }
}

/** The one notice of a step that succeeds; `timeout` in milliseconds. */
export function noticeOf(results: readonly WaitResult[], timeout: number): Notice {
  const explanations = results.map((result) => explainOutcome(result, timeout))
  const [only, ...others] = explanations
  const lines = explanations.map(({ message }) => message)
  const accepted = acceptedPhrase(results)
  if (only !== undefined && others.length === 0) return { title: only.title, lines: [...lines, ...accepted] }
  const { noun, succeeded } = wordsFor(results)
  const title = accepted.length > 0 ? 'The step succeeded' : `All ${lines.length} ${noun} ${succeeded}`
  return { title, lines: [...listOf(lines), ...accepted] }
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
