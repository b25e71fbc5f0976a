import { afterAll, expect, test } from '@jest/globals'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '../../simulator/fault-queue.ts'
import type { Fault } from '../../simulator/faults.ts'
import type { JobOptions } from '../../simulator/job.ts'
import { startBrokenServer, startProxy, type Proxy } from '../../simulator/proxy.ts'
import { json, redirectTo } from '../../simulator/response.ts'
import { runStep, type Step, type StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { VERSION } from '../../src/http/exchange.ts'
import { TITLES } from '../../src/report/titles.ts'
import { expectHarmlessLog, expectHarmlessSummary } from '../model/harmless.ts'
import { realLimits, withCode } from './preload.ts'
import { BEHIND_PROXY, startTlsSimulator, TRUST } from './stage.ts'
import { annotations, expectFailure, expectSuccess } from './step.ts'

/**
 * Inside a VPC: keys of the agency of an ECS, the look-up of the project, and the sub-tasks of a restore job, with the built
 * action against the simulator. Time passes faster in both. The tests are in no block, because Jest runs only tests of the
 * same block concurrently.
 */

const SPEED = 50

const opened: (() => Promise<void>)[] = []
afterAll(() => Promise.all(opened.map((close) => close())))

async function cloud(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ speed: SPEED, hasFastClients: true, ...options })
  opened.push(simulator.close)
  return simulator
}

type Inputs = Readonly<Record<string, string>>

interface More extends Partial<Step> {
  /** Whether the limit of 30 s for a request is fast, too. Otherwise, a busy machine would exceed it. */
  readonly hasFastLimit?: boolean
}

/** Runs a step on an ECS whose metadata service is the simulator's. */
function run(simulator: Simulator, inputs: Inputs, more: More = {}): Promise<StepResult> {
  const { endpoint, projectId, port } = simulator
  const { speed = SPEED, hasFastLimit = false, env, ...rest } = more
  const realTimers = hasFastLimit ? [] : [30_000]
  const defaults = { endpoint, 'project-id': projectId, timeout: '10m' }
  return runStep({
    speed,
    metadataPort: port,
    ...rest,
    with: { ...defaults, ...inputs },
    env: { ...env, ...withCode(realLimits(speed, ...realTimers)) },
  })
}

/** A job that has completed. */
const FINISHED: JobOptions = { notFoundMs: 0, pendingMs: 0, runningMs: 0 }
const ECS = { 'use-ecs-agency': 'true' }

/** A job that is running in this number of responses, and completed in the next one. */
function runningFor(responses: number): JobOptions {
  let left = responses
  return {
    ...FINISHED,
    runningMs: Infinity,
    override: {
      get status() {
        return left-- > 0 ? 'Running' : 'Completed'
      },
    },
  }
}

/** Waits for a job with the keys of the agency of the ECS. */
function runOnEcs(simulator: Simulator, job = FINISHED, more: More = {}): Promise<StepResult> {
  return run(simulator, { ...ECS, 'job-id': simulator.addJob(job) }, more)
}

function requestsTo(simulator: Simulator, ...apis: readonly Api[]) {
  return simulator.requests.filter(({ api }) => apis.includes(api))
}

function apisOf({ requests }: Simulator): string[] {
  return requests.map(({ api }) => api)
}

/** The keys that the metadata service returns now. */
async function keysOf({ endpoint }: Simulator): Promise<readonly string[]> {
  const response = await fetch(`${endpoint}/openstack/latest/securitykey`)
  const { credential } = (await response.json()) as { credential: Record<string, string> }
  return ['access', 'secret', 'securitytoken'].map((name) => credential[name] ?? '')
}

/** Log, outputs, and summary, without the lines that mask secrets. */
function reportOf({ log, outputs, summary }: StepResult): string {
  return [log.replace(/^::add-mask::.*$/gm, ''), JSON.stringify(outputs), summary].join('\n')
}

/** A part of a secret in a report, in any of the forms in which services echo secrets. */
function leaksIn(result: StepResult, secrets: readonly string[]): string[] {
  const report = reportOf(result)
  return formsOf(secrets).filter((form) => report.includes(form.slice(0, 16)))
}

function formsOf(secrets: readonly string[]): string[] {
  return secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
  ])
}

test.concurrent.each(['required', 'optional', 404, 405, 503] as const)(
  'use-ecs-agency: the metadata service issues the keys if its session tokens are %s',
  async (sessionTokens) => {
    const simulator = await cloud({ ecs: { sessionTokens } })
    const result = await runOnEcs(simulator, FINISHED, { env: { RUNNER_DEBUG: '1' } })
    expectSuccess(result)
    expect(apisOf(simulator)).toEqual(['ecs-token', 'ecs-keys', 'jobs'])
    const [token, keys, job] = simulator.requests
    expect(token).toMatchObject({ method: 'PUT', path: '/meta-data/latest/api/token' })
    expect(token?.headers).toMatchObject({ 'x-metadata-token-ttl-seconds': '21600' })
    const session = keys?.headers['x-metadata-token']
    expect(typeof session).toBe(typeof sessionTokens === 'number' ? 'undefined' : 'string')
    expect(job?.headers).toMatchObject({ 'x-project-id': simulator.projectId })
    expect(result.log).toContain('Credentials: the agency of this ECS, from its metadata service.\n')
    expect(result.log).toMatch(/ new temporary keys from the agency, valid for (24h|23h5\dm)/)
    expect(simulator.requests.map(({ headers }) => headers['x-auth-token'])).toEqual(Array(3))

    // Each secret is masked before anything else is printed with it, and appears nowhere else.
    const secrets = [session ?? [], simulator.requests[2]?.headers['x-security-token'] ?? []].flat()
    for (const secret of [...secrets, /Access=(\w+),/.exec(job?.headers.authorization ?? '')?.[1] ?? '']) {
      expect(result.log).toContain(`::add-mask::${secret}\n`)
      expect(leaksIn(result, [secret])).toEqual([])
    }
    const lines = result.log.split('\n')
    const used = lines.findIndex((line) => line.includes('new temporary keys'))
    const masked = lines.findLastIndex((line) => line.startsWith('::add-mask::'))
    expect(masked).toBeLessThan(used)
  },
)

