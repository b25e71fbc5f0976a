import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Annotation, ExplainedResult } from './explain.ts'
import { TITLES } from './titles.ts'

/** Jobs named in one annotation; the others are counted. */
const MAX_NAMED = 10

/** The one annotation for a wait: a notice if the step succeeds, otherwise an error. */
export function annotationOf(results: readonly ExplainedResult[]): Annotation {
  const failures = results.filter(({ isSuccess }) => !isSuccess)
  // Jobs that fail-fast ended did not cause the failure.
  const causes = failures.filter(({ outcome }) => outcome.result !== 'interrupted' || outcome.by === 'signal')
  const [first] = causes
  if (first === undefined) return noticeOf(results)
  if (failures.length === 1) return first
  const haveSameTitle = causes.every(({ title }) => title === first.title)
  const haveSameSteps = causes.every(({ nextSteps }) => nextSteps === first.nextSteps)
  const words = wordsFor(results)
  const stopped = failures.length - causes.length
  return {
    title: haveSameTitle ? first.title : TITLES[words === WORDS.jobs ? 'several' : 'several-instances'],
    lines: [
      phrase`${failures.length} of ${results.length} ${words.noun} ${words.notSucceeded}:`,
      ...listOf(causes.flatMap(({ lines }) => lines)),
      ...(stopped > 0 ? [phrase`- ${stopped} no longer polled because fail-fast is on`] : []),
    ],
    nextSteps: haveSameSteps ? first.nextSteps : 'For the next steps, see the job summary.',
  }
}

function noticeOf(results: readonly ExplainedResult[]): Annotation {
  const messages = results.map(({ message }) => message)
  const accepted = acceptedPhrase(results)
  const [first] = results
  if (first !== undefined && results.length === 1) {
    return { title: first.title, lines: [...messages, ...accepted], nextSteps: '' }
  }
  const { noun, succeeded } = wordsFor(results)
  const title = accepted.length > 0 ? 'The step succeeded' : `All ${results.length} ${noun} ${succeeded}`
  return { title, lines: [...listOf(messages), ...accepted], nextSteps: '' }
}

function listOf(messages: readonly Phrase[]): readonly Phrase[] {
  const items = messages.slice(0, MAX_NAMED).map((message) => phrase`- ${message}`)
  const rest = messages.length - items.length
  return rest > 0 ? [...items, phrase`- and ${rest} more`] : items
}

/** Says that results other than `completed` count as a success, if there are any in a step that succeeds. */
export function acceptedPhrase(results: readonly ExplainedResult[]): readonly Phrase[] {
  const others = new Set(results.map(({ outcome }) => outcome.result))
  others.delete('completed')
  if (others.size === 0 || !results.every(({ isSuccess }) => isSuccess)) return []
  return [phrase`The step succeeds because success-results contains ${[...others].join(', ')}.`]
}

/** What several results are about, and how to say that they are a success, or not. */
export function wordsFor(results: readonly ExplainedResult[]) {
  if (results.some(({ state }) => state.kind === 'instance')) return WORDS.instances
  const isReadiness = results.some(({ instance, outcome }) => instance ?? outcome.result === 'not-ready')
  return isReadiness ? WORDS.readiness : WORDS.jobs
}

const WORDS = {
  jobs: { noun: 'jobs', succeeded: 'completed', notSucceeded: 'did not complete' },
  readiness: { noun: 'jobs', succeeded: 'have a ready instance', notSucceeded: 'have no ready instance' },
  instances: { noun: 'instances', succeeded: 'are ready', notSucceeded: 'are not ready' },
} as const

/** The annotation for all invalid inputs together. */
export function inputsAnnotation(problems: readonly Phrase[]): Annotation {
  return {
    title: TITLES.inputs,
    lines: problems.map((problem) => phrase`- ${problem}`),
    nextSteps: `No request was sent. Fix ${problems.length === 1 ? 'this input' : 'these inputs'} and run the step again.`,
  }
}
