import { afterEach, describe, expect, test } from '@jest/globals'
import {
  instanceOfJob,
  instanceStatusAt,
  planInstance,
  type InstanceBehavior,
} from '../../simulator/instance.ts'
import { planJob, type JobOptions } from '../../simulator/job.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { getJob, httpGet, jobIn, manualClock, type HttpResult } from './simulator-request.ts'
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

const ID = 'a48e43ff268f4c0e879652d65e63d0fbin07'
const instance = { id: ID, name: 'my-database' }

function getInstance(simulator: Simulator, id: string, headers = {}): Promise<HttpResult> {
  const url = `${simulator.endpoint}/v3/${simulator.projectId}/instances/${id}`
  return httpGet(url, { headers: { 'x-auth-token': simulator.token, ...headers } })
}

async function detailsOf(simulator: Simulator, id: string): Promise<Record<string, unknown>> {
  const { body } = await getInstance(simulator, id)
  return (JSON.parse(body) as { instance?: Record<string, unknown> }).instance ?? {}
}

async function statusOf(simulator: Simulator, id: string): Promise<unknown> {
  const response = await getInstance(simulator, id)
  return response.status === 200 ? (await detailsOf(simulator, id))['status'] : response.status
}

async function create(simulator: Simulator, simulate: unknown): Promise<Created> {
  const url = `${simulator.endpoint}/v3/${simulator.projectId}/instances`
  const headers = { 'x-auth-token': simulator.token }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ simulate }) })
  return (await response.json()) as Created
}

interface Created {
  readonly instance: { readonly id: string }
  readonly job_id: string
  readonly error_msg?: string
}

/** The statuses of an instance at these times since the creation of its job, which runs for 60 s. */
function statusesAt(options: JobOptions, seconds: readonly number[]): string[] {
  const plan = instanceOfJob(planJob({ notFoundMs: 0, pendingMs: 0, runningMs: 60_000, ...options }))
  return seconds.map((second) => instanceStatusAt(plan, second * 1000))
}

describe('the status of an instance', () => {
  test('is BUILD until it is created, then ACTIVE, BACKING UP for the first backup, and ACTIVE again', () => {
    const expected = ['absent', 'BUILD', 'BUILD', 'ACTIVE', 'ACTIVE', 'BACKING UP', 'BACKING UP', 'ACTIVE']
    expect(statusesAt({}, [-1, 0, 59.9, 60, 89.9, 90, 149.9, 150])).toEqual(expected)
  })

  test('includes the time in which the job of a create is not found or pending', () => {
    expect(statusesAt({ notFoundMs: 3_000, pendingMs: 2_000 }, [0, 64.9, 65])).toEqual([
      'BUILD',
      'BUILD',
      'ACTIVE',
    ])
  })

  test('can have a short, a long, or no backup, and any status in the end', () => {
    const after = (instanceBehavior: InstanceBehavior, seconds: number[]): string[] =>
      statusesAt({ instanceBehavior }, seconds)
    expect(after({ activeMs: 1_000, backupMs: 2_000 }, [60, 61, 62.9, 63])).toEqual([
      'ACTIVE',
      'BACKING UP',
      'BACKING UP',
      'ACTIVE',
    ])
    expect(after({ activeMs: 0 }, [60])).toEqual(['BACKING UP'])
    expect(after({ backupMs: 0 }, [60, 90])).toEqual(['ACTIVE', 'ACTIVE'])
    expect(after({ backupMs: 0, finalStatus: 'FROZEN' }, [89, 90])).toEqual(['ACTIVE', 'FROZEN'])
    expect(after({ finalStatus: 'STORAGE FULL' }, [149, 150])).toEqual(['BACKING UP', 'STORAGE FULL'])
  })

  test.each(['Failed', 'Canceled'] as const)('is FAILED when the job that creates it is %s', (outcome) => {
    expect(statusesAt({ outcome }, [59, 60, 1e6])).toEqual(['BUILD', 'FAILED', 'FAILED'])
  })

  test.each([
    ['EnlargeGaussDBforMySQLVolume', 'MODIFYING'],
    ['RebootGaussDBforMySQLInstance', 'REBOOTING'],
    ['RestoreTaurusInInstanceToCurrent', 'RESTORING'],
  ])('is ACTIVE before and after %s, and %s while it is running', (name, status) => {
    expect(statusesAt({ name }, [-1, 0, 59, 60])).toEqual(['ACTIVE', status, status, 'ACTIVE'])
    expect(statusesAt({ name, outcome: 'Failed' }, [59, 60])).toEqual([status, 'ACTIVE'])
  })

  test('of an instance that is restored to a new one is that of a created one', () => {
    expect(statusesAt({ name: 'RestoreGaussDBforMySQLNewInstance' }, [-1, 0, 60, 90])).toEqual([
      'absent',
      'BUILD',
      'ACTIVE',
      'BACKING UP',
    ])
  })

  test('is absent after its deletion, unless that fails', () => {
    const name = 'DeleteGaussDBforMySQLInstance'
    expect(statusesAt({ name }, [-1, 59, 60])).toEqual(['ACTIVE', 'ACTIVE', 'absent'])
    expect(statusesAt({ name, outcome: 'Failed' }, [60])).toEqual(['ACTIVE'])
    expect(statusesAt({ instanceBehavior: { deletedMs: 70_000 } }, [69, 70])).toEqual(['ACTIVE', 'absent'])
  })

  test('stays at the last one of a timeline, even if that has a duration', () => {
    const plan = planInstance({
      statuses: [
        { status: 'MODIFYING', ms: 5 },
        { status: 'FROZEN', ms: 5 },
      ],
    })
    expect([0, 4, 5, 99].map((ms) => instanceStatusAt(plan, ms))).toEqual([
      'MODIFYING',
      'MODIFYING',
      'FROZEN',
      'FROZEN',
    ])
  })
})

