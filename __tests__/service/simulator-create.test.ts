import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { getJob, manualClock, jobIn } from './simulator-request.ts'

const { now, advance } = manualClock()
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({ now })
})
afterAll(() => simulator.close())

interface Created {
  readonly instance: { readonly id: string }
  readonly job_id: string
}

function create(parameters: unknown): Promise<Response> {
  return fetch(`${simulator.endpoint}/v3/${simulator.projectId}/instances`, {
    method: 'POST',
    headers: { 'x-auth-token': simulator.token, 'content-type': 'application/json' },
    body: typeof parameters === 'string' ? parameters : JSON.stringify(parameters),
  })
}

async function created(parameters: unknown): Promise<Created> {
  return (await (await create(parameters)).json()) as Created
}

describe('creating an instance', () => {
  test('returns the instance and the job ID immediately', async () => {
    const response = await create({ name: 'my-database', region: 'eu-west-101', password: 'not-a-secret' })
    expect(response.status).toBe(201)
    const { instance, job_id: jobId } = (await response.json()) as Created
    expect(instance).toMatchObject({ name: 'my-database', region: 'eu-west-101', status: 'BUILD' })
    expect(instance).not.toHaveProperty('password')
    advance(60_000)
    const job = jobIn(await getJob(simulator, jobId))
    expect(job).toMatchObject({
      id: jobId,
      status: 'Completed',
      instance: { id: instance.id, name: 'my-database' },
    })
  })

  test('creates a job that behaves as `simulate` specifies', async () => {
    const simulate = { not_found_seconds: 1, pending_seconds: 2, seconds: 10, fail_reason: 'No capacity.' }
    const { job_id: jobId } = await created({ simulate })
    expect((await getJob(simulator, jobId)).status).toBe(400)
    advance(1_000)
    expect(jobIn(await getJob(simulator, jobId))).toMatchObject({ status: 'Pending' })
    advance(7_000)
    expect(jobIn(await getJob(simulator, jobId))).toMatchObject({ status: 'Running', process: '50%' })
    advance(5_000)
    expect(jobIn(await getJob(simulator, jobId))).toMatchObject({
      status: 'Failed',
      fail_reason: 'No capacity.',
    })
  })

  test.each([
    [{ fail: true }, { status: 'Failed' }],
    [{ outcome: 'Canceled' }, { status: 'Canceled' }],
    [{ override: { status: 'Unauthorized' } }, { status: 'Unauthorized' }],
  ])('with simulate %j creates a job that ends accordingly', async (simulate, end) => {
    const { job_id: jobId } = await created({ simulate })
    advance(60_000)
    expect(jobIn(await getJob(simulator, jobId))).toMatchObject(end)
  })

  test('omits the fields in `omit`', async () => {
    const { job_id: jobId } = await created({ simulate: { not_found_seconds: 0, omit: ['created'] } })
    expect(jobIn(await getJob(simulator, jobId))).not.toHaveProperty('created')
  })

  test('applies the faults in order to the first requests for the job, but not to other jobs', async () => {
    const faults = ['502', 'cut', 503, { status: 200, body: 'odd' }]
    const { job_id: jobId } = await created({ simulate: { not_found_seconds: 0, faults } })
    const { job_id: other } = await created({ simulate: { not_found_seconds: 0 } })
    expect((await getJob(simulator, other)).status).toBe(200)
    const results = []
    for (let n = 0; n < 5; n += 1) results.push(await getJob(simulator, jobId))
    expect(results.map(({ status, end }) => status ?? end)).toEqual([502, 'ECONNRESET', 503, 200, 200])
    expect(results[3]?.body).toBe('odd')
  })

  test.each([
    ['not JSON', 'Parameter error.'],
    [{ simulate: 7 }, 'Parameter error. `simulate` must be an object.'],
    [{ simulate: { sceonds: 1 } }, 'Parameter error. Unknown field or invalid value: `simulate.sceonds`.'],
    [{ simulate: { seconds: '1' } }, 'Parameter error. Unknown field or invalid value: `simulate.seconds`.'],
    [
      { simulate: { faults: ['no-such-fault'] } },
      'Parameter error. Unknown field or invalid value: `simulate.faults`.',
    ],
    [{ simulate: { faults: [100] } }, 'Parameter error. Unknown field or invalid value: `simulate.faults`.'],
    [
      { simulate: { faults: [{ status: 200, headers: { 'x-odd': 'a\nb' } }] } },
      'Parameter error. Unknown field or invalid value: `simulate.faults`.',
    ],
  ])('rejects %j with a reason', async (parameters, message) => {
    const response = await create(parameters)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error_code: 'DBS.280001', error_msg: message })
  })
})
