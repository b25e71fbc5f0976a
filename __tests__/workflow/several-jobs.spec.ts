import { expect, test } from '@jest/globals'
import { runWorkflow } from './engine.ts'

test('one step waits for several jobs, and the output `jobs` contains those that did not complete', async () => {
  const ids: string[] = []
  const { exitCode, jobs } = await runWorkflow('several-jobs.yml', (simulator) => {
    ids.push(simulator.addJob({ notFoundMs: 0, runningMs: 20_000 }))
    ids.push(simulator.addJob({ notFoundMs: 0, runningMs: 0, outcome: 'Failed', failReason: 'no quota' }))
    ids.push(simulator.addJob({ notFoundMs: 0, runningMs: 5_000 }))
    return { 'job-ids': JSON.stringify(ids) }
  })
  expect(exitCode).toBe(1)
  const { Wait, 'Report jobs that did not complete': report } = jobs['wait']?.steps ?? {}
  expect(Wait).toMatchObject({ result: 'failure', outputs: { 'job-id': ids[1], result: 'failed' } })
  expect(report?.prints).toBe(`${ids[1] ?? ''} no quota\n`)
})
