import type * as core from '@actions/core'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { constants, open } from 'node:fs/promises'
import { EOL } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Secrets } from '../secrets.ts'
import { joinPhrases, phrase, type UntrustedText } from '../untrusted-text.ts'
import { forAnnotation, forMessage } from './escape.ts'
import type { Annotation } from './explain.ts'
import { EMPTY_OUTPUTS, type Outputs } from './outputs.ts'
import { summaryOfAnnotation } from './summary.ts'
import { NEXT_STEPS, TITLES } from './titles.ts'

export interface PublishDependencies {
  readonly toolkit: Pick<typeof core, 'error' | 'notice' | 'warning'>
  readonly env: NodeJS.ProcessEnv
  readonly secrets: Secrets
  /** Aborts when no time is left to write the report. */
  readonly reportSignal: AbortSignal
}

export interface Report {
  readonly outputs: Outputs
  /** An error, or a notice if the step succeeds. */
  readonly annotation: Annotation
  readonly isSuccess: boolean
  /** Markdown. */
  readonly summary: string
}

/** Writes the report; false if the step must fail, which includes outputs that could not be written. */
export async function publish(report: Report, deps: PublishDependencies): Promise<boolean> {
  const { toolkit } = deps
  const outputsError = await write('GITHUB_OUTPUT', outputsFile(report.outputs), deps)
  const isSuccess = report.isSuccess && outputsError === undefined
  const { title, lines, nextSteps } =
    outputsError === undefined ? report.annotation : withError(report, outputsError)
  const text = forAnnotation(...lines, ...(nextSteps === '' ? [] : [[nextSteps]]))
  if (!isSuccess) toolkit.error(text, { title })
  const summaryError = await write('GITHUB_STEP_SUMMARY', report.summary, deps)
  if (summaryError !== undefined) {
    toolkit.warning(forAnnotation(phrase`Could not write the job summary: “${summaryError}”.`))
  }
  if (isSuccess) toolkit.notice(text, { title })
  return isSuccess
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
  return publish({ outputs, annotation, isSuccess: false, summary: summaryOfAnnotation(annotation) }, deps)
}

export function publishInternalError(error: unknown, deps: PublishDependencies): Promise<boolean> {
  const lines = [[deps.secrets.error(error)]]
  return publishError({ title: TITLES.internal, lines, nextSteps: NEXT_STEPS.internal }, deps)
}

/**
 * Appends to a file of the runner, whose path is in an environment variable. @actions/core writes outputs one by one and
 * synchronously, so that a slow or hanging file system would stop the process, and its time limits with it.
 *
 * @returns the reason if the text was not written; as soon as the signal aborts, that it took too long
 */
async function write(
  variable: 'GITHUB_OUTPUT' | 'GITHUB_STEP_SUMMARY',
  text: string,
  { env, secrets, reportSignal }: PublishDependencies,
): Promise<UntrustedText | undefined> {
  const path = env[variable]
  if (!path) return secrets.text(`${variable} is not set`)
  const timeLimit = async () => {
    if (!reportSignal.aborted) await once(reportSignal, 'abort')
    return secrets.text(`writing the file of ${variable} took too long`)
  }
  const written = append(path, Buffer.from(text), reportSignal).then(
    () => undefined,
    (error: unknown) => secrets.error(error),
  )
  return Promise.any([timeLimit(), written])
}

/** Neither creates a file nor waits for the reader of a pipe, which would block a thread. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK
const RETRY_DELAY_MS = 50

async function append(path: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const file = await whenReady(() => open(path, FLAGS), signal)
  try {
    for (let rest = bytes; rest.length > 0;) {
      const { bytesWritten } = await whenReady(() => file.write(rest), signal)
      rest = rest.subarray(bytesWritten)
    }
  } finally {
    await file.close()
  }
}

/** Repeats what fails only because a pipe has no reader yet, or is full. */
async function whenReady<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if ((code !== 'ENXIO' && code !== 'EAGAIN') || signal.aborted) throw error
      await sleep(RETRY_DELAY_MS)
    }
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

function withError({ isSuccess, annotation }: Report, error: UntrustedText): Annotation {
  const line = phrase`Could not write the outputs, so later steps would read empty values: “${error}”.`
  const failure = isSuccess ? OUTPUTS_ERROR : annotation
  return { ...failure, lines: [...failure.lines, line] }
}

/** The annotation of a step that fails only because of its outputs, without the error itself. */
const OUTPUTS_ERROR: Annotation = {
  title: TITLES.outputs,
  lines: [['The wait ended successfully.']],
  nextSteps:
    "Check the runner's disk, and that this process may write the file named by GITHUB_OUTPUT. In a job container, the user of the image often may not: set container.options to --user with the ID of the runner's user.",
}