/** Variables that name a proxy for everything. */
function proxied(url: string): Record<string, string> {
  const names = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']
  return { ...Object.fromEntries(names.map((name) => [name, url])), NODE_USE_ENV_PROXY: '1' }
}

async function recordingProxy(target?: string): Promise<Proxy> {
  const proxy = await startProxy(target === undefined ? {} : { target })
  opened.push(proxy.close)
  return proxy
}

test.concurrent.each(['', 'gaussdb.other.test, *.internal'])(
  'use-ecs-agency: the metadata service is never reached through a proxy, with no_proxy: %j',
  async (noProxy) => {
    const [metadata, jobs] = [await cloud(), await startTlsSimulator()]
    opened.push(jobs.close)
    jobs.injectFault(json(200, { job: { id: 'job-1', status: 'Completed' } }), { api: 'jobs' })
    const proxy = await recordingProxy(`127.0.0.1:${jobs.port}`)
    const env = { ...proxied(proxy.url), ...TRUST, no_proxy: noProxy, NO_PROXY: noProxy }
    expectSuccess(await run(metadata, { ...ECS, endpoint: BEHIND_PROXY, 'job-id': 'job-1' }, { env }))
    expect(apisOf(metadata)).toEqual(['ecs-token', 'ecs-keys'])
    expect(proxy.tunnels).toMatchObject([{ target: 'gaussdb.simulator.test:443' }])
  },
)

test.concurrent('use-ecs-agency: a proxy that does not respond is not used for loopback', async () => {
  const closed = await startBrokenServer()
  await closed.close()
  const simulator = await cloud()
  const env = proxied(`http://127.0.0.1:${closed.port}`)
  expectSuccess(await runOnEcs(simulator, FINISHED, { env }))
})

test.concurrent.each<[string, Inputs, RegExp | undefined]>([
  ['false', { 'use-ecs-agency': 'false', token: 'own' }, undefined],
  ['false without other credentials', { 'use-ecs-agency': 'false' }, /token: missing.*use-ecs-agency: true/],
  ['yes', { 'use-ecs-agency': 'yes' }, /use-ecs-agency: must be true or false\./],
  [
    'true with a token',
    { ...ECS, token: 'fake-token-0123' },
    /token: cannot be combined with use-ecs-agency\. Set only one kind of credentials/,
  ],
  [
    'true with an access key',
    { ...ECS, 'access-key-id': 'FAKEACCESSKEYID00000', 'secret-access-key': 'fake-secret-key' },
    /access-key-id: cannot be combined with use-ecs-agency\./,
  ],
  [
    'true with an agency of GitHub OIDC',
    { ...ECS, 'agency-urn': 'iam::0123:agency:fake' },
    /agency-urn: cannot be combined with use-ecs-agency\./,
  ],
])(
  'use-ecs-agency: the metadata service is not contacted if the input is %s',
  async (_name, given, problem) => {
    const simulator = await cloud()
    const token = given['token'] === 'own' ? { token: simulator.token } : {}
    const result = await run(simulator, { ...given, ...token, 'job-id': simulator.addJob(FINISHED) })
    if (problem === undefined) expectSuccess(result)
    else expectFailure(result, 'error', 'inputs', problem)
    expect(apisOf(simulator)).toEqual(problem === undefined ? ['jobs'] : [])
  },
)

test.concurrent('use-ecs-agency: keys are renewed before they expire, and once after a 401', async () => {
  // The last third of their lifetime is left for the renewal, 4 s in real time.
  const simulator = await cloud({ ecs: { keySeconds: 600, renewSeconds: 250 } })
  const renewals = () => requestsTo(simulator, 'ecs-keys').length - 1
  let isRevoked = false
  const onLine = (line: string) => {
    if (isRevoked || renewals() < 1 || !line.includes('Running')) return
    simulator.revokeKeys()
    isRevoked = true
  }
  const override = {
    get status() {
      return renewals() < 2 ? 'Running' : 'Completed'
    },
  }
  const jobId = simulator.addJob({ ...FINISHED, runningMs: Infinity, override })
  const result = await run(simulator, { ...ECS, 'job-id': jobId, timeout: '2h' }, { onLine })
  expectSuccess(result)
  expect(isRevoked).toBe(true)
  expect(result.log).toMatch(/^job .*: \d+ requests: \d+ × Running, 1 × 401, 1 × Completed$/m)
  expect(result.summary).toContain('Retries after errors: 1')
  const keys = new Set(requestsTo(simulator, 'jobs').map(({ headers }) => headers['x-security-token']))
  expect(keys.size).toBeGreaterThanOrEqual(3)
  expect(result.log.match(/new temporary keys from the agency/g)).toHaveLength(keys.size)
  expect(leaksIn(result, [...keys].map(String))).toEqual([])
})

