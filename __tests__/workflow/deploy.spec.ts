import { expect, test } from '@jest/globals'
import { runWorkflow } from './engine.ts'

const create = (simulate: object) => () => ({
  request: JSON.stringify({ name: 'shop', simulate: { not_found_seconds: 5, ...simulate } }),
})

test('outputs pass the job ID to the wait, and the address of the database to the deployment', async () => {
  const { exitCode, jobs } = await runWorkflow('deploy.yml', create({ seconds: 10 }))
  expect(exitCode).toBe(0)
  expect(jobs['deploy']?.result).toBe('success')
  const { Create, Wait, Deploy, 'Clean up': cleanUp } = jobs['deploy']?.steps ?? {}
  expect(Wait).toMatchObject({
    result: 'success',
    outputs: {
      status: 'Completed',
      result: 'completed',
      'job-id': Create?.outputs['job-id'],
      'instance-id': Create?.outputs['instance-id'],
      'instance-name': 'shop',
      'instance-endpoint': '192.168.0.10:3306',
    },
  })
  expect(Deploy?.prints).toBe('deploys to 192.168.0.10:3306\n')
  expect(cleanUp).toBeUndefined()
})

test('a failed job skips the deployment, and the clean-up gets the instance ID and the reason', async () => {
  const { exitCode, jobs } = await runWorkflow('deploy.yml', create({ seconds: 5, fail_reason: 'no quota' }))
  expect(exitCode).toBe(1)
  expect(jobs['deploy']?.result).toBe('failure')
  const { Create, Wait, Deploy, 'Clean up': cleanUp } = jobs['deploy']?.steps ?? {}
  expect(Wait?.result).toBe('failure')
  expect(Deploy).toBeUndefined()
  expect(cleanUp?.prints).toBe(`deletes ${Create?.outputs['instance-id'] ?? ''}\nfailed: no quota\n`)
})
