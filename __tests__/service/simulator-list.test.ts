import { afterEach, describe, expect, test } from '@jest/globals'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { getJob, manualClock, httpGet, type HttpResult } from './simulator-request.ts'
import { newYear } from './simulator-sign.ts'

let open: Simulator[] = []
async function start(options: SimulatorOptions = {}): Promise<Started> {
  const { now, advance } = manualClock()
  const simulator = await startSimulator({ now, wallClock: () => newYear, ...options })
  open.push(simulator)
  return { simulator, advance }
}
afterEach(async () => {
  await Promise.all(open.map((simulator) => simulator.close()))
  open = []
})

interface Started {
  readonly simulator: Simulator
  readonly advance: (ms: number) => void
}

interface Listed {
  readonly jobs: readonly Readonly<Record<string, unknown>>[]
  readonly total_count: number
}

function getList(simulator: Simulator, query: Record<string, string> = {}): Promise<HttpResult> {
  const path = `v3/${simulator.projectId}/immediate-jobs?${new URLSearchParams(query).toString()}`
  return httpGet(`${simulator.endpoint}/${path}`, { headers: { 'x-auth-token': simulator.token } })
}

async function listed(simulator: Simulator, query?: Record<string, string>): Promise<Listed> {
  return JSON.parse((await getList(simulator, query)).body) as Listed
}

async function idsIn(simulator: Simulator, query?: Record<string, string>): Promise<unknown[]> {
  return (await listed(simulator, query)).jobs.map(({ job_id: id }) => id)
}

const hour = 3_600_000
const day = 24 * hour