test.concurrent('use-ecs-agency: a second 401 in a row is final', async () => {
  const simulator = await cloud()
  simulator.injectFault(401, { api: 'jobs', times: 'always' })
  const result = await runOnEcs(simulator)
  expectFailure(result, 'error', 'credentials', /HTTP 401 .*also rejected newly issued keys/)
  expect(requestsTo(simulator, 'jobs')).toHaveLength(2)
})

test.concurrent(
  'use-ecs-agency: a runner that is not an ECS gets an error after three attempts',
  async () => {
    const closed = await startBrokenServer()
    await closed.close()
    const simulator = await cloud()
    const result = await runOnEcs(simulator, FINISHED, { metadataPort: closed.port })
    const text = /the metadata service of the ECS: connection failed: “.*ECONNREFUSED.*exists only on an ECS/
    expectFailure(result, 'error', 'ecs-agency', text)
    expect(simulator.requests).toEqual([])
  },
)

test.concurrent.each<[string, SimulatorOptions['ecs'], [Api, Fault][], RegExp, number]>([
  ['no agency', { hasAgency: false }, [], /HTTP 401\.%0AThe ECS has no agency\. Create an agency/, 1],
  [
    'no session token',
    { sessionTokens: 'required' },
    [['ecs-token', 405]],
    /HTTP 401\..*requires a session token/,
    3,
  ],
  [
    'other paths',
    {},
    [
      ['ecs-token', 404],
      ['ecs-keys', 404],
    ],
    /HTTP 404 .*exists only on an ECS/,
    1,
  ],
  ['a proxy', {}, [['ecs-keys', 407]], /HTTP 407 /, 1],
])(
  'use-ecs-agency: a metadata service with %s is an error',
  async (_name, ecs = {}, faults, text, attempts) => {
    const simulator = await cloud({ ecs })
    for (const [api, fault] of faults) simulator.injectFault(fault, { api, times: 'always' })
    const result = await runOnEcs(simulator)
    expectFailure(result, 'error', 'ecs-agency', text)
    expect(requestsTo(simulator, 'ecs-keys')).toHaveLength(attempts)
    expect(requestsTo(simulator, 'jobs')).toEqual([])
  },
)

const UNUSABLE = ['html-200', 'huge', 'gzip-bomb', 'endless', 'empty-200', 'invalid-utf8', '204'] as const

test.concurrent.each(
  UNUSABLE.map((fault, index) => [fault, index % 2 === 0 ? 'ecs-token' : 'ecs-keys'] as const),
)(
  'use-ecs-agency: a response that is not usable fails the step, and is not shown: %s of %s',
  async (fault, api) => {
    const simulator = await cloud()
    const keys = await keysOf(simulator)
    simulator.injectFault(fault, { api, times: 'always' })
    const result = await runOnEcs(simulator)
    const text = /the metadata service of the ECS: HTTP 20\d without valid keys/
    expectFailure(result, 'error', 'unusable', text)
    expect(requestsTo(simulator, 'jobs')).toEqual([])
    expect(leaksIn(result, keys)).toEqual([])
  },
)

test.concurrent.each([
  ['stall-in-body', 'ecs-token'],
  ['silent', 'ecs-keys'],
  ['cut-in-chunk', 'ecs-keys'],
  ['garbage', 'ecs-token'],
] as const)(
  'use-ecs-agency: no response fails the step after three attempts: %s of %s',
  async (fault, api) => {
    const simulator = await cloud()
    simulator.injectFault(fault, { api, times: 'always' })
    const result = await runOnEcs(simulator, FINISHED, {
      hasFastLimit: fault === 'silent' || fault === 'stall-in-body',
    })
    expectFailure(result, 'error', 'ecs-agency', /the metadata service of the ECS: .*exists only on an ECS/)
    expect(requestsTo(simulator, api)).toHaveLength(3)
  },
)

test.concurrent('use-ecs-agency: an error of the server is retried until the timeout', async () => {
  const simulator = await cloud()
  simulator.injectFault('html-502', { api: 'ecs-keys', times: 'always' })
  const result = await run(simulator, { ...ECS, 'job-id': 'job-1', timeout: '60s' })
  // As for IAM below, the last error may be another one.
  expectFailure(result, 'timed-out', 'timed-out', /\d × metadata 502/)
})

test.concurrent('use-ecs-agency: a redirect is not followed', async () => {
  const elsewhere = await cloud()
  for (const api of ['ecs-token', 'ecs-keys'] as const) {
    const simulator = await cloud()
    simulator.injectFault(redirectTo(`${elsewhere.endpoint}/`), { api, times: 'always' })
    expectFailure(await runOnEcs(simulator), 'error', 'ecs-agency', /HTTP 302 to http/)
  }
  expect(elsewhere.requests).toEqual([])
})

