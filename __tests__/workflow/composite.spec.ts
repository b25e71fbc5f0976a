import { expect, test } from '@jest/globals'
import { runWorkflow } from './engine.ts'

test('a composite action passes inputs and outputs through', async () => {
  const { exitCode, jobs } = await runWorkflow('composite.yml', (simulator) => ({
    'job-id': simulator.addJob({ notFoundMs: 0, runningMs: 5_000 }),
  }))
  expect(exitCode).toBe(0)
  expect(jobs['deploy']?.steps['Deploy']?.prints).toBe('deploys to 192.168.0.10:3306\n')
})

test('a composite action fails when its wait fails, and still passes the outputs through', async () => {
  const { exitCode, jobs } = await runWorkflow('composite.yml', (simulator) => ({
    'job-id': simulator.addJob({ notFoundMs: 0, runningMs: 0, outcome: 'Canceled' }),
  }))
  expect(exitCode).toBe(1)
  const steps = jobs['deploy']?.steps ?? {}
  expect(steps['Wait with the shared action']?.result).toBe('failure')
  expect(steps['Deploy']).toBeUndefined()
  expect(steps['Clean up']?.prints).toBe('cleans up after canceled\n')
})
