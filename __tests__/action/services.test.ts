import { afterEach, describe, expect, test } from '@jest/globals'
import { services, type Service } from '../../simulator/services.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { annotation, annotations, stepAt } from './step.ts'

/** The built action with each database service that the simulator simulates. */

const SERVICES = Object.keys(services) as Service[]

let simulator: Simulator | undefined
afterEach(async () => {
  await simulator?.close()
})

function run(simulator: Simulator, service: Service, inputs: Record<string, string>) {
  return stepAt(simulator, { token: simulator.token, service, ...inputs })
}

test('the step succeeds with outputs when a job of each service completes', async () => {
  const results = await Promise.all(
    SERVICES.map(async (service) => {
      const simulator = await startSimulator({ speed: 100, service })
      const id = simulator.addJob({
        ...{ notFoundMs: 50_000, pendingMs: 0, runningMs: 200_000 },
        name: 'CreateInstance',
      })
      const result = await stepAt(simulator, { token: simulator.token, service, 'job-id': id })
      await simulator.close()
      return { service, id, result }
    }),
  )
  for (const { service, id, result } of results) {
    const hasEntities = service === 'taurusdb' || service === 'rds'
    expect(annotations(result)).toEqual([])
    expect(result.exitCode).toBe(0)
    expect(result.outputs).toMatchObject({
      status: 'Completed',
      result: 'completed',
      'job-id': id,
      'job-name': 'CreateInstance',
      'instance-name': 'simulated-instance',
      'duration-seconds': '250',
      'instance-endpoint': hasEntities ? '192.168.0.10:3306' : '',
    })
    expect(result.outputs['created']).toMatch(/\+0800$/)
    // The progress of the running job is logged, whatever the field is called.
    expect(result.log).toMatch(/[1-9]\d?% {2}Running/)
  }
})

describe.each(SERVICES)('a job of %s', (service) => {
  test('that fails makes the step fail with the reason', async () => {
    simulator = await startSimulator({ speed: 100, service })
    const failing = {
      notFoundMs: 0,
      pendingMs: 0,
      runningMs: 0,
      outcome: 'Failed',
      failReason: 'no quota',
    } as const
    const result = await run(simulator, service, { 'job-id': simulator.addJob(failing) })
    expect(result.exitCode).toBe(1)
    expect(annotation(result)).toMatch(/title=The job failed::.*“no quota”/)
    expect(result.outputs).toMatchObject({ result: 'failed', 'fail-reason': 'no quota' })
  })

  test(`${service === 'geminidb' ? 'is polled again' : 'makes the step fail'} if the response is about another job`, async () => {
    simulator = await startSimulator({ speed: 100, service })
    const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
    simulator.injectFault('other-job')
    const result = await run(simulator, service, { 'job-id': id })
    // A list that contains only other jobs may not contain a new job yet.
    const isList = service === 'geminidb'
    expect(result.exitCode).toBe(isList ? 0 : 1)
    expect(annotation(result).includes('title=The response is about another job')).toBe(!isList)
  })
})

test('the step fails if the response has the format of another service', async () => {
  const cases = [
    [
      'geminidb',
      'taurusdb',
      '“jobs, total_count”.%0AThe response has the format of GeminiDB. For a GeminiDB job, set service to geminidb; otherwise, check the endpoint.',
    ],
    [
      'rds',
      'geminidb',
      '“job”.%0AThe response has the format of TaurusDB, RDS, DDS, and GaussDB. For a job of one of them, set service accordingly; otherwise, check the endpoint.',
    ],
  ] as const
  const results = await Promise.all(
    cases.map(async ([real, given, expected]) => {
      const simulator = await startSimulator({ speed: 100, service: real })
      const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
      const result = await stepAt(simulator, { token: simulator.token, service: given, 'job-id': id })
      await simulator.close()
      return { expected, result }
    }),
  )
  for (const { expected, result } of results) {
    expect(result.exitCode).toBe(1)
    expect(annotations(result)).toHaveLength(1)
    expect(annotation(result)).toContain('title=The responses are not usable')
    expect(annotation(result)).toContain(expected)
    expect(result.outputs['result']).toBe('error')
  }
})

test('a GeminiDB job is found by its ID in a list with other jobs', async () => {
  simulator = await startSimulator({ speed: 100, service: 'geminidb' })
  const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 1_000_000 })
  const jobs = [
    { id: 'another', status: 'Completed' },
    { id, status: 'Failed', fail_reason: 'mine' },
  ]
  simulator.injectFault({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jobs, total_count: 2 }),
  })
  const result = await run(simulator, 'geminidb', { 'job-id': id })
  expect(result.exitCode).toBe(1)
  expect(result.outputs).toMatchObject({ result: 'failed', 'fail-reason': 'mine' })
})