test.concurrent('use-ecs-agency: secrets that any service echoes are redacted', async () => {
  const simulator = await cloud()
  const session = 'FakeSession+token/0123456789abcdef=='
  const keys = {
    access: 'FAKEACCESSKEYID00000',
    secret: 'fake/secret+key/0123456789abcdef0123456789',
    securitytoken: 'fake+security/token+0123456789abcdef==',
  }
  const secrets = [session, ...Object.values(keys)]
  const echo = formsOf(secrets).join(' ')
  const expires_at = new Date(Date.now() + 86_400_000).toISOString()
  const error = { error_code: echo, error_msg: echo }
  simulator.injectFault({ status: 200, body: session }, { api: 'ecs-token' })
  simulator.injectFault({ status: 500, body: formsOf([session]).join(' ') }, { api: 'ecs-keys' })
  simulator.injectFault({ status: 200, body: session }, { api: 'ecs-token' })
  simulator.injectFault(json(200, { credential: { ...keys, expires_at } }), { api: 'ecs-keys' })
  simulator.injectFault(json(503, error), { api: 'jobs' })
  simulator.injectFault(json(401, error), { api: 'jobs', times: 'always' })
  // The keys were rejected; their renewal fails, too.
  simulator.injectFault(json(400, { ...error, message: echo }), { api: 'ecs-token', times: 'always' })
  const result = await runOnEcs(simulator, FINISHED, { env: { RUNNER_DEBUG: '1' } })
  expectFailure(result, 'error', 'ecs-agency', /HTTP 400 \*\*\* /)
  expect(leaksIn(result, secrets)).toEqual([])
})

// Windows has no signals between processes.
if (process.platform !== 'win32') {
  test.concurrent.each([
    ['ecs-token', 'SIGINT'],
    ['ecs-keys', 'SIGTERM'],
    ['iam', 'SIGINT'],
    ['sub-tasks', 'SIGTERM'],
  ] as const)(
    'a signal ends the step within two seconds while a service is silent: %s, %s',
    async (api, signal) => {
      const simulator = await cloud({ speed: 1 })
      simulator.injectFault('silent', { api, times: 'always' })
      let child: ChildProcess | undefined
      const inputs = {
        ...ECS,
        ...lookUp(simulator),
        'job-id': simulator.addJob({ ...runningFor(99), ...RESTORE }),
      }
      const more = { speed: 1, onStart: (started: ChildProcess) => (child = started) }
      const step = run(simulator, inputs, more)
      while (requestsTo(simulator, api).length === 0) await sleep(20)
      const since = performance.now()
      child?.kill(signal)
      const result = await step
      expect(performance.now() - since).toBeLessThan(2_000)
      expect(annotations(result)).toEqual([expect.stringMatching(`^::error title=${TITLES.interrupted}::`)])
      expect(result.outputs['result']).toBe('interrupted')
      expect(result.summary).toContain(TITLES.interrupted)
    },
  )
}

/** Inputs that let the project of the simulator's region be looked up. */
function lookUp({ region, endpoint }: Simulator): Inputs {
  return { 'project-id': '', region, 'iam-endpoint': endpoint }
}

function credentialsOf({
  token,
  accessKey,
  oidc,
  endpoint,
}: Simulator): Record<string, { inputs: Inputs; env?: Inputs }> {
  return {
    'a token': { inputs: { token } },
    'an access key': { inputs: { 'access-key-id': accessKey.id, 'secret-access-key': accessKey.secret } },
    'GitHub OIDC': {
      inputs: {
        'identity-provider-urn': oidc.providerUrn,
        'agency-urn': oidc.agencyUrn,
        'sts-endpoint': endpoint,
      },
      env: { ...oidc.env },
    },
    'the agency of an ECS': { inputs: ECS },
  }
}

test.concurrent.each(['a token', 'an access key', 'GitHub OIDC', 'the agency of an ECS'])(
  'project look-up: one request with %s finds the project of the region',
  async (kind) => {
    const projectId = 'abcdef0123456789ABCDEF0123456789'
    const simulator = await cloud({ projectId, region: 'ap-southeast-3' })
    const { inputs, env = {} } = credentialsOf(simulator)[kind] ?? { inputs: {} }
    const job = simulator.addJob(runningFor(2))
    const result = await run(simulator, { ...inputs, ...lookUp(simulator), 'job-id': job }, { env })
    expectSuccess(result)
    expect(result.log).toContain(`  project ${projectId}, looked up for the region ap-southeast-3\n`)
    const [request, ...others] = requestsTo(simulator, 'iam')
    expect(others).toEqual([])
    expect(request).toMatchObject({ method: 'GET', path: '/v3/projects', query: { name: 'ap-southeast-3' } })
    expect(request?.headers).not.toHaveProperty('x-project-id')
    const jobs = requestsTo(simulator, 'jobs')
    expect(jobs.length).toBeGreaterThan(1)
    expect(new Set(jobs.map(({ path }) => path))).toEqual(new Set([`/v3/${projectId}/jobs`]))
  },
)

test.concurrent('project look-up: a given project ID needs no request', async () => {
  const simulator = await cloud()
  const { token, projectId } = simulator
  const inputs = { ...lookUp(simulator), token, 'job-id': simulator.addJob(FINISHED) }
  const results = await Promise.all([
    run(simulator, { ...inputs, 'project-id': projectId }),
    run(simulator, inputs, { env: { HUAWEI_CLOUD_PROJECT_ID: projectId } }),
  ])
  for (const result of results) {
    expectSuccess(result)
    expect(result.log).not.toContain('looked up')
  }
  expect(apisOf(simulator)).toEqual(['jobs', 'jobs'])
})

