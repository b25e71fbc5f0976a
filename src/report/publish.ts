import type * as core from '@actions/core'
import { randomUUID } from 'node:crypto'
import { EOL } from 'node:os'
import type { Secrets } from '../secrets.ts'
import { joinPhrases, phrase, type UntrustedText } from '../untrusted-text.ts'
import { forAnnotation, forMessage } from './escape.ts'
import type { Annotation, Notice } from './explain.ts'
import { EMPTY_OUTPUTS, type Outputs } from './outputs.ts'
import { appendTo } from './runner-file.ts'
import { summaryOfAnnotation } from './summary.ts'
import { NEXT_STEPS, TITLES } from './titles.ts'

export type Toolkit = Pick<typeof core, 'error' | 'notice' | 'warning'>

export interface PublishDependencies {
  readonly toolkit: Toolkit
  readonly env: NodeJS.ProcessEnv
  readonly secrets: Secrets
  /** Aborts when no time is left to write the report. */
  readonly reportSignal: AbortSignal
}

export interface Report {
  readonly outputs: Outputs
  /** Undefined if the step succeeds. */
  readonly annotation: Annotation | undefined
  readonly notice?: Notice
  /** Markdown. */
  readonly summary: string
}

/** Writes the report; false if the step must fail, which includes outputs that could not be written. */
export async function publish(report: Report, deps: PublishDependencies): Promise<boolean> {
  const { toolkit } = deps
  const outputsError = await write('GITHUB_OUTPUT', outputsFile(report.outputs), deps)
  const annotation =
    outputsError === undefined ? report.annotation : withError(outputsError, report.annotation)
  if (annotation !== undefined) {
    toolkit.error(forAnnotation(...annotation.lines, annotation.nextSteps), { title: annotation.title })
  }
  const summaryError = await write('GITHUB_STEP_SUMMARY', report.summary, deps)
  if (summaryError !== undefined) {
    toolkit.warning(forAnnotation(phrase`Could not write the job summary: “${summaryError}”.`))
  }
  if (annotation === undefined && report.notice !== undefined) {
    toolkit.notice(forAnnotation(...report.notice.lines), { title: report.notice.title })
  }
  return annotation === undefined
}

const MAX_CHECK_MS = 10_000

/** The annotation if the outputs can't be written, which would otherwise be noticed only after the wait. */
export async function checkOutputs(deps: PublishDependencies): Promise<Annotation | undefined> {
  const reportSignal = AbortSignal.any([deps.reportSignal, AbortSignal.timeout(MAX_CHECK_MS)])
  const isWritable = (await write('GITHUB_OUTPUT', '', { ...deps, reportSignal })) === undefined
  return isWritable ? undefined : { ...OUTPUTS_ERROR, lines: [['No request was sent.']] }
}

/** Publishes an error that leaves nothing else to report. */
export function publishError(annotation: Annotation, deps: PublishDependencies): Promise<boolean> {
  const message = forMessage(phrase`${annotation.title}: ${joinPhrases(annotation.lines, ' ')}`)
  const outputs = { ...EMPTY_OUTPUTS, message }
  return publish({ outputs, annotation, summary: summaryOfAnnotation(annotation) }, deps)
}

export function publishInternalError(error: unknown, deps: PublishDependencies): Promise<boolean> {
  const lines = [[deps.secrets.error(error)]]
  return publishError({ title: TITLES.internal, lines, nextSteps: [NEXT_STEPS.internal] }, deps)
}

/** Returns the reason if the text could not be written. */
async function write(
  variable: Parameters<typeof appendTo>[0],
  text: string,
  { env, secrets, reportSignal }: PublishDependencies,
): Promise<UntrustedText | undefined> {
  try {
    await appendTo(variable, text, env, reportSignal)
    return undefined
  } catch (error) {
    return secrets.error(error)
  }
}

/** One write for all outputs, so that none is missing. Source: GitHub Docs, "Workflow commands", multiline strings. */
function outputsFile(outputs: Outputs): string {
  return Object.entries(outputs)
    .map(([name, value]) => {
      // Unpredictable, so that a value can't end its own block.
      const end = `ghadelimiter_${randomUUID()}`
      return [`${name}<<${end}`, value, end, ''].join(EOL)
    })
    .join('')
}

function withError(error: UntrustedText, annotation = OUTPUTS_ERROR): Annotation {
  const line = phrase`Could not write the outputs, so later steps would read empty values: “${error}”.`
  return { ...annotation, lines: [...annotation.lines, line] }
}

/** The annotation of a step that fails only because of its outputs, without the error itself. */
const OUTPUTS_ERROR: Annotation = {
  title: TITLES.outputs,
  lines: [['The wait ended successfully.']],
  nextSteps: [
    "Check the runner's disk, and that this process may write the file named by GITHUB_OUTPUT. In a job container, the user of the image often may not: set container.options to --user with the ID of the runner's user.",
  ],
}
