import { expect } from '@jest/globals'
import { runStep, type StepResult } from '../../simulator/runner.ts'
import type { Simulator } from '../../simulator/simulator.ts'
import { TITLES } from '../../src/report/titles.ts'

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

/** The step succeeded with one notice. */
export function expectSuccess(result: StepResult): void {
  expect(annotations(result)).toEqual([])
  expect(result.exitCode).toBe(0)
  expect(notices(result)).toHaveLength(1)
}

/** The step failed with one annotation: its title, and text in it. */
export function expectFailure(
  result: StepResult,
  outcome: string,
  title: keyof typeof TITLES,
  text: RegExp,
): void {
  expect(annotations(result)).toEqual([expect.stringMatching(`^::error title=${TITLES[title]}::`)])
  expect(annotation(result)).toMatch(text)
  expect(result.exitCode).toBe(1)
  expect(result.outputs['result']).toBe(outcome)
  expect(notices(result)).toEqual([])
}