test.concurrent.each<[string, Inputs]>([
  ['several jobs', { 'job-id': '$1,$2,$3,$4,$5' }],
  ['several orders', { 'order-id': 'CS1, CS2, CS3' }],
  ['several instances', { 'instance-id': 'instance-1,instance-2', timeout: '10m' }],
])('project look-up: %s share one request', async (_name, ids) => {
  const simulator = await cloud()
  const jobs = [1, 2, 3, 4, 5].map((index) =>
    simulator.addJob({
      ...FINISHED,
      runningMs: 10_000,
      orderId: `CS${index}`,
      instance: { id: `instance-${index}`, name: '' },
    }),
  )
  const given = Object.entries(ids).map(([name, value]) => [
    name,
    value.replace(/\$(\d)/g, (_, index) => jobs[Number(index) - 1] ?? ''),
  ])
  const inputs = { ...ECS, ...lookUp(simulator), ...(Object.fromEntries(given) as Inputs) }
  expectSuccess(await run(simulator, inputs))
  expect(requestsTo(simulator, 'iam')).toHaveLength(1)
  expect(requestsTo(simulator, 'ecs-keys')).toHaveLength(1)
})

test.concurrent('project look-up: faults that pass are retried', async () => {
  const simulator = await cloud()
  const faults = [
    '429-retry-after',
    503,
    'html-502',
    'reset',
    'cut-in-chunk',
    408,
    'html-200',
    'null-job',
  ] as const
  for (const fault of faults) simulator.injectFault(fault, { api: 'iam' })
  const inputs = { ...lookUp(simulator), token: simulator.token, 'job-id': simulator.addJob(FINISHED) }
  expectSuccess(await run(simulator, inputs))
  expect(requestsTo(simulator, 'iam')).toHaveLength(faults.length + 1)
  expect(requestsTo(simulator, 'jobs')).toHaveLength(1)
})

const projects = (...list: readonly unknown[]) => json(200, { projects: list })
const OTHER_ID = 'f'.repeat(32)

test.concurrent.each<[string, Fault, string, keyof typeof TITLES, RegExp, number]>([
  [
    'no project',
    projects(),
    'error',
    'project',
    /IAM returned no project with the name simulated-region-1.*Set project-id/,
    1,
  ],
  [
    'projects with other names',
    projects({ id: OTHER_ID, name: 'simulated-region-1_dev' }, { id: OTHER_ID, name: 'SIMULATED-REGION-1' }),
    'error',
    'project',
    /IAM returned no project/,
    1,
  ],
  [
    'several projects',
    projects(
      { id: OTHER_ID, name: 'simulated-region-1' },
      { id: '0'.repeat(32), name: 'simulated-region-1' },
    ),
    'error',
    'project',
    /IAM returned 2 projects with the name simulated-region-1.*Set project-id/,
    1,
  ],
  ['a 403', 'iam-forbidden', 'error', 'project', /IAM: HTTP 403 IAM\.0003 .*iam:projects:listProjects/, 1],
  ['a 404', 404, 'error', 'project', /IAM: HTTP 404 /, 1],
  ['a 401', 401, 'error', 'credentials', /IAM: HTTP 401 /, 1],
  ['a page', 'html-200', 'error', 'unusable', /IAM: HTTP 200 without a list of projects/, 5],
  ['a compressed bomb', 'gzip-bomb', 'error', 'unusable', /IAM: HTTP 200 with a body that is larger than/, 5],
  [
    'an ID that is a path',
    projects({ id: '../../jobs', name: 'simulated-region-1' }),
    'error',
    'unusable',
    /without a list/,
    5,
  ],
  // The final request may have no response on a busy machine, so the last error may be another one.
  ['a 429 each time', '429', 'timed-out', 'timed-out', /\d × IAM 429/, Number.NaN],
  ['a 500 each time', 500, 'timed-out', 'timed-out', /\d × IAM 500/, Number.NaN],
  [
    'silence',
    'silent',
    'timed-out',
    'timed-out',
    /IAM: timed out while waiting for the response/,
    Number.NaN,
  ],
])('project look-up: %s fails the step', async (_name, fault, outcome, title, text, requests) => {
  const simulator = await cloud()
  simulator.injectFault(fault, { api: 'iam', times: 'always' })
  const inputs = { ...lookUp(simulator), token: simulator.token, 'job-id': 'job-1', timeout: '60s' }
  const result = await run(simulator, inputs, { hasFastLimit: fault === 'silent' })
  expectFailure(result, outcome, title, text)
  if (!Number.isNaN(requests)) expect(requestsTo(simulator, 'iam')).toHaveLength(requests)
  expect(apisOf(simulator)).not.toContain('jobs')
})

test.concurrent('project look-up: a redirect is not followed', async () => {
  const [simulator, elsewhere] = [await cloud(), await cloud()]
  simulator.injectFault(redirectTo(`${elsewhere.endpoint}/v3/projects`), { api: 'iam', times: 'always' })
  const inputs = { ...lookUp(simulator), token: simulator.token, 'job-id': 'job-1' }
  expectFailure(await run(simulator, inputs), 'error', 'redirect', /IAM: HTTP 302 to http/)
  expect(elsewhere.requests).toEqual([])
})