describe('the list of jobs', () => {
  test('contains a running job in its own format', async () => {
    const { simulator, advance } = await start()
    const instance = { id: 'a48e43ff268f4c0e879652d65e63d0fbin07', name: 'my-database' }
    const options = { notFoundMs: 0, pendingMs: 0, runningMs: 100_000, instance, orderId: 'CS1' }
    const jobId = simulator.addJob(options)
    advance(60_000)
    const entry = {
      instance_id: 'a48e43ff268f4c0e879652d65e63d0fbin07',
      instance_name: 'my-database',
      instance_status: 'creating',
      job_id: jobId,
      order_id: 'CS1',
      job_name: 'CreateGaussDBforMySQLInstance',
      status: 'Running',
      process: '60%',
      created_time: '2026-01-01T08:00:00+0800',
      ended_time: '',
      fail_reason: null,
      show_detail: false,
      extend_fields: null,
    }
    expect(await listed(simulator)).toEqual({ jobs: [entry], total_count: 1 })
  })

  test('contains the end of a job, the reason of a failure, and the status of the instance', async () => {
    const { simulator, advance } = await start()
    simulator.addJob({ runningMs: 0, outcome: 'Failed', failReason: 'No capacity.' })
    advance(1_000)
    simulator.addJob({ name: 'RebootGaussDBforMySQLInstance', runningMs: hour })
    simulator.addJob({ runningMs: 0 })
    advance(60_000)
    expect((await listed(simulator)).jobs).toMatchObject([
      { status: 'Completed', instance_status: 'normal', order_id: null, fail_reason: null },
      { status: 'Running', instance_status: 'normal' },
      {
        status: 'Failed',
        instance_status: 'createfail',
        fail_reason: 'No capacity.',
        ended_time: '2026-01-01T08:00:05+0800',
      },
    ])
  })

  test('does not contain a job that is not found yet or was removed', async () => {
    const { simulator, advance } = await start()
    const jobId = simulator.addJob({ notFoundMs: 3_000 })
    advance(2_999)
    expect(await listed(simulator)).toEqual({ jobs: [], total_count: 0 })
    advance(1)
    expect(await idsIn(simulator)).toEqual([jobId])
    simulator.removeJob(jobId)
    expect(await idsIn(simulator)).toEqual([])
  })

  test('is sorted by creation, newest first, even within one second', async () => {
    const { simulator } = await start()
    const add = (createdAt: number): string => simulator.addJob({ notFoundMs: 0, createdAt })
    const [middle, first, last, old] = [newYear, newYear, newYear + 5_000, newYear - day].map(add)
    expect(await idsIn(simulator)).toEqual([last, first, middle, old])
  })

  test('can be filtered by status, name, and ID', async () => {
    const { simulator } = await start()
    const pending = simulator.addJob({ notFoundMs: 0 })
    const running = simulator.addJob({ notFoundMs: 0, pendingMs: 0, name: 'RebootGaussDBforMySQLInstance' })
    expect(await idsIn(simulator, { status: 'Pending' })).toEqual([pending])
    expect(await idsIn(simulator, { job_name: 'RebootGaussDBforMySQLInstance' })).toEqual([running])
    expect(await listed(simulator, { job_id: pending })).toMatchObject({ total_count: 1 })
    expect(await idsIn(simulator, { job_id: pending, status: 'Running' })).toEqual([])
  })

  test('can be filtered by creation time, inclusive and in any time zone', async () => {
    const { simulator } = await start()
    const add = (createdAt: number): string => simulator.addJob({ notFoundMs: 0, createdAt })
    const [early, noon, late] = [newYear - hour, newYear, newYear + hour].map(add)
    const window = { start_time: '2026-01-01T08:00:00+0800', end_time: '2026-01-01T00:00:00+0000' }
    expect(await idsIn(simulator, window)).toEqual([noon])
    expect(await idsIn(simulator, { start_time: window.start_time })).toEqual([late, noon])
    expect(await idsIn(simulator, { end_time: window.end_time })).toEqual([noon, early])
  })

  test('covers the last 30 days by default, and more with a start time', async () => {
    const { simulator, advance } = await start()
    const jobId = simulator.addJob({ notFoundMs: 0 })
    advance(30 * day)
    expect(await idsIn(simulator)).toEqual([jobId])
    advance(1_000)
    expect(await idsIn(simulator)).toEqual([])
    expect(await idsIn(simulator, { start_time: '2025-12-01T00:00:00+0000' })).toEqual([jobId])
  })

  test.each([0, 1] as const)(
    'has pages of 10, 20, or 50 jobs, starting at offset %d',
    async (firstOffset) => {
      const { simulator } = await start({ firstOffset })
      const ids = Array.from({ length: 25 }, () => simulator.addJob({ notFoundMs: 0 })).reverse()
      expect(await listed(simulator)).toMatchObject({ jobs: { length: 10 }, total_count: 25 })
      expect(await idsIn(simulator)).toEqual(ids.slice(0, 10))
      expect(await idsIn(simulator, { limit: '50' })).toEqual(ids)
      const second = { limit: '20', offset: String(firstOffset + 20) }
      expect(await idsIn(simulator, { limit: '20', offset: String(firstOffset) })).toEqual(ids.slice(0, 20))
      expect(await idsIn(simulator, second)).toEqual(ids.slice(20))
      expect(await idsIn(simulator, { offset: '0' })).toEqual(ids.slice(0, 10))
    },
  )

  test.each([
    { limit: '100' },
    { limit: '' },
    { offset: '-1' },
    { offset: 'x' },
    { start_time: '2026-01-01T08:00:00Z' },
    { start_time: '2026-01-01T08:00:00+08:00' },
    { end_time: '2026-01-01T08:00:00 0800' },
    { end_time: '2026-13-01T08:00:00+0800' },
  ])('is rejected with %j', async (query) => {
    const { simulator } = await start()
    const response = await getList(simulator, query)
    expect(response.status).toBe(400)
    expect(JSON.parse(response.body)).toEqual({ error_code: 'DBS.280001', error_msg: 'Parameter error.' })
  })

  test('requires the token and project of the jobs API, and shares its rate limit', async () => {
    const { simulator } = await start({ rateLimit: { requests: 2, windowMs: 300_000 } })
    const url = `${simulator.endpoint}/v3/${simulator.projectId}/immediate-jobs`
    const other = url.replace(simulator.projectId, 'f'.repeat(32))
    const headers = { 'x-auth-token': simulator.token }
    expect((await httpGet(url)).status).toBe(401)
    expect((await httpGet(other, { headers })).status).toBe(403)
    expect((await getJob(simulator, 'any')).status).toBe(400)
    expect((await getList(simulator)).status).toBe(429)
  })

  test('can be rejected permanently while the jobs API succeeds, and vice versa', async () => {
    const { simulator } = await start()
    const jobId = simulator.addJob({ notFoundMs: 0 })
    const statuses = async (): Promise<unknown[]> => [
      (await getList(simulator)).status,
      (await getJob(simulator, jobId)).status,
    ]
    simulator.injectFault(403, { api: 'job-list', times: 'always' })
    expect(await statuses()).toEqual([403, 200])
    simulator.injectFault(500, { api: 'jobs' })
    expect(await statuses()).toEqual([403, 500])
    expect(await statuses()).toEqual([403, 200])
  })

  test('can return different fields of a job, and omit it', async () => {
    const { simulator } = await start()
    const other = simulator.addJob({ notFoundMs: 0 })
    const jobId = simulator.addJob({ notFoundMs: 0 })
    simulator.overrideListEntry(jobId, { status: 'Completed', order_id: undefined, process: 60 })
    const [overridden, real] = (await listed(simulator)).jobs
    expect(overridden).toMatchObject({ job_id: jobId, status: 'Completed', process: 60 })
    expect(overridden).not.toHaveProperty('order_id')
    expect(real).toMatchObject({ job_id: other, status: 'Pending' })
    expect(await idsIn(simulator, { status: 'Completed' })).toEqual([jobId])
    simulator.overrideListEntry(jobId, 'absent')
    expect(await listed(simulator)).toMatchObject({ jobs: [{ job_id: other }], total_count: 1 })
    expect((await getJob(simulator, jobId)).status).toBe(200)
    simulator.overrideListEntry(jobId, {})
    expect(await idsIn(simulator)).toEqual([jobId, other])
  })
})
