import type * as core from '@actions/core'
import { phrase, type UntrustedText } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import { TITLES } from './explain.ts'
import { forAnnotation } from './escape.ts'
import type { Annotation, Notice } from './annotation.ts'
import type { Outputs } from './outputs.ts'

/** The parts of @actions/core that tell the runner something. */
export type Toolkit = Pick<typeof core, 'error' | 'notice' | 'setOutput' | 'summary' | 'warning'>

/** All that a run leaves behind. */
export interface Report {
  readonly outputs: Outputs
  /** Undefined when the step is green. */
  readonly annotation: Annotation | undefined
  /** For when it is green. */
  readonly notice?: Notice
  /** Markdown. */
  readonly summary: string
}

/** Tells the runner; false when the step must be red, be it because later steps would act on outputs that are lost. */
export async function publish(
  report: Report,
  toolkit: Toolkit,
  env: NodeJS.ProcessEnv,
  secrets: Secrets,
): Promise<boolean> {
  const lost = writeOutputs(report.outputs, toolkit, env, secrets)
  const annotation = withLoss(report.annotation, lost)
  if (annotation !== undefined) {
    toolkit.error(forAnnotation(...annotation.lines, annotation.nextSteps), { title: annotation.title })
  }
  try {
    await toolkit.summary.addRaw(report.summary).write()
  } catch (error) {
    toolkit.warning(forAnnotation(phrase`The job summary could not be written: “${secrets.error(error)}”.`))
  }
  const { notice } = report
  if (annotation === undefined && notice !== undefined) {
    toolkit.notice(forAnnotation(...notice.lines), { title: notice.title })
  }
  return annotation === undefined
}

/** Returns why the outputs could not be written. */
function writeOutputs(
  outputs: Outputs,
  toolkit: Toolkit,
  env: NodeJS.ProcessEnv,
  secrets: Secrets,
): UntrustedText | undefined {
  try {
    // Without the file, core would print the outputs as commands, which runners no longer take.
    if (!env['GITHUB_OUTPUT']) throw new Error('GITHUB_OUTPUT is not set')
    for (const [name, value] of Object.entries(outputs)) toolkit.setOutput(name, value)
    return undefined
  } catch (error) {
    return secrets.error(error)
  }
}

function withLoss(
  annotation: Annotation | undefined,
  lost: UntrustedText | undefined,
): Annotation | undefined {
  if (lost === undefined) return annotation
  const loss = phrase`The outputs could not be written, and later steps would act on nothing: “${lost}”.`
  return annotation === undefined
    ? {
        title: TITLES.outputs,
        lines: [phrase`All jobs completed.`, loss],
        nextSteps: phrase`Check the runner’s disk and the file GITHUB_OUTPUT.`,
      }
    : { ...annotation, lines: [...annotation.lines, loss] }
}
