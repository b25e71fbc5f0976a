import { afterEach, describe, expect, test } from '@jest/globals'
import { referenceExample } from '../../simulator/reference-example.ts'
import type { Service } from '../../simulator/services.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { getJob, manualClock, httpGet } from './simulator-request.ts'
import { newYear } from './simulator-sign.ts'

const { now, advance } = manualClock()
let open: Simulator[] = []
async function start(service?: Service): Promise<Simulator> {
  const clocks = { now, wallClock: () => newYear }
  const simulator = await startSimulator(service === undefined ? clocks : { ...clocks, service })
  open.push(simulator)
  return simulator
}
afterEach(async () => {
  await Promise.all(open.map((simulator) => simulator.close()))
  open = []
})

async function jobBody(simulator: Simulator, jobId: string): Promise<unknown> {
  return JSON.parse((await getJob(simulator, jobId)).body)
}

const instance = { id: 'a48e43ff268f4c0e879652d65e63d0fbin07', name: 'my-database' }
const options = { notFoundMs: 0, runningMs: 100_000, instance, name: 'Restart' }
const common = { name: 'Restart', status: 'Running', instance }
const dates = { created: '2026-01-01T08:00:00+0800', ended: '' }

describe('a running job', () => {
  test.each([
    ['rds' as const, { ...common, ...dates, process: '60%', entities: {} }],
    ['dds' as const, { ...common, ...dates, progress: '60%' }],
    ['gaussdb' as const, { ...common, ...dates, progress: '60%' }],
  ])('of %s is one job in the format of that service', async (service, job) => {
    const simulator = await start(service)
    const id = simulator.addJob(options)
    advance(60_000)
    expect(await jobBody(simulator, id)).toEqual({ job: { id, ...job } })
  })

  test('of geminidb is an array of one job whose times have other names', async () => {
    const simulator = await start('geminidb')
    const id = simulator.addJob(options)
    advance(60_000)
    const times = { start_time: '2026-01-01T08:00:00+0800', end_time: '' }
    const job = { id, ...common, ...times, progress: '60%' }
    expect(await jobBody(simulator, id)).toEqual({ jobs: [job], total_count: 1 })
  })

  test.each(['rds', 'dds', 'gaussdb', 'geminidb'] as const)('of %s is never pending', async (service) => {
    const simulator = await start(service)
    const id = simulator.addJob({ notFoundMs: 0 })
    expect(JSON.stringify(await jobBody(simulator, id))).toContain('"status":"Running"')
  })

  test('of another service can omit and override fields by the names of that service', async () => {
    const simulator = await start('gaussdb')
    const id = simulator.addJob({ notFoundMs: 0, override: { progress: 60 }, omit: ['created'] })
    expect(await jobBody(simulator, id)).toMatchObject({ job: { progress: 60 } })
    expect(await jobBody(simulator, id)).not.toHaveProperty('job.created')
  })
})

test('a failed job of geminidb contains the reason and its end time', async () => {
  const simulator = await start('geminidb')
  const id = simulator.addJob({ ...options, runningMs: 5_000, outcome: 'Failed', failReason: 'No capacity.' })
  advance(5_000)
  const job = { status: 'Failed', fail_reason: 'No capacity.', end_time: '2026-01-01T08:00:05+0800' }
  expect(await jobBody(simulator, id)).toMatchObject({ jobs: [job] })
})

describe('a job that does not exist or is not found yet', () => {
  test.each(['taurusdb', 'rds', 'dds', 'gaussdb'] as const)('is an error of %s', async (service) => {
    const simulator = await start(service)
    for (const jobId of ['no-such-job', simulator.addJob()]) {
      const response = await getJob(simulator, jobId)
      expect(response.status).toBe(400)
      expect(JSON.parse(response.body)).toMatchObject({ error_code: 'DBS.200543' })
    }
  })

  test('is an empty array of geminidb', async () => {
    const simulator = await start('geminidb')
    for (const jobId of ['no-such-job', simulator.addJob()]) {
      const response = await getJob(simulator, jobId)
      expect(response.status).toBe(200)
      expect(JSON.parse(response.body)).toEqual({ jobs: [], total_count: 0 })
    }
  })
})

test('faults that change the job also work for a job in an array', async () => {
  const simulator = await start('geminidb')
  const id = simulator.addJob(options)
  simulator.injectFault('other-job')
  const other = { jobs: [{ id: '00000000-0000-4000-8000-000000000000', status: 'Running' }] }
  expect(await jobBody(simulator, id)).toMatchObject({ ...other, total_count: 1 })
  simulator.injectFault('no-status')
  expect(await jobBody(simulator, id)).not.toHaveProperty('jobs.0.status')
})

test('only taurusdb, which is the default, has the job list and the example of the API reference', async () => {
  const found = async (service?: Service): Promise<unknown[]> => {
    const simulator = await start(service)
    const url = `${simulator.endpoint}/v3/${simulator.projectId}/immediate-jobs`
    const list = await httpGet(url, { headers: { 'x-auth-token': simulator.token } })
    return [list.status, (await getJob(simulator, referenceExample.jobId)).status]
  }
  expect(await found()).toEqual([200, 200])
  expect(await found('taurusdb')).toEqual([200, 200])
  expect(await found('rds')).toEqual([404, 400])
})
