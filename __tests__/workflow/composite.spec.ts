import { expect, test } from '@jest/globals'
import { runWorkflow } from './engine.ts'

test('a composite action hands inputs in and outputs on', async () => {
  const { exitCode, jobs } = await runWorkflow('composite.yml', (simulator) => ({
    'job-id': simulator.addJob({ hiddenMs: 0, runningMs: 5_000 }),
  }))
  expect(exitCode).toBe(0)
  expect(jobs['deploy']?.steps['Deploy']?.prints).toBe('deploys to 192.168.0.10:3306\n')
})

test('a composite action is red when the wait in it is, and still hands the outputs on', async () => {
  const { exitCode, jobs } = await runWorkflow('composite.yml', (simulator) => ({
    'job-id': simulator.addJob({ hiddenMs: 0, runningMs: 0, outcome: 'Canceled' }),
  }))
  expect(exitCode).toBe(1)
  const steps = jobs['deploy']?.steps ?? {}
  expect(steps['Wait as the team does']?.result).toBe('failure')
  expect(steps['Deploy']).toBeUndefined()
  expect(steps['Clean up']?.prints).toBe('cleans up after canceled\n')
})