describe('the details of an instance', () => {
  test('have exactly the fields of the service', async () => {
    const { simulator } = await start()
    const id = simulator.addInstance(instance)
    const times = { created: '2026-01-01T08:00:00+0800', updated: '2026-01-01T08:00:00+0800' }
    expect(await detailsOf(simulator, id)).toEqual({
      id: ID,
      name: 'my-database',
      project_id: simulator.projectId,
      status: 'ACTIVE',
      port: '3306',
      alias: '',
      type: 'Cluster',
      charge_info: { charge_mode: 'postPaid', order_id: '' },
      node_count: 1,
      datastore: { type: 'gaussdb-mysql', version: '8.0', kernel_version: '2.0.54.240600' },
      backup_used_space: 0,
      ...times,
      private_write_ips: ['192.168.0.10'],
      private_dns_names: [],
      public_ips: '',
      db_user_name: 'root',
      backup_strategy: { start_time: '16:00-17:00', keep_days: '7' },
      nodes: [
        {
          id: 'a48e43ff268f4c0e879652d65e63d0fbno07',
          name: 'my-database_node0',
          type: 'master',
          status: 'ACTIVE',
          port: 3306,
          private_read_ips: ['192.168.0.10'],
          volume: { type: 'DL6', used: 0.07 },
          az_code: 'simulated-az-1',
          region_code: 'simulated-region',
          ...times,
          flavor_ref: 'gaussdb.mysql.2xlarge.x86.4',
          max_connections: '10000',
          vcpus: '8',
          ram: '32',
          need_restart: false,
          priority: 1,
        },
      ],
      enterprise_project_id: '0',
      time_zone: 'UTC+08:00',
      az_mode: 'single',
      master_az_code: 'simulated-az-1',
      maintenance_window: '18:00-22:00',
      tags: [],
      proxies: [],
    })
  })

  test('have no times and no address while the instance is being created', async () => {
    const { simulator, advance } = await start()
    simulator.addJob({ instance })
    const building = { status: 'BUILD', created: '', updated: '', private_write_ips: [], port: '3306' }
    expect(await detailsOf(simulator, ID)).toMatchObject(building)
    advance(60_000)
    const created = { created: '2026-01-01T08:00:00+0800', private_write_ips: ['192.168.0.10'] }
    expect(await detailsOf(simulator, ID)).toMatchObject({ status: 'ACTIVE', ...created })
  })

  test('have the same address as the job that created the instance', async () => {
    const { simulator, advance } = await start()
    const jobId = simulator.addJob({ instance, address: { host: 'db.example.com', port: 13306 } })
    advance(60_000)
    const details = { private_write_ips: ['db.example.com'], port: '13306' }
    expect(await detailsOf(simulator, ID)).toMatchObject(details)
    const entities = { instance: { endpoint: 'db.example.com:13306' } }
    expect(jobIn(await getJob(simulator, jobId))).toMatchObject({ entities })
  })

  test('can omit any field and override any other', async () => {
    const { simulator } = await start()
    const id = simulator.addInstance({ omit: ['nodes'], override: { status: 7, port: 3306, name: null } })
    const details = await detailsOf(simulator, id)
    expect(details).toMatchObject({ status: 7, port: 3306, name: null })
    expect(details).not.toHaveProperty('nodes')
  })

  test('follow the timeline of an instance without a job', async () => {
    const { simulator, advance } = await start()
    advance(5_000)
    const id = simulator.addInstance({
      statuses: [
        { status: 'MODIFYING', ms: 1_000 },
        { status: 'BACKING UP', ms: 1_000 },
        { status: 'ACTIVE' },
      ],
      deletedMs: 10_000,
    })
    const statuses = []
    for (const ms of [0, 1_000, 1_000, 7_999, 1]) {
      advance(ms)
      statuses.push(await statusOf(simulator, id))
    }
    expect(statuses).toEqual(['MODIFYING', 'BACKING UP', 'ACTIVE', 'ACTIVE', 404])
  })

  test('follow all jobs of an instance', async () => {
    const { simulator, advance } = await start()
    const id = simulator.addInstance({ ...instance, address: { host: '10.0.0.1', port: 1 } })
    simulator.addJob({ instance, name: 'RebootGaussDBforMySQLInstance', runningMs: 100_000 })
    expect(await statusOf(simulator, id)).toBe('REBOOTING')
    simulator.addJob({ instance, name: 'EnlargeGaussDBforMySQLVolume', runningMs: 10_000 })
    expect(await detailsOf(simulator, id)).toMatchObject({ status: 'MODIFYING', port: '1' })
    advance(20_000)
    expect(await statusOf(simulator, id)).toBe('REBOOTING')
    advance(100_000)
    expect(await statusOf(simulator, id)).toBe('ACTIVE')
    simulator.addJob({ instance, name: 'DeleteGaussDBforMySQLInstance' })
    advance(60_000)
    expect(await statusOf(simulator, id)).toBe(404)
  })

  test('do not exist before the order of the instance is paid', async () => {
    const { simulator, advance } = await start()
    const order = { charge_info: { charge_mode: 'prePaid' }, simulate: { order_seconds: 20 } }
    const url = `${simulator.endpoint}/v3/${simulator.projectId}/instances`
    const init = { method: 'POST', headers: { 'x-auth-token': simulator.token }, body: JSON.stringify(order) }
    const ordered = (await (await fetch(url, init)).json()) as Created
    expect(await statusOf(simulator, ordered.instance.id)).toBe(404)
    advance(20_000)
    expect(await statusOf(simulator, ordered.instance.id)).toBe('BUILD')
  })

  test.each([
    ['en-us', 'The DB instance does not exist.'],
    ['zh-cn', '实例不存在。'],
  ])('of an unknown or removed instance are an error, in the language %s', async (language, message) => {
    const { simulator } = await start()
    const removed = simulator.addInstance()
    simulator.removeInstance(removed)
    for (const id of ['unknown', removed]) {
      const response = await getInstance(simulator, id, { 'x-language': language })
      expect(response.status).toBe(404)
      expect(JSON.parse(response.body)).toEqual({ error_code: 'DBS.200002', error_msg: message })
    }
  })

  test('require the token and project of the jobs API, and share its rate limit', async () => {
    const { simulator } = await start({ rateLimit: { requests: 2, windowMs: 300_000 } })
    const id = simulator.addInstance()
    const url = `${simulator.endpoint}/v3/${simulator.projectId}/instances/${id}`
    const headers = { 'x-auth-token': simulator.token }
    const other = url.replace(simulator.projectId, 'f'.repeat(32))
    expect((await httpGet(url)).status).toBe(401)
    expect((await httpGet(other, { headers })).status).toBe(403)
    expect((await getJob(simulator, 'any')).status).toBe(400)
    expect((await getInstance(simulator, id)).status).toBe(429)
  })

  test('exist only for taurusdb', async () => {
    const { simulator } = await start({ service: 'rds' })
    const response = await getInstance(simulator, simulator.addInstance())
    expect(response.status).toBe(404)
    expect(JSON.parse(response.body)).toMatchObject({ error_code: 'APIGW.0101' })
  })

  test('can have faults that affect no other API and no other instance, and are recorded', async () => {
    const { simulator } = await start()
    const [id, other] = [simulator.addInstance(), simulator.addInstance()]
    const jobId = simulator.addJob({ notFoundMs: 0 })
    const statuses = async (): Promise<unknown[]> => [
      (await getJob(simulator, jobId)).status,
      (await getInstance(simulator, other)).status,
      (await getInstance(simulator, id)).status,
    ]
    simulator.injectFault(403, { api: 'instance', instanceId: id })
    expect(await statuses()).toEqual([200, 200, 403])
    simulator.injectFault(502, { api: 'instance' })
    expect(await statuses()).toEqual([200, 502, 200])
    simulator.injectFault(500, { api: 'jobs' })
    expect(await statuses()).toEqual([500, 200, 200])
    expect(simulator.requests.slice(0, 3).map(({ api }) => api)).toEqual(['jobs', 'instance', 'instance'])
  })
})

