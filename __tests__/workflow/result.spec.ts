import { expect, test } from '@jest/globals'
import { runWorkflow } from './engine.ts'

/** With `continue-on-error` the workflow decides by `result`; its step is green to the job, whatever happened. */

test('a job that completed goes on', async () => {
  const { exitCode, jobs } = await runWorkflow('result.yml', (simulator) => ({
    'job-id': simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0 }),
  }))
  expect(exitCode).toBe(0)
  expect(Object.keys(jobs['decide']?.steps ?? {}).slice(1)).toEqual(['Wait', 'Go on'])
})

test('a job that takes too long is told apart from one that failed', async () => {
  let id = ''
  const { exitCode, jobs } = await runWorkflow('result.yml', (simulator) => {
    id = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 1_000_000 })
    return { 'job-id': id }
  })
  expect(exitCode).toBe(0)
  const { Wait, 'Come back later': comeBack } = jobs['decide']?.steps ?? {}
  expect(Wait?.result).toBe('failure')
  expect(comeBack?.prints).toMatch(new RegExp(`^comes back for ${id}, which is at [1-9]%\n$`))
  expect(jobs['decide']?.result).toBe('success')
})

test('a job that failed gives up, with the service’s reason', async () => {
  const { exitCode, jobs } = await runWorkflow('result.yml', (simulator) => ({
    'job-id': simulator.addJob({ hiddenMs: 0, runningMs: 0, outcome: 'Failed', failReason: 'no "$(quota)`' }),
  }))
  expect(exitCode).toBe(1)
  const { Tell: tell, 'Give up': giveUp, ...others } = jobs['decide']?.steps ?? {}
  expect(tell?.prints).toBe('failure since no "$(quota)`\n')
  expect(giveUp?.result).toBe('failure')
  expect(Object.keys(others).slice(1)).toEqual(['Wait'])
})
