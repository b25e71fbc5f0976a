import { phrase, type OutsideText, type Phrase } from '../outside-text.ts'
import type { Waited } from '../wait/wait.ts'
import { CURES, explainEnd, TITLES } from './explain.ts'

/** Jobs that are named when several did not complete; the rest is counted. */
const MOST_NAMED = 10

/** The one error annotation of a red step. */
export interface Annotation {
  readonly title: string
  /** What happened, a line each. */
  readonly lines: readonly Phrase[]
  /** What to do next. */
  readonly next: Phrase
}

/** The annotation for a wait, undefined when every job completed; `timeout` in milliseconds. */
export function annotationOf(waited: readonly Waited[], timeout: number): Annotation | undefined {
  const explained = waited
    .filter(({ end }) => end.result !== 'completed')
    .map((one) => explainEnd(one, timeout))
  const [first] = explained
  if (first === undefined) return undefined
  if (explained.length === 1) return { title: first.title, lines: [first.what], next: first.next }

  const isSame = explained.every(({ title }) => title === first.title)
  const named = explained.slice(0, MOST_NAMED).map(({ what }) => phrase`- ${what}`)
  const rest = explained.length - named.length
  return {
    title: isSame ? first.title : TITLES.several,
    lines: [
      phrase`${explained.length} of ${waited.length} jobs did not complete:`,
      ...named,
      ...(rest > 0 ? [phrase`- and ${rest} more`] : []),
    ],
    next: isSame ? first.next : phrase`The summary says what to do for each.`,
  }
}

/** The annotation for what should never happen. */
export function defectAnnotation(error: OutsideText): Annotation {
  return { title: TITLES.defect, lines: [[error]], next: [CURES.defect] }
}

/** The annotation for inputs that are wrong; all of them at once. */
export function inputsAnnotation(problems: readonly string[]): Annotation {
  return {
    title: TITLES.inputs,
    lines: problems.map((problem) => phrase`- ${problem}`),
    next: phrase`Nothing was asked before ${problems.length === 1 ? 'this is' : 'these are'} mended.`,
  }
}
