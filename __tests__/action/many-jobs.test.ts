import { afterEach, describe, expect, test } from '@jest/globals'
import type { StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { annotation, annotations, stepAt } from './step.ts'

/** The built action with many jobs, and with orders, against the simulator's list. */

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

/** How often each API was asked. */
function asked() {
  const paths = simulator.requests.map(({ path }) => path)
  return {
    jobs: paths.filter((path) => path.endsWith('/jobs')).length,
    list: paths.filter((path) => path.endsWith('/immediate-jobs')).length,
  }
}

describe('twenty jobs', () => {
  test('are asked for by the list, and each is confirmed once', async () => {
    await start()
    const ids = Array.from({ length: 20 }, (_, index) =>
      simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 200_000 + 10_000 * index }),
    )
    const result = await run({ 'job-id': ids.join() })
    expect(result.exitCode).toBe(0)
    expect(asked().jobs).toBe(20)
    expect(asked().list).toBeLessThan(8)
    const jobs = JSON.parse(result.outputs['jobs'] ?? '') as Record<string, unknown>[]
    expect(jobs.map(({ jobId }) => jobId)).toEqual(ids)
    // Only a job's own answer tells these.
    expect(jobs.map(({ instanceEndpoint }) => instanceEndpoint)).toEqual(ids.map(() => '192.168.0.10:3306'))
    expect(result.log.match(/Completed · /g)).toHaveLength(20)
    expect(result.summary).toContain('### ✅ 20 of 20 jobs completed')
  })

  test('of which the list says that all completed are red when one did not', async () => {
    await start()
    const ids = Array.from({ length: 20 }, (_, index) =>
      simulator.addJob({
        hiddenMs: 0,
        pendingMs: 0,
        runningMs: 0,
        outcome: index === 7 ? 'Failed' : 'Completed',
      }),
    )
    for (const id of ids) simulator.listOverride(id, { status: 'Completed' })
    const result = await run({ 'job-id': ids.join() })
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toHaveLength(1)
    expect(result.outputs).toMatchObject({ result: 'failed', 'job-id': ids[7] })
  })

  test.each([
    ['is refused', { fault: { status: 403 } }],
    ['always fails', { fault: 502 }],
  ] as const)('are each asked for when the list %s', async (_name, { fault }) => {
    await start()
    simulator.misbehave(fault, { api: 'job-list', times: 'for ever' })
    const ids = Array.from({ length: 20 }, () =>
      simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0 }),
    )
    const result = await run({ 'job-id': ids.join() })
    expect(result.exitCode).toBe(0)
    expect(asked().jobs).toBe(20)
  })
})

describe('an order', () => {
  test('whose job comes late is green once the job completed', async () => {
    await start()
    const id = simulator.addJob({ orderId: 'CS1', hiddenMs: 100_000, pendingMs: 0, runningMs: 100_000 })
    const result = await run({ 'order-id': 'CS1' })
    expect(result.exitCode).toBe(0)
    expect(result.outputs).toMatchObject({ result: 'completed', 'job-id': id })
    expect(result.log).toContain('Waiting for order CS1 at')
    expect(result.log).toContain(`the order’s jobs: ${id}`)
  })

  test('whose job fails is red with its reason', async () => {
    await start()
    simulator.addJob({
      orderId: 'CS1',
      hiddenMs: 0,
      pendingMs: 0,
      runningMs: 0,
      outcome: 'Failed',
      failReason: 'no quota',
    })
    const result = await run({ 'order-id': 'CS1' })
    expect(result.exitCode).toBe(1)
    expect(annotation(result)).toMatch(/title=The job failed::.*“no quota”/)
  })

  test('that has no job in time is red, and says so', async () => {
    await start()
    const result = await run({ 'order-id': 'CS1', timeout: '3s' })
    expect(result.exitCode).toBe(1)
    expect(annotation(result)).toMatch(
      /title=The wait timed out::Order CS1 had no job after 3s; .*same order-id/,
    )
    expect(result.outputs).toMatchObject({ result: 'timed-out', status: '', 'job-id': '', jobs: '[]' })
  })

  test('whose list is refused is red at once', async () => {
    await start()
    simulator.misbehave(
      { status: 403, body: '{"error_code":"DBS.200010"}' },
      { api: 'job-list', times: 'for ever' },
    )
    const result = await run({ 'order-id': 'CS1' })
    expect(result.exitCode).toBe(1)
    expect(annotation(result)).toMatch(
      /title=The permission is missing::Order CS1 could not be asked for: .*DBS\.200010/,
    )
    expect(result.outputs).toMatchObject({ result: 'error', jobs: '[]' })
    expect(asked()).toEqual({ jobs: 0, list: 1 })
  })
})
