import { formatDuration, SECOND } from '../duration.ts'
import { joinPhrases, phrase, type UntrustedText, type Phrase } from '../untrusted-text.ts'
import type { WaitResult } from '../wait/wait.ts'
import { NEXT_STEPS, explainOutcome, TITLES } from './explain.ts'

/** Jobs that are named when several did not complete; the rest is counted. */
const MAX_NAMED = 10

export interface Notice {
  readonly title: string
  /** What happened, a line each. */
  readonly lines: readonly Phrase[]
}

/** The one error annotation of a red step. */
export interface Annotation extends Notice {
  /** What to do next. */
  readonly nextSteps: Phrase
}

/** The annotation for a wait, undefined when every job completed; `timeout` in milliseconds. */
export function annotationOf(waited: readonly WaitResult[], timeout: number): Annotation | undefined {
  const red = waited.filter(({ outcome }) => outcome.result !== 'completed')
  // What fail-fast ended is no cause.
  const [givenUp, causes] = partition(
    red,
    ({ outcome }) => outcome.result === 'interrupted' && outcome.by === 'fail-fast',
  )
  const explained = causes.map((one) => explainOutcome(one, timeout))
  const [first] = explained
  if (first === undefined) return undefined
  if (red.length === 1) return { title: first.title, lines: [first.message], nextSteps: first.nextSteps }

  const isSame = explained.every(({ title }) => title === first.title)
  const named = explained.slice(0, MAX_NAMED).map(({ message }) => phrase`- ${message}`)
  const rest = explained.length - named.length
  return {
    title: isSame ? first.title : TITLES.several,
    lines: [
      phrase`${red.length} of ${waited.length} jobs did not complete:`,
      ...named,
      ...(rest > 0 ? [phrase`- and ${rest} more`] : []),
      ...(givenUp.length > 0
        ? [phrase`- ${givenUp.length} no longer waited for, since fail-fast is on`]
        : []),
    ],
    nextSteps: isSame ? first.nextSteps : phrase`The summary says what to do for each.`,
  }
}

/** The one notice of a green step: what is there now. */
export function noticeOf(waited: readonly WaitResult[]): Notice {
  const named = waited.slice(0, MAX_NAMED).map(completed)
  if (waited.length === 1) return { title: 'The job completed', lines: named }
  const rest = waited.length - named.length
  return {
    title: `All ${waited.length} jobs completed`,
    lines: [...named.map((line) => phrase`- ${line}`), ...(rest > 0 ? [phrase`- and ${rest} more`] : [])],
  }
}

/** `Job … (name) completed in 5m: instance …, at …`, as far as it is known. */
function completed({ state: { id, job } }: WaitResult): Phrase {
  const name = job?.name === undefined ? [] : phrase` (${job.name})`
  const time = job?.durationSeconds === undefined ? '' : ` in ${formatDuration(job.durationSeconds * SECOND)}`
  const instance = job?.instanceName ?? job?.instanceId
  const facts = [
    ...(instance === undefined ? [] : [phrase`instance ${instance}`]),
    ...(job?.instanceEndpoint === undefined ? [] : [phrase`address ${job.instanceEndpoint}`]),
  ]
  const known = facts.length === 0 ? [] : phrase`: ${joinPhrases(facts, ', ')}`
  return phrase`Job ${id.text}${name} completed${time}${known}.`
}

/** The annotation for what should never happen. */
export function defectAnnotation(error: UntrustedText): Annotation {
  return { title: TITLES.defect, lines: [[error]], nextSteps: [NEXT_STEPS.defect] }
}

/** The annotation for inputs that are wrong; all of them at once. */
export function inputsAnnotation(problems: readonly string[]): Annotation {
  return {
    title: TITLES.inputs,
    lines: problems.map((problem) => phrase`- ${problem}`),
    nextSteps: phrase`Nothing was asked before ${problems.length === 1 ? 'this is' : 'these are'} mended.`,
  }
}

function partition<T>(
  all: readonly T[],
  isFirst: (one: T) => boolean,
): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}
