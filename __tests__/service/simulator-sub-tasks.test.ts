import { afterEach, describe, expect, test } from '@jest/globals'
import { planJob, type JobOptions } from '../../simulator/job.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { subTasksAt } from '../../simulator/sub-tasks.ts'
import { getJob, httpGet, jobIn, manualClock, type HttpResult } from './simulator-request.ts'
import { newYear } from './simulator-sign.ts'

const { now, advance } = manualClock()
let open: Simulator[] = []
async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  advance(-now())
  const simulator = await startSimulator({ now, wallClock: () => newYear, ...options })
  open.push(simulator)
  return simulator
}
afterEach(async () => {
  await Promise.all(open.map((simulator) => simulator.close()))
  open = []
})

const NAME = 'RestoreTaurusInInstanceToExisted'
const instance = { id: 'a48e43ff268f4c0e879652d65e63d0fbin07', name: 'my-database' }
const restore: JobOptions = {
  name: NAME,
  instance,
  notFoundMs: 10_000,
  pendingMs: 10_000,
  runningMs: 100_000,
}

/** Percentage, status, and remaining time of each sub-task, at a number of seconds since the creation of the job. */
function rowsAt(seconds: number, options: JobOptions = {}): unknown[] {
  const fields = subTasksAt(planJob({ ...restore, ...options }), seconds * 1000)
  const list = fields['sub_task_list'] as Record<string, unknown>[]
  return list.map(({ percent, status, remaining_time: left }) => [percent, status, left])
}

interface Query {
  readonly instanceId?: string
  readonly jobId: string
  readonly jobName?: string
}

function getSubTasks(
  simulator: Simulator,
  { instanceId = instance.id, jobId, jobName = NAME }: Query,
  headers = {},
): Promise<HttpResult> {
  const url = `${simulator.endpoint}/v3/${simulator.projectId}/instances/${instanceId}/task-center-detail`
  return httpGet(`${url}?job_id=${jobId}&job_name=${jobName}`, {
    headers: { 'x-auth-token': simulator.token, ...headers },
  })
}

describe('the sub-tasks of a restore job', () => {
  test('run one after another, each for its share of the time', () => {
    const waiting = [
      ['0', 'Pending', '10'],
      ['0', 'Pending', '55'],
      ['0', 'Pending', '30'],
      ['0', 'Pending', '5'],
    ]
    const done = ['100', 'Completed', '0']
    expect(rowsAt(10)).toEqual(waiting)
    expect(rowsAt(19.9)).toEqual(waiting)
    expect(rowsAt(20)).toEqual([['0', 'Running', '10'], ...waiting.slice(1)])
    expect(rowsAt(29.9)).toEqual([['99', 'Running', '1'], ...waiting.slice(1)])
    expect(rowsAt(57.5)).toEqual([done, ['50', 'Running', '28'], ...waiting.slice(2)])
    expect(rowsAt(119)).toEqual([done, done, done, ['80', 'Running', '1']])
    for (const seconds of [120, 1e6]) expect(rowsAt(seconds)).toEqual([done, done, done, done])
  })

  test.each(['Failed', 'Canceled'] as const)('stay as they were when the job is %s', (outcome) => {
    const last = ['99', 'Running', '1']
    for (const seconds of [120, 1e6]) expect(rowsAt(seconds, { outcome }).at(-1)).toEqual(last)
    expect(rowsAt(119, { outcome })).toEqual(rowsAt(119))
  })

  test('of a job that never ends have no remaining time', () => {
    expect(rowsAt(1e6, { runningMs: Infinity })).toEqual([
      ['0', 'Running', ''],
      ['0', 'Pending', ''],
      ['0', 'Pending', ''],
      ['0', 'Pending', ''],
    ])
  })

  test('of a job without a duration are completed at once', () => {
    expect(rowsAt(20, { runningMs: 0 })).toEqual(Array(4).fill(['100', 'Completed', '0']))
  })

  test('have exactly the fields of the service, with the status of the job', async () => {
    const simulator = await start()
    const jobId = simulator.addJob({ ...restore, subTaskBehavior: { subTasks: [{ name: 'RestoreAll' }] } })
    const job = { instance_id: instance.id, instance_name: 'my-database', job_id: jobId, job_name: NAME }
    const bodies = []
    for (const ms of [10_000, 10_000, 100_000]) {
      advance(ms)
      bodies.push(JSON.parse((await getSubTasks(simulator, { jobId })).body))
    }
    const task = (percent: string, status: string, remaining_time: string): unknown => {
      return {
        ...job,
        status,
        sub_task_list: [{ sub_task_name: 'RestoreAll', percent, status, remaining_time }],
      }
    }
    expect(bodies).toEqual([
      task('0', 'Pending', '100'),
      task('0', 'Running', '100'),
      task('100', 'Completed', '0'),
    ])
  })

  test('can have other values, and can lack fields', () => {
    const plan = planJob({
      ...restore,
      subTaskBehavior: {
        subTasks: [{ name: 'First' }, { name: 'Second', share: 3 }],
        override: { status: 7, extra: null },
        omit: ['instance_name'],
        entryOverride: { percent: 50 },
        entryOmit: ['remaining_time'],
      },
    })
    const body = subTasksAt(plan, 45_000)
    expect(body).toMatchObject({ status: 7, extra: null })
    expect(body).not.toHaveProperty('instance_name')
    expect(body['sub_task_list']).toEqual([
      { sub_task_name: 'First', percent: 50, status: 'Completed' },
      { sub_task_name: 'Second', percent: 50, status: 'Running' },
    ])
  })

  test.each([
    ['a job that is not found yet', {}, 0, 'DBS.200543'],
    ['an unknown job', { jobId: 'unknown' }, 10_000, 'DBS.200543'],
    ['another instance', { instanceId: 'another' }, 10_000, 'DBS.200543'],
    ['the name of another job', { jobName: 'RestoreTableTaurus' }, 10_000, 'DBS.200543'],
    ['a name without sub-tasks', { jobName: 'CreateGaussDBforMySQLInstance' }, 10_000, 'DBS.280001'],
    ['an empty name', { jobName: '' }, 10_000, 'DBS.280001'],
  ])('are an error for %s', async (_, query, ms, code) => {
    const simulator = await start()
    const jobId = simulator.addJob(restore)
    advance(ms)
    const response = await getSubTasks(simulator, { jobId, ...query })
    expect(response.status).toBe(400)
    expect(JSON.parse(response.body)).toMatchObject({ error_code: code })
  })

  test('require the token and project of the jobs API, and exist only for taurusdb', async () => {
    const simulator = await start()
    const jobId = simulator.addJob({ ...restore, notFoundMs: 0 })
    expect((await getSubTasks(simulator, { jobId })).status).toBe(200)
    expect((await getSubTasks(simulator, { jobId }, { 'x-auth-token': 'other' })).status).toBe(401)
    const rds = await start({ service: 'rds' })
    const other = await getSubTasks(rds, { jobId: rds.addJob({ ...restore, notFoundMs: 0 }) })
    expect(JSON.parse(other.body)).toMatchObject({ error_code: 'APIGW.0101' })
  })

  test('can have faults that affect no other API and no other job, and are recorded', async () => {
    const simulator = await start()
    const [jobId, other] = [restore, restore].map((job) => simulator.addJob({ ...job, notFoundMs: 0 }))
    simulator.injectFault(502, { api: 'sub-tasks', jobId: jobId ?? '' })
    const statuses = [
      (await getJob(simulator, jobId ?? '')).status,
      (await getSubTasks(simulator, { jobId: other ?? '' })).status,
      (await getSubTasks(simulator, { jobId: jobId ?? '' })).status,
      (await getSubTasks(simulator, { jobId: jobId ?? '' })).status,
    ]
    expect(statuses).toEqual([200, 200, 502, 200])
    expect(simulator.requests.map(({ api }) => api)).toEqual(['jobs', ...Array<string>(3).fill('sub-tasks')])
  })
})

