import { expect, test } from '@jest/globals'
import { runWorkflow } from './engine.ts'

test('requests authenticate with a token, an access key, or an access key from the environment', async () => {
  const { exitCode, jobs, requests } = await runWorkflow('credentials.yml', (simulator) => ({
    'job-id': simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 }),
  }))
  expect(exitCode).toBe(1)
  expect(Object.fromEntries(Object.entries(jobs).map(([id, { result }]) => [id, result]))).toEqual({
    token: 'success',
    'access-key': 'success',
    environment: 'success',
    'wrong-token': 'failure',
  })
  const kinds = requests.map(({ headers }) =>
    headers.authorization === undefined ? headers['x-auth-token'] : 'signature',
  )
  expect(kinds.toSorted()).toEqual([
    'not-a-valid-token',
    'signature',
    'signature',
    'simulator-token-not-a-secret',
  ])
  expect(jobs['environment']?.steps['Wait']?.prints).toContain('HUAWEI_CLOUD_ACCESS_KEY_ID')
  const prints = Object.values(jobs).flatMap(({ steps }) => Object.values(steps).map(({ prints }) => prints))
  for (const print of prints) expect(print).not.toMatch(/simulator-(token|secret)|SIMULATORACCESSKEY/)
})
