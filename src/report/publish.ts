import type * as core from '@actions/core'
import type { Secrets } from '../secrets.ts'
import { phrase } from '../untrusted-text.ts'
import { forAnnotation } from './escape.ts'
import { NEXT_STEPS, TITLES, type Annotation, type Notice } from './explain.ts'
import { EMPTY_OUTPUTS, type Outputs } from './outputs.ts'
import { summaryOfAnnotation } from './summary.ts'

export type Toolkit = Pick<typeof core, 'error' | 'notice' | 'setOutput' | 'summary' | 'warning'>

export interface PublishDependencies {
  readonly toolkit: Toolkit
  readonly env: NodeJS.ProcessEnv
  readonly secrets: Secrets
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
  const { toolkit, secrets } = deps
  const { notice, summary } = report
  const annotation = writeOutputs(report, deps)
  if (annotation !== undefined) {
    toolkit.error(forAnnotation(...annotation.lines, annotation.nextSteps), { title: annotation.title })
  }
  try {
    await toolkit.summary.addRaw(summary).write()
  } catch (error) {
    toolkit.warning(forAnnotation(phrase`Could not write the job summary: “${secrets.error(error)}”.`))
  }
  if (annotation === undefined && notice !== undefined) {
    toolkit.notice(forAnnotation(...notice.lines), { title: notice.title })
  }
  return annotation === undefined
}

/** Publishes an error that leaves nothing else to report. */
export function publishError(annotation: Annotation, deps: PublishDependencies): Promise<boolean> {
  return publish({ outputs: EMPTY_OUTPUTS, annotation, summary: summaryOfAnnotation(annotation) }, deps)
}

export function publishInternalError(error: unknown, deps: PublishDependencies): Promise<boolean> {
  const lines = [[deps.secrets.error(error)]]
  return publishError({ title: TITLES.internal, lines, nextSteps: [NEXT_STEPS.internal] }, deps)
}

/** Returns the annotation, with the reason if the outputs could not be written. */
function writeOutputs({ outputs, annotation }: Report, deps: PublishDependencies): Annotation | undefined {
  const { toolkit, env, secrets } = deps
  try {
    // Without the file, @actions/core prints the outputs as commands, which runners no longer accept.
    if (!env['GITHUB_OUTPUT']) throw new Error('GITHUB_OUTPUT is not set')
    for (const [name, value] of Object.entries(outputs)) toolkit.setOutput(name, value)
    return annotation
  } catch (error) {
    const reason = secrets.error(error)
    const line = phrase`Could not write the outputs, so later steps would read empty values: “${reason}”.`
    const { lines, ...rest } = annotation ?? ALL_COMPLETED
    return { ...rest, lines: [...lines, line] }
  }
}

/** The annotation of a step that fails only because of its outputs, without the error itself. */
const ALL_COMPLETED: Annotation = {
  title: TITLES.outputs,
  lines: [['All jobs completed.']],
  nextSteps: ["Check the runner's disk and the file named by GITHUB_OUTPUT."],
}
