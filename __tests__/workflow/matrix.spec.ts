import { expect, test } from '@jest/globals'
import type { JobWish } from '../../simulator/job.ts'
import { runWorkflow } from './engine.ts'

const wait = (...wishes: JobWish[]) =>
  runWorkflow('matrix.yml', (simulator) => ({
    'job-ids': JSON.stringify(wishes.map((wish) => simulator.addJob({ hiddenMs: 0, ...wish }))),
  }))

test('each job of a matrix waits for its own, and what needs them all runs then', async () => {
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

test('one that failed lets the others end, and stops what needs them all', async () => {
  const { exitCode, jobs } = await wait({ runningMs: 0, outcome: 'Failed' }, { runningMs: 20_000 })
  expect(exitCode).toBe(1)
  // act gives all jobs of a matrix one result; their steps have their own.
  const results = ['wait-1', 'wait-2'].map((job) => jobs[job]?.steps['Wait']?.result)
  expect(results).toEqual(['failure', 'success'])
  expect(jobs['deploy']).toBeUndefined()
})
