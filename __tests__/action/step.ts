import { runStep, type StepResult } from '../../simulator/runner.ts'
import type { Simulator } from '../../simulator/simulator.ts'

/** Runs a step against a simulator, with these inputs in place of the defaults. */
export function stepAt(
  { endpoint, projectId }: Simulator,
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  const defaults = { endpoint, 'project-id': projectId, 'poll-interval': '1s', timeout: '30s' }
  return runStep({ with: { ...defaults, ...inputs }, env })
}

/** The error annotations in a step's log, as commands. */
export function annotations({ log }: StepResult): string[] {
  return log.split('\n').filter((line) => line.startsWith('::error'))
}

/** The notices in a step's log, as commands. */
export function notices({ log }: StepResult): string[] {
  return log.split('\n').filter((line) => line.startsWith('::notice'))
}

/** The first error annotation; empty if there is none. */
export function annotation(result: StepResult): string {
  return annotations(result)[0] ?? ''
}
