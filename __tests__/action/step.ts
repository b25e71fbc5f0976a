import { runStep, type StepResult } from '../../simulator/runner.ts'
import type { Simulator } from '../../simulator/simulator.ts'

/** A step against a simulator; what is given wins. */
export function stepAt(
  { endpoint, projectId }: Simulator,
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  const usual = { endpoint, 'project-id': projectId, 'poll-interval': '1s', timeout: '30s' }
  return runStep({ with: { ...usual, ...inputs }, env })
}

/** The error annotations of a step's log, as commands. */
export function annotations({ log }: StepResult): string[] {
  return log.split('\n').filter((line) => line.startsWith('::error'))
}

/** The notices of a step's log. */
export function notices({ log }: StepResult): string[] {
  return log.split('\n').filter((line) => line.startsWith('::notice'))
}

/** The one error annotation; empty when there is none. */
export function annotation(result: StepResult): string {
  return annotations(result)[0] ?? ''
}
