import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { getJob, manualClock, jobIn } from './simulator-request.ts'

const { now, advance } = manualClock()
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({ now })
})
afterAll(() => simulator.close())

interface Ordered {
  readonly instance: { readonly id: string; readonly charge_info: unknown }
  readonly order_id: string
}

const yearly = { charge_mode: 'prePaid', period_type: 'year', period_num: 1 }

async function order(simulate: unknown = {}, charge_info: unknown = yearly): Promise<Ordered> {
  const response = await send('instances', { name: 'my-database', charge_info, simulate })
  expect(response.status).toBe(201)
  return (await response.json()) as Ordered
}

/** The jobs of an order in the job list, newest first. */
async function jobsOf(orderId: string): Promise<Record<string, unknown>[]> {
  const response = await send('immediate-jobs?limit=50')
  const { jobs } = (await response.json()) as { jobs: Record<string, unknown>[] }
  return jobs.filter((job) => job['order_id'] === orderId)
}

function send(path: string, body?: unknown): Promise<Response> {
  const headers = { 'x-auth-token': simulator.token }
  const request = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) }
  return fetch(`${simulator.endpoint}/v3/${simulator.projectId}/${path}`, request)
}

describe('a yearly or monthly order', () => {
  test('returns an order ID instead of a job ID', async () => {
    const ordered = await order()
    expect(ordered.order_id).toMatch(/^CS[0-9A-F]{17}$/)
    expect(ordered).not.toHaveProperty('job_id')
    const charge = { charge_mode: 'prePaid', order_id: ordered.order_id }
    expect(ordered.instance.charge_info).toEqual(charge)
    expect((await order()).order_id).not.toBe(ordered.order_id)
  })

  test('has a job in the list after 20 seconds and the time that a new job is not found', async () => {
    const { order_id: orderId, instance } = await order()
    advance(22_999)
    expect(await jobsOf(orderId)).toEqual([])
    advance(1)
    const [job, ...others] = await jobsOf(orderId)
    expect(job).toMatchObject({ status: 'Pending', instance_id: instance.id, instance_name: 'my-database' })
    expect(others).toEqual([])
    advance(57_000)
    const finished = jobIn(await getJob(simulator, String(job?.['job_id'])))
    expect(finished).toMatchObject({ status: 'Completed', instance: { id: instance.id } })
    expect(Date.parse(String(finished['ended'])) - Date.parse(String(finished['created']))).toBe(60_000)
  })

  test('is paid after `order_seconds`', async () => {
    const { order_id: orderId } = await order({ order_seconds: 300, not_found_seconds: 0, fail: true })
    advance(299_999)
    expect(await jobsOf(orderId)).toEqual([])
    advance(1)
    expect(await jobsOf(orderId)).toHaveLength(1)
    advance(60_000)
    expect(await jobsOf(orderId)).toMatchObject([{ status: 'Failed' }])
  })

  test('can have several jobs', async () => {
    const { order_id: orderId } = await order({ order_seconds: 0, not_found_seconds: 0 })
    advance(1_000)
    const second = simulator.addJob({ notFoundMs: 0, orderId })
    const jobs = await jobsOf(orderId)
    expect(jobs).toHaveLength(2)
    expect(jobs[0]).toMatchObject({ job_id: second })
  })

  test('is not created for a pay-per-use instance', async () => {
    const response = await order({}, { charge_mode: 'postPaid' })
    expect(response).toHaveProperty('job_id')
    expect(response).not.toHaveProperty('order_id')
  })
})
