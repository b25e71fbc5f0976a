import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { ask, handTurnedClock, jobIn } from './simulator-request.ts'

const { now, turn } = handTurnedClock()
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({ now })
})
afterAll(() => simulator.close())

interface Created {
  readonly instance: { readonly id: string }
  readonly job_id: string
}

function create(order: unknown): Promise<Response> {
  return fetch(`${simulator.endpoint}/v3/${simulator.projectId}/instances`, {
    method: 'POST',
    headers: { 'x-auth-token': simulator.token, 'content-type': 'application/json' },
    body: typeof order === 'string' ? order : JSON.stringify(order),
  })
}

async function created(order: unknown): Promise<Created> {
  return (await (await create(order)).json()) as Created
}

describe('creating an instance', () => {
  test('answers at once with the instance and the id of its job', async () => {
    const answer = await create({ name: 'my-database', region: 'eu-west-101', password: 'not-a-secret' })
    expect(answer.status).toBe(201)
    const { instance, job_id: jobId } = (await answer.json()) as Created
    expect(instance).toMatchObject({ name: 'my-database', region: 'eu-west-101', status: 'BUILD' })
    expect(instance).not.toHaveProperty('password')
    turn(60_000)
    const job = jobIn(await ask(simulator, jobId))
    expect(job).toMatchObject({
      id: jobId,
      status: 'Completed',
      instance: { id: instance.id, name: 'my-database' },
    })
  })

  test('lets the job go as `simulate` says', async () => {
    const simulate = { hidden_seconds: 1, pending_seconds: 2, seconds: 10, fail_reason: 'No capacity.' }
    const { job_id: jobId } = await created({ simulate })
    expect((await ask(simulator, jobId)).status).toBe(400)
    turn(1_000)
    expect(jobIn(await ask(simulator, jobId))).toMatchObject({ status: 'Pending' })
    turn(7_000)
    expect(jobIn(await ask(simulator, jobId))).toMatchObject({ status: 'Running', process: '50%' })
    turn(5_000)
    expect(jobIn(await ask(simulator, jobId))).toMatchObject({
      status: 'Failed',
      fail_reason: 'No capacity.',
    })
  })

  test.each([
    [{ fail: true }, { status: 'Failed' }],
    [{ outcome: 'Canceled' }, { status: 'Canceled' }],
    [{ override: { status: 'Unauthorized' } }, { status: 'Unauthorized' }],
  ])('with simulate %j ends as told', async (simulate, end) => {
    const { job_id: jobId } = await created({ simulate })
    turn(60_000)
    expect(jobIn(await ask(simulator, jobId))).toMatchObject(end)
  })

  test('leaves out the fields that `omit` names', async () => {
    const { job_id: jobId } = await created({ simulate: { hidden_seconds: 0, omit: ['created'] } })
    expect(jobIn(await ask(simulator, jobId))).not.toHaveProperty('created')
  })

  test('lets the first asks for the job meet the faults in their order, and no other job', async () => {
    const faults = ['502', 'cut', 503, { status: 200, body: 'odd' }]
    const { job_id: jobId } = await created({ simulate: { hidden_seconds: 0, faults } })
    const { job_id: other } = await created({ simulate: { hidden_seconds: 0 } })
    expect((await ask(simulator, other)).status).toBe(200)
    const heard = []
    for (let n = 0; n < 5; n += 1) heard.push(await ask(simulator, jobId))
    expect(heard.map(({ status, end }) => status ?? end)).toEqual([502, 'ECONNRESET', 503, 200, 200])
    expect(heard[3]?.body).toBe('odd')
  })

  test.each([
    ['not JSON', 'Parameter error.'],
    [{ simulate: 7 }, 'Parameter error. `simulate` must be an object.'],
    [{ simulate: { sceonds: 1 } }, 'Parameter error. Not understood: `simulate.sceonds`.'],
    [{ simulate: { seconds: '1' } }, 'Parameter error. Not understood: `simulate.seconds`.'],
    [{ simulate: { faults: ['no-such-fault'] } }, 'Parameter error. Not understood: `simulate.faults`.'],
    [{ simulate: { faults: [100] } }, 'Parameter error. Not understood: `simulate.faults`.'],
    [
      { simulate: { faults: [{ status: 200, headers: { 'x-odd': 'a\nb' } }] } },
      'Parameter error. Not understood: `simulate.faults`.',
    ],
  ])('refuses %j and says why', async (order, message) => {
    const answer = await create(order)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toEqual({ error_code: 'DBS.280001', error_msg: message })
  })
})
