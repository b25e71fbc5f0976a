import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { ask, handTurnedClock, jobIn } from './simulator-request.ts'

const { now, turn } = handTurnedClock()
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
  const answer = await send('instances', { name: 'my-database', charge_info, simulate })
  expect(answer.status).toBe(201)
  return (await answer.json()) as Ordered
}

/** The jobs that the list shows of an order, the newest first. */
async function jobsOf(orderId: string): Promise<Record<string, unknown>[]> {
  const answer = await send('immediate-jobs?limit=50')
  const { jobs } = (await answer.json()) as { jobs: Record<string, unknown>[] }
  return jobs.filter((job) => job['order_id'] === orderId)
}

function send(path: string, body?: unknown): Promise<Response> {
  const headers = { 'x-auth-token': simulator.token }
  const request = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) }
  return fetch(`${simulator.endpoint}/v3/${simulator.projectId}/${path}`, request)
}

describe('a yearly or monthly order', () => {
  test('answers its id and no job', async () => {
    const ordered = await order()
    expect(ordered.order_id).toMatch(/^CS[0-9A-F]{17}$/)
    expect(ordered).not.toHaveProperty('job_id')
    const charge = { charge_mode: 'prePaid', order_id: ordered.order_id }
    expect(ordered.instance.charge_info).toEqual(charge)
    expect((await order()).order_id).not.toBe(ordered.order_id)
  })

  test('has its job in the list 20 seconds later, and the time that a job is hidden', async () => {
    const { order_id: orderId, instance } = await order()
    turn(22_999)
    expect(await jobsOf(orderId)).toEqual([])
    turn(1)
    const [job, ...others] = await jobsOf(orderId)
    expect(job).toMatchObject({ status: 'Pending', instance_id: instance.id, instance_name: 'my-database' })
    expect(others).toEqual([])
    turn(57_000)
    const seen = jobIn(await ask(simulator, String(job?.['job_id'])))
    expect(seen).toMatchObject({ status: 'Completed', instance: { id: instance.id } })
    expect(Date.parse(String(seen['ended'])) - Date.parse(String(seen['created']))).toBe(60_000)
  })

  test('is paid when `order_seconds` says', async () => {
    const { order_id: orderId } = await order({ order_seconds: 300, hidden_seconds: 0, fail: true })
    turn(299_999)
    expect(await jobsOf(orderId)).toEqual([])
    turn(1)
    expect(await jobsOf(orderId)).toHaveLength(1)
    turn(60_000)
    expect(await jobsOf(orderId)).toMatchObject([{ status: 'Failed' }])
  })

  test('can have several jobs', async () => {
    const { order_id: orderId } = await order({ order_seconds: 0, hidden_seconds: 0 })
    turn(1_000)
    const second = simulator.addJob({ hiddenMs: 0, orderId })
    const jobs = await jobsOf(orderId)
    expect(jobs).toHaveLength(2)
    expect(jobs[0]).toMatchObject({ job_id: second })
  })

  test('is not what pay-per-use answers', async () => {
    const answer = await order({}, { charge_mode: 'postPaid' })
    expect(answer).toHaveProperty('job_id')
    expect(answer).not.toHaveProperty('order_id')
  })
})
