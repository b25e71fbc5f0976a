import { afterAll, expect, test } from '@jest/globals'
import { execFileSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDatabase, type Database, type DatabaseBehavior } from '../../simulator/database.ts'
import type { JobOptions } from '../../simulator/job.ts'
import { errorPacket, handshakePacket } from '../../simulator/mysql-packets.ts'
import { json } from '../../simulator/response.ts'
import { runStep, type Step, type StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { TITLES } from '../../src/report/titles.ts'
import { unexpectedNodesIn } from '../model/gfm.ts'
import { commandsIn } from '../model/runner-commands.ts'
import { realLimits, withCode } from './preload.ts'
import { annotation, annotations, expectFailure, expectSuccess, notices } from './step.ts'

/**
 * Ready, not only completed: the built action against the simulator and its database port. Time passes 50 times as fast,
 * so that the minute in which an instance must stay ACTIVE takes 1.2 s. The tests are in no block, because Jest runs only
 * tests of the same block concurrently.
 */

const SPEED = 50
const TOKEN = 'MIIFakeToken+with/signs=='

const opened: (() => Promise<void>)[] = []
afterAll(() => Promise.all(opened.map((close) => close())))

async function cloud(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ speed: SPEED, token: TOKEN, ...options })
  opened.push(simulator.close)
  return simulator
}

async function databaseAt(options: { host?: string; behavior?: DatabaseBehavior } = {}): Promise<Database> {
  const database = await startDatabase(options)
  opened.push(database.close)
  return database
}

type Inputs = Readonly<Record<string, string>>

interface More extends Partial<Step> {
  /** Runs before the action. */
  readonly code?: string
}

function run(simulator: Simulator, inputs: Inputs, more: More = {}): Promise<StepResult> {
  const { endpoint, projectId, token } = simulator
  const { code = '', env, ...rest } = more
  const defaults = { endpoint, 'project-id': projectId, token, timeout: '10m' }
  return runStep({
    speed: SPEED,
    ...rest,
    with: { ...defaults, ...inputs },
    env: { ...env, ...withCode(realLimits(SPEED) + code) },
  })
}

/** A job that has finished; its instance is ACTIVE by default. */
const FINISHED: JobOptions = {
  name: 'RestartGaussDBforMySQLInstance',
  notFoundMs: 0,
  pendingMs: 0,
  runningMs: 0,
}
const RUNNING: JobOptions = { ...FINISHED, runningMs: 1_000_000_000 }

/** Fields whose status is another one in each response; the last one stays. */
function statuses(...values: readonly string[]) {
  let responses = 0
  return {
    get status() {
      return values[Math.min(responses++, values.length - 1)]
    },
  }
}

/** A finished job whose instance has these statuses. */
function withStatuses(...values: readonly string[]): JobOptions {
  return { ...FINISHED, instanceBehavior: { override: statuses(...values) } }
}

/** Waits until the instance of a job is available. */
function runUntilAvailable(simulator: Simulator, job: JobOptions, inputs: Inputs = {}): Promise<StepResult> {
  return run(simulator, { 'job-id': simulator.addJob(job), 'wait-until': 'available', ...inputs })
}

/** Waits until the instance of a finished job accepts connections. */
function runUntilConnectable(simulator: Simulator, inputs: Inputs = {}, more: More = {}) {
  return run(
    simulator,
    { 'job-id': simulator.addJob(FINISHED), 'wait-until': 'connectable', ...inputs },
    more,
  )
}

