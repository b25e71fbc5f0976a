import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { runStep, type StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { withCode } from './preload.ts'
import { annotations, notices, stepAt } from './step.ts'

/** How each wait ends: the built action as the runner starts it, against the simulator. */

let simulator: Simulator

beforeEach(async () => {
  simulator = await startSimulator({ speed: 100 })
})
afterEach(async () => {
  await simulator.close()
})

function run(inputs: Record<string, string> = {}): Promise<StepResult> {
  return stepAt(simulator, { token: simulator.token, ...inputs })
}

test('the step succeeds with outputs, a summary, and one notice when the job completes', async () => {
  const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 50_000 })
  const result = await run({ 'job-id': id })
  expect(result.exitCode).toBe(0)
  expect(result.outputs).toMatchObject({
    status: 'Completed',
    result: 'completed',
    'job-id': id,
    progress: '100',
    'duration-seconds': '50',
    'instance-endpoint': '192.168.0.10:3306',
  })
  expect(result.summary).toContain('### ✅ The job completed')
  expect(annotations(result)).toEqual([])
  expect(notices(result)).toEqual([
    expect.stringMatching(
      /^::notice title=The job completed::Job .* completed in 50s: .* 192\.168\.0\.10:3306\.$/,
    ),
  ])
  expect(result.log).toContain('Completed')
  expect(result.log).toMatch(
    /^::group::Details\n(?!::).*\n[^]*^output result: completed\n[^]*^::endgroup::$/m,
  )
})

test('the step succeeds with the example response from the API reference', async () => {
  const result = await run({ 'job-id': '31b8ae23-c687-4d80-b7b4-42a66c9bb886' })
  expect(result.exitCode).toBe(0)
  expect(result.outputs).toMatchObject({
    'instance-id': 'a48e43ff268f4c0e879652d65e63d0fbin07',
    'instance-name': 'DO-NOT-TOUCH-mgr2-mysql-single',
    'job-name': 'CreateGaussDBforMySQLInstance',
    created: '2018-08-06T10:41:14+0800',
    ended: '2018-08-06T16:41:14+0000',
    'duration-seconds': '50400',
    'instance-endpoint': '192.168.1.203:3306',
  })
})

describe('the step fails with exit code 1 and exactly one error annotation after', () => {
  test('a failed job, with the reason from the service', async () => {
    const id = simulator.addJob({
      notFoundMs: 0,
      pendingMs: 0,
      runningMs: 0,
      outcome: 'Failed',
      failReason: 'no quota',
    })
    const result = await run({ 'job-id': id })
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toEqual([
      expect.stringMatching(/^::error title=The job failed::.*“no quota”/),
    ])
    expect(notices(result)).toEqual([])
    expect(result.outputs).toMatchObject({ status: 'Failed', result: 'failed', 'fail-reason': 'no quota' })
    expect(result.summary).toContain('no quota')
  })

  test('a canceled job', async () => {
    const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0, outcome: 'Canceled' })
    const result = await run({ 'job-id': id })
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toEqual([expect.stringContaining('title=The job was canceled')])
    expect(result.outputs['result']).toBe('canceled')
  })

  test('a timeout, with the last status and the tally', async () => {
    const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 1_000_000 })
    const result = await run({ 'job-id': id, timeout: '2s' })
    expect(result.exitCode).toBe(1)
    expect(result.milliseconds).toBeLessThan(4_000)
    expect(annotations(result)).toEqual([
      expect.stringMatching(/The wait timed out::.*3 requests: 3 × Running/),
    ])
    expect(result.outputs).toMatchObject({ status: 'Running', result: 'timed-out' })
    expect(Number(result.outputs['progress'])).toBeGreaterThan(5)
  })

  test('a rejected token, which is sent only once', async () => {
    const result = await run({ 'job-id': simulator.addJob(), token: 'wrong-token-not-a-secret' })
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toEqual([expect.stringMatching(/Authentication failed::.*401 APIGW\.0301/)])
    expect(result.outputs['result']).toBe('error')
    expect(simulator.requests).toHaveLength(1)
  })

  test('a job that no longer exists', async () => {
    const id = simulator.addJob({ notFoundMs: 0, runningMs: 1_000_000 })
    // Not before the action has seen it.
    const timer = setInterval(() => {
      if (simulator.requests.length > 1) simulator.removeJob(id)
    }, 50)
    const result = await run({ 'job-id': id })
    clearInterval(timer)
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toEqual([expect.stringContaining('title=The job can no longer be found')])
    expect(result.outputs['result']).toBe('vanished')
  })

  test('invalid inputs, which are reported together without sending a request', async () => {
    const result = await run({ endpoint: '', 'job-id': '', timeout: 'soon' })
    expect(result.exitCode).toBe(1)
    const [annotation, ...others] = annotations(result)
    expect(others).toEqual([])
    expect(annotation).toMatch(/Invalid inputs::.*- endpoint: .*- job-id: .*- timeout: /)
    expect(result.outputs).toMatchObject({ result: 'error', status: '', jobs: '[]' })
    expect(result.summary).toContain('Invalid inputs')
    expect(simulator.requests).toEqual([])
  })
})