describe('creating an instance', () => {
  test('can specify how the instance behaves', async () => {
    const { simulator, advance } = await start()
    const simulate = { not_found_seconds: 0, pending_seconds: 0, seconds: 10, active_seconds: 5 }
    const more = { backup_seconds: 20, final_status: 'FROZEN', deleted_seconds: 100, address: 'db:13306' }
    const odd = { instance_override: { alias: 7 }, instance_omit: ['tags'], instance_faults: ['502'] }
    const { instance: created } = await create(simulator, { ...simulate, ...more, ...odd })
    expect(await statusOf(simulator, created.id)).toBe(502)
    const statuses = []
    for (const seconds of [0, 10, 4.9, 0.1, 19.9, 0.1]) {
      advance(seconds * 1000)
      statuses.push(await statusOf(simulator, created.id))
    }
    expect(statuses).toEqual(['BUILD', 'ACTIVE', 'ACTIVE', 'BACKING UP', 'BACKING UP', 'FROZEN'])
    const details = await detailsOf(simulator, created.id)
    expect(details).toMatchObject({ private_write_ips: ['db'], port: '13306', alias: 7 })
    expect(details).not.toHaveProperty('tags')
    advance(65_000)
    expect(await statusOf(simulator, created.id)).toBe(404)
  })

  test('can specify the whole timeline of the instance', async () => {
    const { simulator, advance } = await start()
    const simulate = { instance_statuses: [{ status: 'MIGRATING', seconds: 10 }, 'STORAGE FULL'] }
    const { instance: created } = await create(simulator, simulate)
    expect(await statusOf(simulator, created.id)).toBe('MIGRATING')
    advance(10_000)
    expect(await statusOf(simulator, created.id)).toBe('STORAGE FULL')
  })

  test.each([
    ['active_seconds', '5'],
    ['backup_seconds', -1],
    ['final_status', 7],
    ['deleted_seconds', null],
    ['instance_statuses', [{ status: 'BUILD', seconds: 'x' }]],
    ['instance_statuses', [{}]],
    ['instance_override', []],
    ['instance_omit', 'nodes'],
    ['instance_faults', ['no-such-fault']],
    ['address', 'db'],
    ['database', ['no-such-behavior']],
  ])('rejects %s: %j', async (name, value) => {
    const { simulator } = await start()
    const message = `Parameter error. Unknown field or invalid value: \`simulate.${name}\`.`
    expect(await create(simulator, { [name]: value })).toMatchObject({ error_msg: message })
  })
})

