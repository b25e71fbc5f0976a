import { afterEach, describe, expect, test } from '@jest/globals'
import type { StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { annotation, annotations, stepAt } from './step.ts'

/** The built action with many jobs and with orders, against the simulator's job list. */

let simulator: Simulator
afterEach(async () => {
  await simulator.close()
})

async function start(options: SimulatorOptions = {}): Promise<void> {
  simulator = await startSimulator({ speed: 100, ...options })
}

function run(inputs: Record<string, string>): Promise<StepResult> {
  return stepAt(simulator, { token: simulator.token, ...inputs })
}

/** Requests to each API. */
function requests() {
  const paths = simulator.requests.map(({ path }) => path)
  return {
    jobs: paths.filter((path) => path.endsWith('/jobs')).length,
    list: paths.filter((path) => path.endsWith('/immediate-jobs')).length,
  }
}

describe('twenty jobs', () => {
  test('are polled with the job list, and each is confirmed by one request', async () => {
    await start()
    const ids = Array.from({ length: 20 }, (_, index) =>
      simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 200_000 + 10_000 * index }),
    )
    const result = await run({ 'job-id': ids.join() })
    expect(result.exitCode).toBe(0)
    expect(requests().jobs).toBe(20)
    expect(requests().list).toBeLessThan(8)
    const jobs = JSON.parse(result.outputs['jobs'] ?? '') as Record<string, unknown>[]
    expect(jobs.map(({ jobId }) => jobId)).toEqual(ids)
    // Only the response for a single job contains these.
    expect(jobs.map(({ instanceEndpoint }) => instanceEndpoint)).toEqual(ids.map(() => '192.168.0.10:3306'))
    expect(result.log.match(/Completed · /g)).toHaveLength(20)
    expect(result.summary).toContain('### ✅ 20 of 20 jobs completed')
  })

  test('fail the step if one failed although the list reports it as completed', async () => {
    await start()
    const ids = Array.from({ length: 20 }, (_, index) =>
      simulator.addJob({
        notFoundMs: 0,
        pendingMs: 0,
        runningMs: 0,
        outcome: index === 7 ? 'Failed' : 'Completed',
      }),
    )
    for (const id of ids) simulator.overrideListEntry(id, { status: 'Completed' })
    const result = await run({ 'job-id': ids.join() })
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toHaveLength(1)
    expect(result.outputs).toMatchObject({ result: 'failed', 'job-id': ids[7] })
  })

  test.each([
    ['is rejected', { fault: { status: 403 } }],
    ['always fails', { fault: 502 }],
  ] as const)('are polled one by one if the list request %s', async (_name, { fault }) => {
    await start()
    simulator.injectFault(fault, { api: 'job-list', times: 'always' })
    const ids = Array.from({ length: 20 }, () =>
      simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 }),
    )
    const result = await run({ 'job-id': ids.join() })
    expect(result.exitCode).toBe(0)
    expect(requests().jobs).toBe(20)
  })
})

describe('an order', () => {
  test('whose job appears late succeeds when the job completes', async () => {
    await start()
    const id = simulator.addJob({ orderId: 'CS1', notFoundMs: 100_000, pendingMs: 0, runningMs: 100_000 })
    const result = await run({ 'order-id': 'CS1' })
    expect(result.exitCode).toBe(0)
    expect(result.outputs).toMatchObject({ result: 'completed', 'job-id': id })
    expect(result.log).toContain('Waiting up to 30s for order CS1 at')
    expect(result.log).toContain(`jobs of the order: ${id}`)
  })

  test('whose job fails makes the step fail with the reason', async () => {
    await start()
    simulator.addJob({
      orderId: 'CS1',
      notFoundMs: 0,
      pendingMs: 0,
      runningMs: 0,
      outcome: 'Failed',
      failReason: 'no quota',
    })
    const result = await run({ 'order-id': 'CS1' })
    expect(result.exitCode).toBe(1)
    expect(annotation(result)).toMatch(/title=The job failed::.*“no quota”/)
  })

  test('that has a job without a usable status does not succeed without it', async () => {
    await start()
    const job = { orderId: 'CS1', notFoundMs: 0, pendingMs: 0, runningMs: 0 }
    simulator.addJob(job)
    simulator.overrideListEntry(simulator.addJob({ ...job, runningMs: 1e9 }), { status: '' })
    const result = await run({ 'order-id': 'CS1', timeout: '3s' })
    expect(result.exitCode).toBe(1)
    expect(result.log).toContain('a job without a status · next poll')
    expect(requests().jobs).toBe(0)
  })

  test('that has no job before the timeout makes the step fail', async () => {
    await start()
    const result = await run({ 'order-id': 'CS1', timeout: '3s' })
    expect(result.exitCode).toBe(1)
    expect(annotation(result)).toMatch(
      /title=The wait timed out::No job was found for order CS1 within 3s\. .*same order-id/,
    )
    expect(result.outputs).toMatchObject({ result: 'timed-out', status: '', 'job-id': '', jobs: '[]' })
  })

  test('whose list request is rejected makes the step fail immediately', async () => {
    await start()
    simulator.injectFault(
      { status: 403, body: '{"error_code":"DBS.200010"}' },
      { api: 'job-list', times: 'always' },
    )
    const result = await run({ 'order-id': 'CS1' })
    expect(result.exitCode).toBe(1)
    expect(annotation(result)).toMatch(
      /title=Permission denied::Could not get the jobs of order CS1: .*DBS\.200010/,
    )
    expect(result.outputs).toMatchObject({ result: 'error', jobs: '[]' })
    expect(requests()).toEqual({ jobs: 0, list: 1 })
  })
})