test.concurrent.each<[string, Inputs, RegExp]>([
  [
    'an IAM endpoint with a path',
    { 'iam-endpoint': 'https://iam.test/v3' },
    /iam-endpoint: already contains/,
  ],
  [
    'an IAM endpoint without TLS, which is not needed',
    { 'iam-endpoint': 'http://iam.test', 'project-id': OTHER_ID },
    /iam-endpoint: must use https/,
  ],
  ['no region', { region: '' }, /project-id: missing\. Set project-id.*or set region to look it up/],
  [
    'a region that is a host',
    { region: 'evil.test/', 'iam-endpoint': '' },
    /project-id: missing, and the value of region is not a region ID/,
  ],
])(
  'project look-up: an invalid input fails the step before a request is sent: %s',
  async (_name, inputs, text) => {
    const simulator = await cloud()
    const proxy = await recordingProxy()
    const given = { ...lookUp(simulator), ...inputs, token: simulator.token, 'job-id': 'job-1' }
    const result = await run(simulator, given, { env: proxied(proxy.url) })
    expectFailure(result, 'error', 'inputs', text)
    expect([...simulator.requests, ...proxy.tunnels]).toEqual([])
  },
)

test.concurrent(
  'project look-up: the region determines the host of IAM, whatever the endpoint is',
  async () => {
    const tls = await startTlsSimulator()
    opened.push(tls.close)
    const proxy = await recordingProxy(`127.0.0.1:${tls.port}`)
    const inputs = {
      endpoint: BEHIND_PROXY,
      'project-id': '',
      region: 'eu-west-101',
      token: tls.token,
      'job-id': 'job-1',
    }
    const result = await run(tls, inputs, { env: { ...proxied(proxy.url), ...TRUST } })
    expectFailure(result, 'error', 'certificate', /IAM: connection failed|IAM: TLS handshake failed/)
    expect(proxy.tunnels.map(({ target }) => target)).toEqual(['iam.eu-west-101.myhuaweicloud.eu:443'])
    expect(tls.requests).toEqual([])
  },
)

const RESTORE = {
  name: 'RestoreTaurusInInstanceToExisted',
  instance: { id: 'restored-instance', name: 'shop' },
} as const

/** A restore job that runs until a condition holds, so that a busy machine does not matter. */
function restoreUntil(hasEnded: () => boolean, changes: JobOptions = {}): JobOptions {
  const { outcome = 'Completed' } = changes
  const override = {
    get status() {
      return hasEnded() ? outcome : 'Running'
    },
  }
  return { ...RESTORE, notFoundMs: 0, pendingMs: 0, runningMs: 600_000, ...changes, override }
}

/** The list of sub-tasks in each response; the last one stays. */
function subTaskLists(...lists: readonly unknown[]): JobOptions {
  let responses = 0
  const override = {
    get sub_task_list() {
      return lists[Math.min(responses++, lists.length - 1)]
    },
  }
  return { subTaskBehavior: { override } }
}

/** Waits for jobs with a token. */
function runWithToken(simulator: Simulator, jobs: readonly JobOptions[], inputs: Inputs = {}) {
  const ids = jobs.map((job) => simulator.addJob(job))
  return run(simulator, { token: simulator.token, 'job-id': ids.join(), timeout: '20m', ...inputs })
}

function subTaskRequestsByJob(simulator: Simulator) {
  return Map.groupBy(requestsTo(simulator, 'sub-tasks'), ({ query }) => query['job_id'] ?? '')
}

/** Unit tests measure the minute between two requests; here, a busy machine delays some. */
function expectDistance(simulator: Simulator): void {
  for (const requests of subTaskRequestsByJob(simulator).values()) {
    const times = requests.map(({ elapsedMs }) => elapsedMs)
    expect(times.slice(1).filter((at, index) => at - (times[index] ?? 0) < 30_000)).toEqual([])
  }
}

/** The lines of a log about sub-tasks, without their time. */
function subTaskLines({ log }: StepResult): string[] {
  return [...log.matchAll(/ sub-task (.*)$/gm)].map(([, text = '']) => text)
}

test.concurrent('sub-tasks of a restore job are shown in the log, and in the summary', async () => {
  const simulator = await cloud()
  const task = (sub_task_name: string, status: string, percent: string, remaining_time: string) => {
    return { sub_task_name, status, percent, remaining_time }
  }
  const lists = subTaskLists(
    [task('Prepare', 'Running', '50', '9'), task('Restore', 'Pending', '0', '300')],
    [task('Prepare', 'Completed', '100', '0'), task('Restore', 'Running', '20', '240')],
    [task('Prepare', 'Completed', '100', '0'), task('Restore', 'Running', '20', '200')],
  )
  const requests = () => requestsTo(simulator, 'sub-tasks')
  const result = await runWithToken(simulator, [restoreUntil(() => requests().length >= 3, lists)])
  expectSuccess(result)
  const path = `/v3/${simulator.projectId}/instances/restored-instance/task-center-detail`
  const query = { job_id: result.outputs['job-id'], job_name: RESTORE.name }
  expect(requests().map((request) => [request.path, request.query])).toEqual(Array(3).fill([path, query]))
  expectDistance(simulator)
  // A line for each change.
  expect(subTaskLines(result)).toEqual([
    'Prepare: Running, 50% · about 9s left',
    'Restore: Pending, 0% · about 5m left',
    'Prepare: Completed, 100%',
    'Restore: Running, 20% · about 4m left',
  ])
  expect(result.summary).toMatch(
    /^\| Sub-task, last seen after \d+m(\d+s)? \| Status \| Progress \| Remaining \|$/m,
  )
  expect(result.summary).toContain('| <code>Prepare</code> | <code>Completed</code> | 100% |  |\n')
  expect(result.summary).toMatch(
    /^\| <code>Restore<\/code> \| <code>Running<\/code> \| 20% \| (3m20s|4m) \|$/m,
  )
})

