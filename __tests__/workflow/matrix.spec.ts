import { expect, test } from '@jest/globals'
import type { JobOptions } from '../../simulator/job.ts'
import { runWorkflow } from './engine.ts'

const wait = (...options: JobOptions[]) =>
  runWorkflow('matrix.yml', (simulator) => ({
    'job-ids': JSON.stringify(options.map((each) => simulator.addJob({ notFoundMs: 0, ...each }))),
  }))

test('each matrix job waits for its own TaurusDB job, then the job that needs them runs', async () => {
  const { exitCode, jobs } = await wait({ runningMs: 5_000 }, { runningMs: 20_000 })
  expect(exitCode).toBe(0)
  expect(jobs).toMatchObject({
    'wait-1': { result: 'success' },
    'wait-2': { result: 'success' },
    deploy: { result: 'success', steps: { Deploy: { prints: 'deploys\n' } } },
  })
  const ids = ['wait-1', 'wait-2'].map((job) => jobs[job]?.steps['Wait']?.outputs['job-id'])
  expect(new Set(ids).size).toBe(2)
})

test('a failed matrix job does not stop the others, but the job that needs them does not run', async () => {
  const { exitCode, jobs } = await wait({ runningMs: 0, outcome: 'Failed' }, { runningMs: 20_000 })
  expect(exitCode).toBe(1)
  // act reports one result for all jobs of a matrix, but separate results for their steps.
  const results = ['wait-1', 'wait-2'].map((job) => jobs[job]?.steps['Wait']?.result)
  expect(results).toEqual(['failure', 'success'])
  expect(jobs['deploy']).toBeUndefined()
})