test('the job list contains only the running jobs of a time window, with their instances', async () => {
  const { simulator, advance } = await start()
  const add = (id: string, options: JobOptions = {}): string =>
    simulator.addJob({ notFoundMs: 0, pendingMs: 0, instance: { id, name: id }, ...options })
  add('early', { runningMs: Infinity })
  advance(3_600_000)
  add('first', { runningMs: Infinity })
  add('finished', { runningMs: 0 })
  add('pending', { pendingMs: 60_000 })
  add('second', { runningMs: Infinity })
  const list = async (query: Record<string, string>): Promise<unknown[]> => {
    const url = `${simulator.endpoint}/v3/${simulator.projectId}/immediate-jobs`
    const headers = { 'x-auth-token': simulator.token }
    const { body } = await httpGet(`${url}?${new URLSearchParams(query).toString()}`, { headers })
    const { jobs } = JSON.parse(body) as { jobs: Record<string, unknown>[] }
    return jobs.map(({ instance_id: id, status }) => [id, status])
  }
  const window = { start_time: '2026-01-01T08:30:00+0800', limit: '50' }
  const running = [
    ['second', 'Running'],
    ['first', 'Running'],
  ]
  expect(await list({ ...window, status: 'Running' })).toEqual(running)
  expect(await list({ status: 'Running' })).toEqual([...running, ['early', 'Running']])
  expect(await list({ ...window, status: 'Pending' })).toEqual([['pending', 'Pending']])
  expect(await list({ ...window, status: 'running' })).toEqual([])
  expect(await list({ ...window, status: 'Run' })).toEqual([])
})