test.concurrent('sub-tasks are requested neither for other jobs, nor for an invalid instance', async () => {
  const simulator = await cloud()
  const changes = [
    { name: 'CreateGaussDBforMySQLInstance' },
    { name: 'RestoreTaurusInInstanceToExisted2' },
    { name: '' },
    { name: undefined },
    { name: 7 },
    { instance: { id: '../../v3/projects' } },
    { instance: { id: 'a?b=c' } },
    { instance: { id: 'a\nb' } },
    { instance: null },
  ]
  const polls = () => requestsTo(simulator, 'jobs', 'job-list').length
  const ids = changes.map((fields) => {
    const job = restoreUntil(() => polls() > 6)
    return simulator.addJob({ ...job, override: Object.assign(job.override ?? {}, fields) })
  })
  // The job list has the same values.
  for (const [index, id] of ids.entries()) {
    const { name, instance } = { ...RESTORE, ...changes[index] }
    simulator.overrideListEntry(id, { job_name: name, instance_id: instance?.id })
  }
  expectSuccess(await runWithToken(simulator, [], { 'job-id': ids.join() }))
  const paths = new Set(simulator.requests.map(({ path }) => path.replace(/^\/v3\/\w{32}\//, '')))
  expect(paths).toEqual(new Set(['jobs', 'immediate-jobs']))
})

test.concurrent('sub-tasks of many jobs are requested beside the job list', async () => {
  const simulator = await cloud()
  const byJob = () => [...subTaskRequestsByJob(simulator).values()]
  const hasEnded = () => byJob().filter(({ length }) => length >= 2).length >= 2
  const restoreTo = (id: string) => restoreUntil(hasEnded, { instance: { id, name: '' } })
  const other = () => ({ ...restoreUntil(hasEnded), name: 'CreateGaussDBforMySQLInstance' })
  const result = await runWithToken(simulator, [restoreTo('a'), other(), other(), restoreTo('b'), other()])
  expectSuccess(result)
  expect(requestsTo(simulator, 'job-list').length).toBeGreaterThan(2)
  const ids = (JSON.parse(result.outputs['jobs'] ?? '[]') as { jobId: string }[]).map(({ jobId }) => jobId)
  expect(new Set(subTaskRequestsByJob(simulator).keys())).toEqual(new Set([ids[0], ids[3]]))
  expectDistance(simulator)
  for (const id of [ids[0], ids[3]]) {
    expect(result.log).toMatch(new RegExp(` sub-task RestoreFullBackup: \\w+, \\d+% · ${id} · about`))
  }
})

test.concurrent('sub-tasks never decide: a restore job that fails has its own result', async () => {
  const simulator = await cloud()
  const entryOverride = { status: 'Completed', percent: '100', remaining_time: '0' }
  const subTaskBehavior = { entryOverride, override: { status: 'Completed' } }
  const hasEnded = () => requestsTo(simulator, 'sub-tasks').length >= 2
  const job = restoreUntil(hasEnded, { outcome: 'Failed', failReason: 'no space', subTaskBehavior })
  const result = await runWithToken(simulator, [job])
  expectFailure(result, 'failed', 'failed', /failed/)
  expect(result.summary).toMatch(/Sub-task, last seen .*<code>Completed<\/code> \| 100%/s)
})

test.concurrent('sub-tasks: refused or unusable responses are the last ones, and harmless', async () => {
  const simulator = await cloud()
  const others = [json(200, { sub_task_list: 'x' }), json(200, { sub_task_list: null })]
  const faults = [400, 401, 403, 404, 'html-200', 'huge', 'gzip-bomb', 'redirect', ...others] as const
  // Two minutes after the last one was sent.
  const hasEnded = () => {
    const last = requestsTo(simulator, 'sub-tasks')[faults.length - 1]
    return (simulator.requests.at(-1)?.elapsedMs ?? 0) - (last?.elapsedMs ?? Infinity) > 120_000
  }
  const ids = faults.map(() => simulator.addJob(restoreUntil(hasEnded)))
  for (const [index, fault] of faults.entries()) {
    simulator.injectFault(fault, { api: 'sub-tasks', jobId: ids[index] ?? '', times: 'always' })
  }
  const result = await runWithToken(simulator, [], { 'job-id': ids.join() })
  expectSuccess(result)
  const counts = [...subTaskRequestsByJob(simulator).values()].map((requests) => requests.length)
  expect(counts).toEqual(faults.map(() => 1))
  expect(subTaskLines(result)).toEqual([])
  expect(result.log).not.toMatch(/^::(warning|error)/m)
})

test.concurrent('sub-tasks: faults that pass are retried a minute later', async () => {
  const simulator = await cloud()
  for (const fault of ['reset', 503] as const) simulator.injectFault(fault, { api: 'sub-tasks' })
  const job = restoreUntil(() => requestsTo(simulator, 'sub-tasks').length >= 3)
  const result = await runWithToken(simulator, [job])
  expectSuccess(result)
  expectDistance(simulator)
  expect(subTaskLines(result).length).toBeGreaterThanOrEqual(4)
  expect(result.summary).toContain('Retries after errors: 0')
})

/** A restore job that is polled a few times after its sub-tasks were sent. */
function restoreWith(simulator: Simulator, list: unknown): JobOptions {
  const hasEnded = () => apisOf(simulator).lastIndexOf('jobs') > apisOf(simulator).indexOf('sub-tasks') + 2
  return restoreUntil(() => apisOf(simulator).includes('sub-tasks') && hasEnded(), subTaskLists(list))
}

test.concurrent('sub-tasks with odd values are shown as far as they are known', async () => {
  const simulator = await cloud()
  const list = [
    null,
    7,
    [],
    {},
    { sub_task_name: '', status: 'Running' },
    { sub_task_name: 'a', status: 'Running', percent: '-1', remaining_time: '1e9' },
    { sub_task_name: 'b', status: 'Running', percent: 101, remaining_time: -5 },
    { sub_task_name: 'c', status: 'Paused', percent: {}, remaining_time: 'soon' },
    { sub_task_name: 'd', status: 'Completed', percent: '3', remaining_time: '99' },
    { sub_task_name: 'e', status: 'Running', percent: 5, remaining_time: '9999999' },
    ...Array.from({ length: 100 }, (_, index) => ({ sub_task_name: `more-${index}`, status: 'Pending' })),
  ]
  const result = await runWithToken(simulator, [restoreWith(simulator, list)])
  expectSuccess(result)
  const lines = subTaskLines(result)
  expect(lines.slice(0, 4)).toEqual(['a: Running', 'b: Running', 'c: Paused', 'd: Completed, 100%'])
  expect(lines.slice(4, 6)).toEqual(['e: Running, 5% · about 2777h47m left', 'more-0: Pending'])
  expect(lines).toHaveLength(15)
})

const HOSTILE_TOKEN = 'MIIFaketoken0123456789+abcdefghij/KLMNOPQRST=='
const HOSTILE = [
  '::error title=forged::x\n::set-output name=result::completed\r::add-mask::a ##[error]forged ##[add-mask]a',
  '</code><script>alert(1)</script> | [a](https://evil.test) | @octocat\n```\n# heading\n|---|\u001b[31m\u202e\u0000',
  `${'x|\n'.repeat(3_000)}::error::`,
].map((text) => `${formsOf([HOSTILE_TOKEN]).join(' ')} ${text}`)

function expectHarmless(result: StepResult): void {
  expect(leaksIn(result, [HOSTILE_TOKEN])).toEqual([])
  expectHarmlessLog(result.log.trimEnd(), { token: HOSTILE_TOKEN, debug: false })
  expectHarmlessSummary(result.summary)
}

test.concurrent('sub-tasks cannot forge anything, and contain no secret', async () => {
  const simulator = await cloud({ token: HOSTILE_TOKEN })
  const list = HOSTILE.map((text) => {
    return { sub_task_name: text, status: text, percent: text, remaining_time: text }
  })
  const result = await runWithToken(simulator, [restoreWith(simulator, list)])
  expectSuccess(result)
  expect(subTaskLines(result)).toHaveLength(HOSTILE.length)
  expectHarmless(result)
})

test.concurrent('IAM cannot forge anything, and shows no secret', async () => {
  const simulator = await cloud({ token: HOSTILE_TOKEN })
  const inputs = { ...lookUp(simulator), token: HOSTILE_TOKEN, 'job-id': simulator.addJob(FINISHED) }
  const { projectId: id, region: name } = simulator
  const others = HOSTILE.map((text) => ({ id: OTHER_ID, name: text }))
  simulator.injectFault(projects(...others, { id, name }), { api: 'iam' })
  const found = await run(simulator, inputs)
  expectSuccess(found)
  expectHarmless(found)
  for (const text of HOSTILE) {
    simulator.injectFault(json(503, { error_code: text, error_msg: text }), { api: 'iam' })
  }
  simulator.injectFault(json(400, { error_code: HOSTILE[1], error_msg: HOSTILE.join() }), { api: 'iam' })
  const rejected = await run(simulator, inputs)
  expectFailure(rejected, 'error', 'project', /IAM: HTTP 400 /)
  expectHarmless(rejected)
})

test.concurrent('job-id: the IDs of read replicas are separated by commas in one value', async () => {
  const simulator = await cloud()
  const ids = [1, 2, 3].map(() => simulator.addJob(FINISHED))
  const result = await runWithToken(simulator, [], { 'job-id': JSON.stringify(ids.join(',')) })
  expectSuccess(result)
  const requested = requestsTo(simulator, 'jobs').map(({ query }) => query['id'])
  expect(requested.toSorted()).toEqual(ids.toSorted())
})

test.concurrent('every request has the user agent of this version', async () => {
  const simulator = await cloud()
  const job = { ...runningFor(2), ...RESTORE }
  expectSuccess(await run(simulator, { ...ECS, ...lookUp(simulator), 'job-id': simulator.addJob(job) }))
  expect(apisOf(simulator).slice(0, 5)).toEqual(['ecs-token', 'ecs-keys', 'iam', 'jobs', 'sub-tasks'])
  const agents = simulator.requests.map(({ headers }) => headers['user-agent'])
  expect(new Set(agents)).toEqual(new Set([`wait-for-taurusdb-job/${VERSION}`]))
})
