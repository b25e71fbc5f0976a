import { expect, test } from '@jest/globals'
import { runWorkflow } from './engine.ts'

/** With `continue-on-error`, the job continues after any result, and the workflow branches on `result`. */

test('a completed job leads to the next step', async () => {
  const { exitCode, jobs } = await runWorkflow('result.yml', (simulator) => ({
    'job-id': simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 }),
  }))
  expect(exitCode).toBe(0)
  expect(Object.keys(jobs['decide']?.steps ?? {}).slice(1)).toEqual(['Wait', 'Continue'])
})

test('a timeout can be distinguished from a failed job', async () => {
  let id = ''
  const { exitCode, jobs } = await runWorkflow('result.yml', (simulator) => {
    id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 1_000_000 })
    return { 'job-id': id }
  })
  expect(exitCode).toBe(0)
  const { Wait, 'Resume later': resume } = jobs['decide']?.steps ?? {}
  expect(Wait?.result).toBe('failure')
  expect(resume?.prints).toMatch(new RegExp(`^resumes ${id}, which is at [1-9]%\n$`))
  expect(jobs['decide']?.result).toBe('success')
})

test('a failed job fails the workflow with the reason from the service', async () => {
  const { exitCode, jobs } = await runWorkflow('result.yml', (simulator) => ({
    'job-id': simulator.addJob({
      notFoundMs: 0,
      runningMs: 0,
      outcome: 'Failed',
      failReason: 'no "$(quota)`',
    }),
  }))
  expect(exitCode).toBe(1)
  const { Report: report, Fail: fail, ...others } = jobs['decide']?.steps ?? {}
  expect(report?.prints).toBe('failure: no "$(quota)`\n')
  expect(fail?.result).toBe('failure')
  expect(Object.keys(others).slice(1)).toEqual(['Wait'])
})