test('the step waits for each of several jobs, and fails if one of them failed', async () => {
  const [completed, failed] = [
    simulator.addJob({ notFoundMs: 0, runningMs: 100_000 }),
    simulator.addJob({ notFoundMs: 0, runningMs: 0, outcome: 'Failed', failReason: 'no quota' }),
  ]
  const result = await run({ 'job-id': `${completed}\n${failed}\n${completed.toUpperCase()}` })
  expect(result.exitCode).toBe(1)
  expect(result.outputs['job-id']).toBe(failed)
  const jobs = JSON.parse(result.outputs['jobs'] ?? '') as { jobId: string; result: string }[]
  expect(jobs.map(({ jobId, result }) => [jobId, result])).toEqual([
    [completed, 'completed'],
    [failed, 'failed'],
  ])
  expect(result.summary).toContain('1 of 2 jobs completed')
})

test('requests are GET requests with the token and the language in their headers', async () => {
  const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
  await run({ 'job-id': id, language: 'zh-cn', endpoint: `${simulator.endpoint}/mysql/` })
  expect(simulator.requests).toMatchObject([
    {
      method: 'GET',
      path: `/mysql/v3/${simulator.projectId}/jobs`,
      query: { id },
      headers: { 'x-auth-token': simulator.token, 'x-language': 'zh-cn' },
    },
  ])
})

test('the token is masked before anything else is printed, and appears nowhere else', async () => {
  const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
  const { log, summary, outputs } = await run({ 'job-id': id })
  expect(log.split('\n')[0]).toBe(`::add-mask::${simulator.token}`)
  const rest = log.replaceAll(/^::add-mask::.*$/gm, '') + summary + JSON.stringify(outputs)
  expect(rest).not.toContain(simulator.token)
})

describe('the step fails after an internal error:', () => {
  const runWith = (code: string, timeout = '2s') =>
    runStep({
      with: {
        endpoint: simulator.endpoint,
        'project-id': simulator.projectId,
        token: simulator.token,
        'job-id': simulator.addJob({ runningMs: Infinity }),
        timeout,
      },
      env: withCode(code),
    })

  test.each([
    ['an Error', 'new Error("broken")'],
    ['a string', '"broken"'],
    ['undefined', 'undefined'],
  ])('%s is thrown and not caught', async (_name, thrown) => {
    const result = await runWith(`setTimeout(() => { throw ${thrown} }, 500)`, '30s')
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toEqual([expect.stringContaining('title=Internal error')])
    expect(result.outputs['result']).toBe('error')
    // The outputs contain what is known by then.
    expect(result.outputs['job-id']).not.toBe('')
    expect(result.outputs['jobs']).toContain('"jobId"')
  })

  test('an error is thrown while the report of a completed job is written', async () => {
    const result = await runStep({
      with: {
        endpoint: simulator.endpoint,
        'project-id': simulator.projectId,
        token: simulator.token,
        'job-id': simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 }),
      },
      env: withCode(`
        import fs from 'node:fs'
        const { open } = fs.promises
        fs.promises.open = async (path, ...rest) => {
          if (path === process.env.GITHUB_STEP_SUMMARY) setTimeout(() => { throw new Error('broken') })
          await new Promise((resolve) => setTimeout(resolve, 50))
          return open(path, ...rest)
        }
      `),
    })
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toHaveLength(1)
  })

  test('a promise is rejected and not handled', async () => {
    const result = await runWith('setTimeout(() => { Promise.reject(Object.create(null)) }, 500)', '30s')
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toHaveLength(1)
  })

  test('a request never settles', async () => {
    const result = await runWith(
      'import http from "node:http"; http.request = () => ({ on() { return this }, once() { return this }, setTimeout() {}, end() {} })',
    )
    expect(result.exitCode).toBe(1)
    expect(result.outputs['result']).toBe('timed-out')
    expect(annotations(result)).toHaveLength(1)
  })

  test('Node.js has nothing left to do before the wait ends', async () => {
    const result = await runWith(
      'globalThis.setTimeout = () => 0; globalThis.Promise.race = () => new Promise(() => {})',
    )
    expect(result.exitCode).toBe(1)
    expect(result.outputs['result']).not.toBe('completed')
    expect(annotations(result)).toHaveLength(1)
  })
})