/** The resources that were requested, without the query. */
function resources({ requests }: Simulator): string[] {
  return requests.map(({ path }) => path.replace(/^\/v3\/[^/]+\//, ''))
}

function countOf(simulator: Simulator, resource: string): number {
  return resources(simulator).filter((each) => each.startsWith(resource)).length
}

test.concurrent('without the inputs for readiness: the step requests only jobs, as before', async () => {
  const simulator = await cloud()
  const result = await run(simulator, { 'job-id': simulator.addJob(withStatuses('FAILED')) })
  expectSuccess(result)
  expect(resources(simulator)).toEqual(['jobs'])
  expect(result.outputs).toMatchObject({ result: 'completed', 'instance-status': '' })
})

test.concurrent(
  'wait-until: available: a create job is ready after the first backup of its instance',
  async () => {
    const database = await databaseAt()
    const simulator = await cloud({ database })
    const id = simulator.addJob({
      ...withStatuses('ACTIVE', 'BACKING UP', 'ACTIVE'),
      // The job may be finished before the process has started, so the statuses do not depend on the time.
      runningMs: 120_000,
    })
    const result = await run(simulator, { 'job-id': id, 'wait-until': 'available' })
    expectSuccess(result)
    expect(result.log).toMatch(/until its instance is available, at http.*Completed/s)
    expect(result.log).toMatch(/instance ACTIVE.*instance BACKING UP.*instance ACTIVE.*instance available/s)
    expect(result.outputs).toMatchObject({
      result: 'completed',
      status: 'Completed',
      'job-id': id,
      'instance-status': 'ACTIVE',
      'instance-endpoint': database.address,
      'instance-host': database.host,
      'instance-port': String(database.port),
      message: expect.stringMatching(/^Job .* completed in 2m: .*, available\.$/),
    })
    expect(notices(result)[0]).toContain(`::notice title=The job completed::${result.outputs['message']}`)
    expect(result.summary).toMatch(/### ✅ The job completed.*\*\*Instance status\*\*.*ACTIVE/s)
    expect(result.summary).toMatch(/<code>BACKING UP<\/code>/)
    expect(database.connections).toEqual([])
  },
)

test.concurrent(
  'wait-until: available: the jobs of an order are ready when their instances are',
  async () => {
    const simulator = await cloud()
    simulator.addJob({ ...withStatuses('BUILD', 'ACTIVE'), orderId: 'CS1' })
    const result = await run(simulator, { 'order-id': 'CS1', 'wait-until': 'available' })
    expectSuccess(result)
    expect(result.log).toMatch(/instance BUILD.*instance available/s)
    expect(result.outputs['instance-status']).toBe('ACTIVE')
  },
)

test.concurrent.each(['FAILED', 'FROZEN'])(
  'wait-until: available: the step fails when the instance is %s',
  async (status) => {
    const result = await runUntilAvailable(await cloud(), withStatuses('BUILD', status))
    const text = new RegExp(
      `completed\\. Instance .* has the status ${status}\\..*Check the instance in the console`,
    )
    expectFailure(result, 'not-ready', 'not-ready', text)
    expect(result.outputs).toMatchObject({ status: 'Completed', 'instance-status': status })
    expect(result.summary).toContain('### ⏳ The instance is not ready')
  },
)

test.concurrent(
  'wait-until: available: STORAGE FULL and an unknown status cause one warning each',
  async () => {
    const full = ['STORAGE FULL', 'STORAGE FULL', 'HIBERNATING', 'STORAGE FULL', 'HIBERNATING', 'ACTIVE']
    const result = await runUntilAvailable(await cloud(), withStatuses(...full))
    expectSuccess(result)
    expect(commandsIn(result.log).filter(({ name }) => name === 'warning')).toMatchObject([
      { data: expect.stringContaining('has the status “STORAGE FULL”, which may need attention') },
      { data: expect.stringContaining('has the status “HIBERNATING”, which may need attention') },
    ])
  },
)

test.concurrent(
  'wait-until: available: an instance that is ACTIVE for less than a minute each time is not ready',
  async () => {
    const unstable = Array.from({ length: 200 }, () => ['ACTIVE', 'ACTIVE', 'ACTIVE', 'MODIFYING']).flat()
    const result = await runUntilAvailable(await cloud(), withStatuses(...unstable), { timeout: '2m' })
    expectFailure(result, 'not-ready', 'not-ready', /did not become available within 2m \(last status: /)
  },
)

test.concurrent.each(['available', 'connectable'])(
  'wait-until: %s: what an instance was before the last of its jobs does not count',
  async (until) => {
    const simulator = await cloud()
    const { host, port } = await databaseAt()
    const instance = { id: 'shared-instance', name: 'shop' }
    const statuses = [{ status: 'ACTIVE', ms: 240_000 }, { status: 'FAILED' }]
    const jobs = [
      simulator.addJob({ ...FINISHED, instance }),
      simulator.addJob({ ...FINISHED, runningMs: 240_000, instance, instanceBehavior: { statuses } }),
    ]
    const address = until === 'connectable' ? { 'connect-to': `${host}:${port}` } : {}
    const result = await run(simulator, { 'job-id': jobs.join(), 'wait-until': until, ...address })
    expectFailure(result, 'not-ready', 'not-ready', /has the status FAILED/)
    expect(result.log).toContain('instance available')
  },
)

test.concurrent('wait-until: available: a deleted instance can no longer be found', async () => {
  const simulator = await cloud()
  const id = simulator.addJob({ ...FINISHED, name: 'DeleteGaussDBforMySQLInstance' })
  const result = await run(simulator, { 'job-id': id, 'wait-until': 'available' })
  expectFailure(result, 'vanished', 'instance-vanished', /can no longer be found.*HTTP 404 DBS\.200002/)
  expect(countOf(simulator, 'instances/')).toBe(3)
})

test.concurrent.each([
  [401, 'credentials', /\(last status: BUILD\): HTTP 401 .*they may have expired.*may still become ready/],
  [403, 'permission', /\(last status: BUILD\): HTTP 403 .*gaussdbformysql:instance:get.*same job-id/],
] as const)('wait-until: available: %d fails the step with the last status', async (status, title, text) => {
  const simulator = await cloud()
  simulator.injectFault('gzip', { api: 'instance' })
  simulator.injectFault(status, { api: 'instance', times: 'always' })
  const result = await runUntilAvailable(simulator, withStatuses('BUILD'))
  expectFailure(result, 'error', title, text)
  expect(result.outputs).toMatchObject({ status: 'Completed', 'instance-status': 'BUILD' })
})

test.concurrent('wait-until: available: faults of the service and of the network are retried', async () => {
  const simulator = await cloud()
  const faults = ['html-502', 'reset', 'cut-in-chunk', 'stall-in-body', '429-retry-after', 'gzip'] as const
  for (const fault of faults) simulator.injectFault(fault, { api: 'instance' })
  const result = await runUntilAvailable(simulator, FINISHED)
  expectSuccess(result)
  expect(result.log).toMatch(
    /instance .*: 1 × 502, 1 × no response, 1 × incomplete response, 1 × incomplete response \(timeout\), 1 × 429, \d × ACTIVE/,
  )
})

test.concurrent('wait-until: available: five responses that are not JSON fail the step', async () => {
  const simulator = await cloud()
  simulator.injectFault('html-200', { api: 'instance', times: 'always' })
  const result = await runUntilAvailable(simulator, FINISHED)
  expectFailure(result, 'error', 'unusable', /the status of instance .* from five responses in a row/)
  expect(countOf(simulator, 'instances/')).toBe(5)
})

test.concurrent('wait-until: available: a response about another instance does not count', async () => {
  const simulator = await cloud()
  const result = await runUntilAvailable(simulator, {
    ...FINISHED,
    instanceBehavior: { override: { id: '0123456789abcdef0123456789abcdefin07' } },
  })
  expectFailure(result, 'error', 'unusable', /another instance/)
})

test.concurrent('wait-until: available: a job that names no instance is not ready', async () => {
  const result = await runUntilAvailable(await cloud(), { ...FINISHED, omit: ['instance'] })
  expectFailure(result, 'not-ready', 'not-ready', /its response names no instance/)
})

test.concurrent(
  'wait-until: available: jobs that the list reports as completed wait for their own responses',
  async () => {
    const simulator = await cloud()
    const ids = [1, 2, 3, 4].map(() => simulator.addJob(RUNNING))
    for (const id of ids) simulator.overrideListEntry(id, { status: 'Completed', process: '' })
    const inputs = { 'job-id': ids.join(), 'wait-until': 'available', timeout: '90s' }
    const result = await run(simulator, inputs)
    expectFailure(result, 'timed-out', 'timed-out', /did not finish within 1m30s/)
    expect(countOf(simulator, 'instances/')).toBe(0)
  },
)

test.concurrent(
  'wait-until: available: jobs that share an instance poll it once, and another one is not ready',
  async () => {
    const simulator = await cloud()
    const shared = { id: 'shared', name: 'shared' }
    const ids = [
      simulator.addJob({ ...FINISHED, instance: shared }),
      simulator.addJob({ ...FINISHED, instance: shared }),
      simulator.addJob(withStatuses('FROZEN')),
    ]
    const result = await run(simulator, { 'job-id': ids.join(), 'wait-until': 'available' })
    expectFailure(result, 'not-ready', 'not-ready', /has the status FROZEN/)
    const jobs = JSON.parse(result.outputs['jobs'] ?? '') as Record<string, string>[]
    expect(jobs.map(({ jobId, result, instanceStatus }) => [jobId, result, instanceStatus])).toEqual([
      [ids[0], 'completed', 'ACTIVE'],
      [ids[1], 'completed', 'ACTIVE'],
      [ids[2], 'not-ready', 'FROZEN'],
    ])
    expect(countOf(simulator, 'instances/shared')).toBe(4)
    expect(countOf(simulator, 'instances/')).toBe(5)
    expect(result.outputs['message']).toMatch(
      /^2 of 3 jobs have a ready instance\. First of the others: Job /,
    )
  },
)

test.concurrent('wait-until: available: keys of an agency are renewed', async () => {
  const simulator = await cloud({ oidc: { keySeconds: 40 } })
  const { providerUrn, agencyUrn, env } = simulator.oidc
  const inputs = {
    'job-id': simulator.addJob(FINISHED),
    'wait-until': 'available',
    token: '',
    'identity-provider-urn': providerUrn,
    'agency-urn': agencyUrn,
    'sts-endpoint': simulator.endpoint,
  }
  const result = await run(simulator, inputs, { env })
  expectSuccess(result)
  const keys = simulator.requests.filter(({ path }) => path.includes('assume')).length
  expect(keys).toBeGreaterThanOrEqual(2)
  expect(result.log.match(/new temporary keys from the agency/g)).toHaveLength(keys)
})

test.concurrent(
  'wait-until: connectable: connects until a handshake arrives, and sends nothing',
  async () => {
    const [refused, handshake] = [
      ['refused', 'connection refused'],
      ['handshake', 'handshake of 8.0.22-231003'],
    ] as const
    const others = [
      ['silent', 'no handshake'],
      ['error-1040', 'error 1040: Too many connections'],
      ['error-1129', "error 1129: Host '192.168.0.20' is blocked"],
      ['closed', 'connection closed'],
      ['half-handshake', 'connection closed'],
      ['reset', 'connection closed'],
      ['http', 'no MySQL handshake'],
      ['ssh', 'no MySQL handshake'],
      ['endless', 'no MySQL handshake'],
      // An error without a code, a handshake without a version, and a message of another protocol.
      [Buffer.from([1, 0, 0, 0, 0xff]), 'no MySQL handshake'],
      [Buffer.from([1, 0, 0, 0, 10]), 'no MySQL handshake'],
      [Buffer.from([8, 0, 0, 0, 10, 5, 65, 66, 67, 68, 69, 0]), 'no MySQL handshake'],
    ] as const
    const phases = [refused, ...others, handshake]
    const database = await databaseAt({ behavior: 'refused' })
    const simulator = await cloud({ database })
    // The port changes when the log shows what it did.
    let [phase = refused, ...next] = phases
    const onLine = (line: string) => {
      const [behavior, label] = phase
      const isSeen = phase === refused || database.connections.some((each) => each.behavior === behavior)
      if (!isSeen || !line.includes(`::debug::`) || !line.includes(`${database.address}: ${label}`)) return
      ;[phase = handshake, ...next] = next
      void database.behave(phase[0])
    }
    const result = await runUntilConnectable(simulator, {}, { onLine, env: { RUNNER_DEBUG: '1' } })
    expectSuccess(result)
    expect(phase).toBe(handshake)
    expect(database.connections.filter(({ received }) => received !== '')).toEqual([])
    expect(result.outputs).toMatchObject({
      result: 'completed',
      'instance-status': 'ACTIVE',
      'instance-endpoint': database.address,
      message: expect.stringMatching(/accepts connections \(handshake of 8\.0\.22-231003\)\.$/),
    })
    expect(result.summary).toMatch(/\*\*Connection\*\* .*handshake/)
    expect(result.log).toMatch(/until its instance accepts connections, at http/)
    expect(result.log).toMatch(/1 × error 1040: Too many connections/)
  },
)

test.concurrent.each([
  ['stays open', 'handshake'],
  ['is closed by the server', handshakePacket(1)],
] as const)(
  'wait-until: connectable: one handshake is enough on a connection that %s',
  async (_name, behavior) => {
    const database = await databaseAt({ behavior })
    const result = await runUntilConnectable(await cloud({ database }))
    expectSuccess(result)
    const accepted = database.connections.length
    expect(accepted).toBeGreaterThanOrEqual(1)
    expect(database.connections.filter(({ closed }) => !closed)).toEqual([])
  },
)

test.concurrent.each([
  ['an IPv6 address', '::1', '[::1]'],
  ['a host name', '127.0.0.1', 'localhost'],
])('wait-until: connectable: connect-to can be %s', async (_name, host, shown) => {
  const database = await databaseAt({ host })
  const result = await runUntilConnectable(await cloud(), { 'connect-to': `${shown}:${database.port}` })
  expectSuccess(result)
  expect(database.connections).not.toEqual([])
  expect(result.log).toContain(`connecting to ${shown}:${database.port}: handshake of`)
  // The outputs are about the instance.
  expect(result.outputs['instance-endpoint']).toBe('192.168.0.10:3306')
})

test.concurrent.each([
  ['refuses connections', undefined, 'connection refused'],
  // A DNS label has at most 63 characters, so the lookup fails without a name server.
  ['does not exist', `${'a'.repeat(64)}.test:3306`, 'unknown host'],
])('wait-until: connectable: connect-to that %s is not ready', async (_name, address, label) => {
  const database = await databaseAt({ behavior: 'refused' })
  const inputs = { 'connect-to': address ?? database.address, timeout: '3m' }
  const result = await runUntilConnectable(await cloud(), inputs)
  const text = new RegExp(
    `did not accept connections at .* within 3m \\(last attempt: ${label}\\)\\..*security group`,
  )
  expectFailure(result, 'not-ready', 'not-ready', text)
  expect(result.outputs).toMatchObject({ status: 'Completed', 'instance-status': 'ACTIVE' })
})

test.concurrent('wait-until: connectable: an instance with an invalid address is not ready', async () => {
  const simulator = await cloud()
  const instanceBehavior = { override: { port: '70000' } }
  const result = await runUntilAvailable(
    simulator,
    { ...FINISHED, instanceBehavior },
    { 'wait-until': 'connectable' },
  )
  expectFailure(result, 'not-ready', 'not-ready', /returned no address to connect to\..*Set connect-to/)
})

test.concurrent('instance-id: waits for the running job, then until the instance is available', async () => {
  const simulator = await cloud()
  const instance = { id: 'busy-instance', name: 'shop' }
  const job = simulator.addJob({ ...RUNNING, name: 'ResizeInstance', instance })
  // The instance keeps its status while the job is running.
  const finish = (line: string) => {
    if (line.includes('job ResizeInstance is Running')) simulator.removeJob(job)
    if (line.includes('instance MODIFYING')) simulator.removeInstance(instance.id)
    if (line.includes('instance MODIFYING')) simulator.addInstance({ id: instance.id, name: 'shop' })
  }
  const result = await run(simulator, { 'instance-id': 'busy-instance' }, { onLine: finish })
  expectSuccess(result)
  expect(result.log).toMatch(/job ResizeInstance is Running.*instance MODIFYING.*instance available/s)
  expect(resources(simulator)[0]).toBe('immediate-jobs')
  expect(simulator.requests[0]?.query).toMatchObject({ status: 'Running', limit: '50' })
  expect(countOf(simulator, 'jobs')).toBe(0)
  expect(notices(result)).toEqual([
    '::notice title=The instance is ready::Instance busy-instance (shop) is ready: address 192.168.0.10:3306, available.',
  ])
  expect(result.outputs).toMatchObject({
    result: 'completed',
    status: '',
    'job-id': '',
    'instance-id': 'busy-instance',
    'instance-name': 'shop',
    'instance-status': 'ACTIVE',
    'instance-host': '192.168.0.10',
    'instance-port': '3306',
  })
  expect(result.summary).toContain('### ✅ The instance is ready')
})

test.concurrent('instance-id: with wait-until: completed requests no instance', async () => {
  const simulator = await cloud()
  // The job of another instance.
  simulator.addJob(RUNNING)
  const result = await run(simulator, { 'instance-id': simulator.addInstance(), 'wait-until': 'completed' })
  expectSuccess(result)
  expect(new Set(resources(simulator))).toEqual(new Set(['immediate-jobs']))
  expect(result.outputs['message']).toMatch(/^Instance .* is ready: no job is running\.$/)
})

test.concurrent('instance-id: with wait-until: connectable also connects', async () => {
  const database = await databaseAt()
  const simulator = await cloud({ database })
  const result = await run(simulator, {
    'instance-id': simulator.addInstance(),
    'wait-until': 'connectable',
  })
  expectSuccess(result)
  expect(result.log).toMatch(/no job is running.*instance ACTIVE.*handshake of/s)
})

test.concurrent(
  'instance-id: 20 instances need one search, and one that is busy keeps the step from succeeding',
  async () => {
    const simulator = await cloud()
    const ids = Array.from({ length: 20 }, (_, index) => simulator.addInstance({ id: `instance-${index}` }))
    simulator.addJob({ ...RUNNING, instance: { id: 'instance-7', name: 'busy' } })
    const inputs = { 'instance-id': ids.join('\n'), 'wait-until': 'completed', timeout: '60s' }
    const result = await run(simulator, inputs)
    expectFailure(
      result,
      'timed-out',
      'timed-out',
      /Instance instance-7 was not ready within 1m \(job RestartGaussDBforMySQLInstance is running\)/,
    )
    expect(result.outputs['message']).toMatch(/^19 of 20 instances are ready\./)
    expect(countOf(simulator, 'instances/')).toBe(0)
  },
)

test.concurrent('instance-id: a list that cannot be read completely fails the step', async () => {
  const simulator = await cloud()
  simulator.injectFault(json(200, { jobs: [], total_count: 3 }), { api: 'job-list', times: 'always' })
  const result = await run(simulator, { 'instance-id': simulator.addInstance() })
  expectFailure(result, 'error', 'unusable', /the job list is too long to be read completely/)
  expect(countOf(simulator, 'immediate-jobs')).toBe(5)
})

test.concurrent('instance-id: a job that is listed twice is running', async () => {
  const simulator = await cloud()
  const id = simulator.addInstance()
  const job = { job_id: 'job-1', instance_id: id, status: 'Running' }
  const list = json(200, { jobs: [job, job], total_count: 2 })
  simulator.injectFault(list, { api: 'job-list', times: 'always' })
  const inputs = { 'instance-id': id, 'wait-until': 'completed', timeout: '30s' }
  const result = await run(simulator, inputs)
  expect(result.exitCode).toBe(1)
})

test.concurrent('instance-id: a job that is listed with two different statuses may be running', async () => {
  const simulator = await cloud()
  const id = simulator.addInstance()
  const job = { job_id: 'job-1', instance_id: id, status: 'Running' }
  const list = json(200, { jobs: [job, { ...job, status: 'Pending' }], total_count: 2 })
  simulator.injectFault(list, { api: 'job-list', times: 'always' })
  const result = await run(simulator, { 'instance-id': id, 'wait-until': 'completed' })
  expectFailure(result, 'error', 'unusable', /contains a job of this instance without a usable status/)
})

test.concurrent.each([
  ['job-list', 'html-200'],
  ['job-list', 403],
  ['iam', 'empty-200'],
  ['ecs-keys', 'html-200'],
] as const)(
  'instance-id: a job of last week is running although %s failed once with %s',
  async (api, fault) => {
    const simulator = await cloud()
    const instance = { id: 'busy-instance', name: 'shop' }
    simulator.addJob({ ...RUNNING, instance, createdAt: Date.now() - 7 * 86_400_000 })
    simulator.injectFault(fault, { api, times: 1 })
    const inputs = { 'instance-id': instance.id, 'wait-until': 'completed', timeout: '3m' }
    const { endpoint, region } = simulator
    const result = await run(
      simulator,
      {
        ...inputs,
        ...(api === 'iam' && { 'project-id': '', region, 'iam-endpoint': endpoint }),
        ...(api === 'ecs-keys' && { token: '', 'use-ecs-agency': 'true' }),
      },
      { metadataPort: simulator.port },
    )
    expectFailure(result, 'timed-out', 'timed-out', /\(job RestartGaussDBforMySQLInstance is running\)/)
  },
)

test.concurrent.each([
  ['ten minutes', 600_000],
  ['three hours', 3 * 3_600_000],
])('instance-id: a job is running although the clock of this runner is %s behind', async (_name, offset) => {
  const simulator = await cloud({ wallClock: () => Date.now() + offset })
  const instance = { id: 'busy-instance', name: 'shop' }
  simulator.addJob({ ...RUNNING, instance })
  const inputs = { 'instance-id': instance.id, 'wait-until': 'completed', timeout: '2m' }
  const result = await run(simulator, inputs)
  expectFailure(
    result,
    'timed-out',
    'timed-out',
    /was not ready within 2m \(job RestartGaussDBforMySQLInstance is running\)/,
  )
})

test.concurrent('instance-id: a refused list fails the step', async () => {
  const simulator = await cloud()
  simulator.injectFault(403, { api: 'job-list', times: 'always' })
  const result = await run(simulator, { 'instance-id': simulator.addInstance() })
  expectFailure(result, 'error', 'permission', /the status of instance .*HTTP 403.*gaussdbformysql:task:list/)
})

test.concurrent('instance-id: an instance that does not exist can no longer be found', async () => {
  const result = await run(await cloud(), { 'instance-id': 'unknown-instance' })
  expectFailure(result, 'vanished', 'instance-vanished', /that instance-id, project-id, and region/)
})

const ids = (count: number) => Array.from({ length: count }, (_, index) => `id-${index}`).join()

test.concurrent.each<[string, Inputs, RegExp]>([
  [
    '21 instances',
    { 'instance-id': ids(21) },
    /instance-id: contains 21 IDs, but a step can wait for at most 20 instances/,
  ],
  [
    'instance-id with job-id, and a result that never succeeds',
    { 'instance-id': 'a', 'job-id': 'b', 'success-results': 'completed,failed' },
    /instance-id: cannot be combined with job-id\..*success-results: can contain only completed, vanished/,
  ],
  [
    'other characters in instance-id, connect-to without connectable, and success-results without completed',
    { 'instance-id': '../jobs', 'connect-to': 'db.test:3306', 'success-results': 'vanished' },
    /instance-id: must contain IDs of .* letters.*connect-to: works only with.*success-results: must contain/,
  ],
  [
    'readiness of RDS',
    { 'job-id': 'a', 'wait-until': 'connectable', 'connect-to': 'mysql://db.test:3306', service: 'rds' },
    /wait-until: works only with service: taurusdb.*connect-to: must be host:port/,
  ],
  [
    'instances of RDS, and another wait-until',
    { 'instance-id': 'a', 'wait-until': 'ready', service: 'rds' },
    /instance-id: works only with service: taurusdb.*wait-until: must be completed, available, or/,
  ],
])('an invalid input fails the step before a request is sent: %s', async (_name, inputs, text) => {
  const simulator = await cloud()
  const result = await run(simulator, inputs)
  expectFailure(result, 'error', 'inputs', text)
  expect(result.outputs['message']).toMatch(/^Invalid inputs: - /)
  expect(simulator.requests).toEqual([])
})

const running = async () => {
  const simulator = await cloud()
  return { simulator, id: simulator.addJob(RUNNING) }
}

function expectAccepted(result: StepResult, outcome: string): void {
  expectSuccess(result)
  const sentence = `The step succeeds because success-results contains ${outcome}.`
  expect(result.outputs['result']).toBe(outcome)
  expect(notices(result)[0]).toContain(sentence)
  expect(result.summary).toContain(sentence)
}

test.concurrent(
  'success-results with vanished: a job whose record was deleted lets the step succeed',
  async () => {
    const { simulator, id } = await running()
    const onLine = (line: string) => {
      if (line.includes('Running')) simulator.removeJob(id)
    }
    const inputs = { 'job-id': id, 'success-results': 'completed,vanished', timeout: '5m' }
    expectAccepted(await run(simulator, inputs, { onLine }), 'vanished')
  },
)

test.concurrent(
  'success-results with timed-out: a job that is still running lets the step succeed',
  async () => {
    const { simulator, id } = await running()
    const inputs = { 'job-id': id, 'success-results': 'completed\ntimed-out', timeout: '1m' }
    expectAccepted(await run(simulator, inputs), 'timed-out')
  },
)

test.concurrent('success-results with canceled: a job that was canceled lets the step succeed', async () => {
  const simulator = await cloud()
  const id = simulator.addJob({ ...FINISHED, outcome: 'Canceled' })
  expectAccepted(await run(simulator, { 'job-id': id, 'success-results': 'canceled,completed' }), 'canceled')
})

test.concurrent(
  'success-results: an instance that is not ready in time fails the step all the same',
  async () => {
    const inputs = { 'success-results': 'completed,timed-out,vanished,canceled', timeout: '1m' }
    const result = await runUntilAvailable(await cloud(), withStatuses('BUILD'), inputs)
    expectFailure(result, 'not-ready', 'not-ready', /did not become available within 1m/)
  },
)

test.concurrent(
  'success-results: with fail-fast, an accepted result does not end the wait for the others',
  async () => {
    const simulator = await cloud()
    const ids = [
      simulator.addJob({ ...FINISHED, outcome: 'Canceled' }),
      simulator.addJob({ ...FINISHED, override: statuses('Running', 'Running', 'Completed') }),
    ]
    const inputs = { 'job-id': ids.join(), 'fail-fast': 'true', 'success-results': 'completed,canceled' }
    expectAccepted(await run(simulator, inputs), 'canceled')
    expect(countOf(simulator, 'jobs')).toBe(4)
  },
)

test.concurrent('success-results: with fail-fast, another result ends the wait for all', async () => {
  const simulator = await cloud()
  const ids = [simulator.addJob({ ...FINISHED, outcome: 'Failed' }), simulator.addJob(RUNNING)]
  const inputs = { 'job-id': ids.join(), 'fail-fast': 'true', 'success-results': 'completed,canceled' }
  const result = await run(simulator, inputs)
  expectFailure(result, 'failed', 'failed', /no longer polled because fail-fast is on/)
})

test.concurrent(
  'success-results: with fail-fast, an instance without an address ends the wait for all',
  async () => {
    const simulator = await cloud()
    const instanceBehavior = { override: { private_write_ips: [] } }
    const ids = [simulator.addJob({ ...FINISHED, instanceBehavior }), simulator.addJob(RUNNING)]
    const inputs = { 'job-id': ids.join(), 'fail-fast': 'true', 'wait-until': 'connectable', timeout: '5m' }
    const result = await run(simulator, inputs)
    expect(result.log).not.toContain('timed out')
    expect(result.outputs['result']).toBe('not-ready')
    expect(result.outputs['jobs']).toContain('interrupted')
  },
)

test.concurrent(
  'success-results: with fail-fast, a job that names no instance ends the wait for all',
  async () => {
    const simulator = await cloud()
    const ids = [simulator.addJob({ ...FINISHED, omit: ['instance'] }), simulator.addJob(RUNNING)]
    const inputs = { 'job-id': ids.join(), 'fail-fast': 'true', 'wait-until': 'available', timeout: '5m' }
    const result = await run(simulator, inputs)
    expect(result.log).not.toContain('timed out')
    expect(result.outputs['result']).toBe('not-ready')
    expect(result.outputs['jobs']).toContain('interrupted')
  },
)

test.concurrent('the timeout while the job is running is timed-out', async () => {
  const result = await runUntilAvailable(await cloud(), RUNNING, { timeout: '1m' })
  expectFailure(result, 'timed-out', 'timed-out', /Job .* did not finish within 1m \(last status: Running/)
  expect(result.outputs['instance-status']).toBe('')
})

test.concurrent('the timeout while the instance is busy is not-ready', async () => {
  const result = await runUntilAvailable(await cloud(), withStatuses('BACKING UP'), { timeout: '1m' })
  expectFailure(
    result,
    'not-ready',
    'not-ready',
    /Job .* completed\. Instance .* did not become available within 1m \(last status: BACKING UP\)\. .*a longer timeout\./,
  )
  expect(result.outputs).toMatchObject({
    status: 'Completed',
    progress: '100',
    'instance-status': 'BACKING UP',
  })
})

test.concurrent('the timeout while nothing listens on the port is not-ready', async () => {
  const database = await databaseAt({ behavior: 'silent' })
  const result = await runUntilConnectable(await cloud({ database }), { timeout: '3m' })
  const text = /did not accept connections at 127\.0\.0\.1:\d+ within 3m \(last attempt: no handshake\)\./
  expectFailure(result, 'not-ready', 'not-ready', text)
  expect(result.summary).toMatch(/\*\*Connection\*\* .*no handshake/)
})

test.concurrent('the timeout while an instance of instance-id is busy is timed-out', async () => {
  const simulator = await cloud()
  simulator.addJob({ ...RUNNING, instance: { id: 'busy-instance', name: 'shop' } })
  const result = await run(simulator, { 'instance-id': 'busy-instance', timeout: '1m' })
  const text = /Instance busy-instance was not ready within 1m .* run a step with the same instance-id/
  expectFailure(result, 'timed-out', 'timed-out', text)
})

/** Sends a signal when a line has matched a number of times. */
async function cancel(
  start: (more: More) => Promise<StepResult>,
  signal: NodeJS.Signals,
  pattern: RegExp,
  count = 1,
) {
  let child: ChildProcess | undefined
  let since = Number.NaN
  let left = count
  const result = await start({
    onStart: (started) => (child = started),
    onLine: (line) => {
      if (!pattern.test(line) || --left !== 0) return
      since = performance.now()
      child?.kill(signal)
    },
  })
  expect(performance.now() - since).toBeLessThan(2_000)
  expect(result.exitCode).not.toBe(0)
  expect(annotations(result)).toEqual([expect.stringMatching(`^::error title=${TITLES.interrupted}::`)])
  expect(result.outputs).toMatchObject({ result: 'interrupted' })
  expect(result.summary).toContain(TITLES.interrupted)
  return result
}

// Windows has no signals between processes.
if (process.platform !== 'win32') {
  test.concurrent.each(['SIGINT', 'SIGTERM'] as const)(
    'a signal ends the step within two seconds, with outputs, while the instance is busy: %s',
    async (signal) => {
      const simulator = await cloud()
      const inputs = { 'job-id': simulator.addJob(withStatuses('BUILD')), 'wait-until': 'available' }
      const result = await cancel((more) => run(simulator, inputs, more), signal, /instance BUILD/)
      expect(annotation(result)).toMatch(
        /was not ready before the wait was interrupted \(last status: BUILD\)/,
      )
      expect(result.outputs).toMatchObject({ status: 'Completed', 'instance-status': 'BUILD' })
    },
  )

  test.concurrent.each(['SIGINT', 'SIGTERM'] as const)(
    'a signal ends the step within two seconds, with outputs, while the database is silent: %s',
    async (signal) => {
      const database = await databaseAt({ behavior: 'silent' })
      const simulator = await cloud({ database })
      await cancel((more) => runUntilConnectable(simulator, {}, more), signal, /no handshake/)
    },
  )

  test.concurrent(
    'a signal ends the step within two seconds, with outputs, while a job is running on an instance: SIGINT',
    async () => {
      const simulator = await cloud()
      simulator.addJob({ ...RUNNING, instance: { id: 'busy-instance', name: 'shop' } })
      const inputs = { 'instance-id': 'busy-instance' }
      await cancel((more) => run(simulator, inputs, more), 'SIGINT', /is Running/)
    },
  )

  // A FIFO without a writer blocks a thread, as a name server does that does not respond.
  test.concurrent(
    'a signal ends the step within two seconds, with outputs, during a DNS lookup that outlasts many attempts',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'blocked-'))
      execFileSync('mkfifo', [`${folder}/fifo`])
      const code = `
      import fs from 'node:fs'
      process.getBuiltinModule('dns').lookup = () => {
        console.log('looking up')
        fs.open('${folder}/fifo', () => undefined)
      }
      process.getBuiltinModule('module').syncBuiltinESMExports()
    `
      const simulator = await cloud()
      const inputs = { 'connect-to': 'db.example.test:3306' }
      const start = (more: More) =>
        runUntilConnectable(simulator, inputs, { ...more, code, env: { RUNNER_DEBUG: '1' } })
      const { log } = await cancel(start, 'SIGINT', /::debug::.*db\.example\.test:3306: no connection/, 12)
      expect(log.match(/looking up/g)).toHaveLength(1)
      rmSync(folder, { recursive: true })
    },
  )
}

test.concurrent('untrusted text of the instance and its database contains no secret', async () => {
  const forms = [TOKEN, encodeURIComponent(TOKEN), Buffer.from(TOKEN).toString('base64')]
  const echo = forms.join(' ')
  const database = await databaseAt({ behavior: errorPacket(1130, `Host '${echo}' is not allowed`) })
  const simulator = await cloud({ database })
  const override = { name: echo, private_write_ips: [...forms, database.host] }
  const ready = { ...FINISHED, instance: { id: 'ready', name: '' }, instanceBehavior: { override } }
  const gone = {
    ...FINISHED,
    instance: { id: 'gone', name: '' },
    instanceBehavior: { override: { ...override, status: `NO ${echo}` } },
  }
  simulator.injectFault(json(503, { error_code: echo, error_msg: echo }), { instanceId: 'ready' })
  simulator.injectFault('gzip', { instanceId: 'gone' })
  simulator.injectFault(json(404, { error_code: echo, error_msg: echo }), { instanceId: 'gone', times: 3 })
  const onLine = (line: string) => {
    if (line.includes('error 1130')) void database.behave(handshakePacket(1, `8.0 ${echo}`))
  }
  const more = { onLine, env: { RUNNER_DEBUG: '1' } }
  const results = await Promise.all([
    run(simulator, { 'job-id': simulator.addJob(ready), 'wait-until': 'connectable' }, more),
    runUntilAvailable(simulator, gone),
  ])
  expectSuccess(results[0])
  expect(results[0].log).toContain("error 1130: Host '*** *** ***' is not allowed")
  expect(results[0].outputs['message']).toContain('handshake of 8.0 *** *** ***')
  expectFailure(results[1], 'vanished', 'instance-vanished', /NO \*\*\* \*\*\* \*\*\*.*HTTP 404 \*\*\*/)
  for (const { log, outputs, summary } of results) {
    const report = [log.replace(/^::add-mask::.*$/gm, ''), summary, ...Object.values(outputs)].join('\n')
    expect(forms.filter((form) => report.includes(form.slice(0, 12)))).toEqual([])
  }
})

test.concurrent.each([
  '::error title=forged::x\n::set-output name=result::completed\r::add-mask::a ##[error]forged ##[add-mask]a',
  '</code><script>alert(1)</script> | [a](https://evil.test) | @octocat\n```\n# heading\n|---|\u001b[31m\u202e\u0000',
  `${'x'.repeat(2_000)}::error::`,
])('untrusted text cannot forge anything: %j', async (text) => {
  const version = `8.0 ${text.replaceAll('\0', '').slice(0, 900)}`
  const database = await databaseAt({ behavior: handshakePacket(1, version) })
  const simulator = await cloud({ database })
  const override = { name: text, private_write_ips: [text, database.host] }
  const job = { ...FINISHED, instance: { id: 'ready', name: '' }, instanceBehavior: { override } }
  simulator.injectFault('gzip', { instanceId: 'gone' })
  simulator.injectFault(json(404, { error_msg: text }), { instanceId: 'gone', times: 3 })
  const gone = { ...withStatuses(`BUILD ${text}`), instance: { id: 'gone', name: text } }
  const results = await Promise.all([
    run(simulator, { 'job-id': simulator.addJob(job), 'wait-until': 'connectable' }),
    runUntilAvailable(simulator, gone),
  ])
  expectSuccess(results[0])
  expect(results[0].log).toContain('handshake of 8.0 ')
  expectFailure(results[1], 'vanished', 'instance-vanished', /last status: BUILD/)
  for (const { log, summary, outputs } of results) {
    const names = commandsIn(log).map(({ name }) => name)
    const isOurs = /^(add-mask|group|endgroup|notice|warning|error)$/
    expect(names.filter((name) => !isOurs.test(name))).toEqual([])
    expect(names.filter((name) => name === 'error' || name === 'notice')).toHaveLength(1)
    expect(log.match(/^::add-mask::(?!MII|TUlJ).*$/gm)).toBeNull()
    expect(unexpectedNodesIn(summary)).toEqual([])
    expect(outputs['message']).not.toMatch(/\p{C}/u)
    expect(outputs['message']?.length).toBeLessThanOrEqual(1_000)
  }
})