test('the job list shows which jobs have sub-tasks', async () => {
  const simulator = await start()
  simulator.addJob({ ...restore, notFoundMs: 0 })
  simulator.addJob({ notFoundMs: 0 })
  const { body } = await httpGet(`${simulator.endpoint}/v3/${simulator.projectId}/immediate-jobs`, {
    headers: { 'x-auth-token': simulator.token },
  })
  const { jobs } = JSON.parse(body) as { jobs: Record<string, unknown>[] }
  expect(jobs.map(({ show_detail: detail }) => detail)).toEqual([false, true])
})

describe('a create request', () => {
  async function create(simulator: Simulator, simulate: unknown): Promise<Created> {
    const url = `${simulator.endpoint}/v3/${simulator.projectId}/instances`
    const headers = { 'x-auth-token': simulator.token }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ simulate }) })
    return (await response.json()) as Created
  }

  interface Created {
    readonly instance: { readonly id: string }
    readonly job_id: string
  }

  test('can start a restore job, and specify its sub-tasks', async () => {
    const simulator = await start()
    const jobName = 'RestoreGaussDBforMySQLNewInstance'
    const created = await create(simulator, {
      job_name: jobName,
      not_found_seconds: 0,
      pending_seconds: 0,
      seconds: 40,
      sub_tasks: ['First', { name: 'Second', share: 3 }],
      sub_task_override: { percent: '7' },
      sub_task_omit: ['remaining_time'],
      sub_task_faults: ['503'],
      faults: ['504'],
    })
    advance(20_000)
    const query = { instanceId: created.instance.id, jobId: created.job_id, jobName }
    const statuses = [
      (await getSubTasks(simulator, query)).status,
      (await getSubTasks(simulator, query)).status,
      (await getJob(simulator, created.job_id)).status,
    ]
    expect(statuses).toEqual([503, 200, 504])
    expect(jobIn(await getJob(simulator, created.job_id))['name']).toBe(jobName)
    const { sub_task_list: list } = JSON.parse((await getSubTasks(simulator, query)).body) as {
      sub_task_list: unknown
    }
    expect(list).toEqual([
      { sub_task_name: 'First', percent: '7', status: 'Completed' },
      { sub_task_name: 'Second', percent: '7', status: 'Running' },
    ])
  })

  test.each([
    ['job_name', 7],
    ['sub_tasks', 'First'],
    ['sub_tasks', [{ name: 'First', share: 0 }]],
    ['sub_tasks', [{}]],
    ['sub_task_override', []],
    ['sub_task_omit', 'percent'],
    ['sub_task_faults', ['no-such-fault']],
  ])('cannot have the value of %s: %j', async (name, value) => {
    const simulator = await start()
    const message = `Parameter error. Unknown field or invalid value: \`simulate.${name}\`.`
    expect(await create(simulator, { [name]: value })).toMatchObject({ error_msg: message })
  })
})
