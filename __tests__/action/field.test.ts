import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { StepResult } from '../../simulator/runner.ts'
import { startProxy } from '../../simulator/proxy.ts'
import { json } from '../../simulator/response.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { withCode } from './preload.ts'
import { BEHIND_PROXY, startBlackHole, startTlsSimulator, TRUST } from './stage.ts'
import { annotation, annotations, stepAt } from './step.ts'

/** Faults that users of similar tools reported in public, with the built action. */

let simulator: Simulator
const start = async (options?: SimulatorOptions) => {
  simulator = await startSimulator(options)
}
beforeEach(() => start())
afterEach(() => simulator.close())

const FINISHED = { notFoundMs: 0, pendingMs: 0, runningMs: 0 }

function run(inputs: Record<string, string> = {}, env: Record<string, string> = {}): Promise<StepResult> {
  const job = inputs['job-id'] ?? inputs['order-id']
  const jobId: Record<string, string> = job === undefined ? { 'job-id': simulator.addJob(FINISHED) } : {}
  return stepAt(simulator, { token: simulator.token, ...jobId, ...inputs }, env)
}

function expectCompleted(result: StepResult): void {
  expect(annotations(result)).toEqual([])
  expect(result.exitCode).toBe(0)
  expect(result.outputs['result']).toBe('completed')
}

/** Makes time pass faster for the action. */
function accelerated(speed: number) {
  return withCode(`
    const { now } = performance
    performance.now = () => now.call(performance) * ${speed}
    const { setTimeout: wait } = globalThis
    globalThis.setTimeout = (callback, ms, ...rest) => wait(callback, ms / ${speed}, ...rest)
    const timers = process.getBuiltinModule('timers/promises')
    const { setTimeout: sleep } = timers
    timers.setTimeout = (ms, ...rest) => sleep(ms / ${speed}, ...rest)
  `)
}

function expectFailed(result: StepResult, pattern: RegExp): void {
  expect(annotation(result)).toMatch(pattern)
  expect(result.exitCode).toBe(1)
}

describe('a value that is too short for a secret', () => {
  test('in a variable that is not used garbles no output', async () => {
    const result = await run({}, { HW_ACCESS_KEY: 'gauss', HW_SECRET_KEY: '1' })
    expectCompleted(result)
    expect(result.outputs['instance-endpoint']).toBe('192.168.0.10:3306')
    expect(result.log).not.toContain('::add-mask::gauss')
  })

  test.each(['HW_ACCESS_KEY', 'HUAWEICLOUD_SDK_AK'])(
    'in the variable %s, which would be used, is invalid',
    async (id) => {
      const secret = id.replace('ACCESS', 'SECRET').replace('_AK', '_SK')
      const result = await run({ token: '' }, { [id]: 'gauss', [secret]: 'fake-secret-access-key' })
      expectFailed(result, new RegExp(`title=Invalid inputs::.*${id}: has only 5 characters`))
      expect(result.log).not.toContain('gauss')
      expect(simulator.requests).toEqual([])
    },
  )
})

describe('an error response', () => {
  test('with errCode for a job that is not registered yet is retried', async () => {
    simulator.injectFault('not-registered', { times: 2 })
    expectCompleted(await run({}, accelerated(5)))
  })

  test.each([
    ['wrapped-error', /HTTP 400 400 “The parameter is not valid\.”/],
    ['other-error', /HTTP 400 “\{"fault":"quota","allowed":3\}”/],
  ] as const)('%s shows its reason', async (fault, pattern) => {
    simulator.injectFault(fault, { times: 'always' })
    expectFailed(await run(), pattern)
  })

  test('with status 200 shows its code and message', async () => {
    simulator.injectFault('error-200', { times: 'always' })
    expectFailed(await run({}, accelerated(5)), /HTTP 200 DBS\.200208 “Server failure\.”/)
  })

  test('418 of a web application firewall is retried', async () => {
    simulator.injectFault('418', { times: 2 })
    expectCompleted(await run({}, accelerated(5)))
  })

  test('418 that lasts names the firewall, and shows no script', async () => {
    simulator.injectFault('418', { times: 'always' })
    const result = await run({ timeout: '3s' })
    expectFailed(result, /HTTP 418 “CloudWAF Your request has been blocked\.”.*web application firewall/)
    expect(result.log).not.toContain('document.title')
  })

  test.each(['494', 431] as const)('%s names the size of the token', async (fault) => {
    simulator.injectFault(fault, { times: 'always' })
    expectFailed(await run(), /title=The request was rejected::.*too large for the gateway/)
  })
})

describe('a response that nobody expects', () => {
  test.each(['gzip', 'deflate', 'br'] as const)('compressed with %s is read', async (fault) => {
    simulator.injectFault(fault)
    expectCompleted(await run())
    expect(simulator.requests).toMatchObject([{ headers: { 'accept-encoding': 'identity' } }])
  })

  test.each([
    ['gzip-bomb', /a body that is larger than 1 MiB/],
    ['unknown-encoding', /a body that has an unknown content encoding/],
  ] as const)('%s fails the step', async (fault, pattern) => {
    simulator.injectFault(fault, { times: 'always' })
    expectFailed(await run({}, accelerated(5)), pattern)
  })

  test('a job that has only an ID yet is not found yet', async () => {
    simulator.injectFault('empty-status', { times: 5 })
    const result = await run({}, accelerated(5))
    expectCompleted(result)
    expect(result.log).toContain('not found yet')
  })

  test.each(['taurusdb', 'dds', 'geminidb'] as const)(
    'of %s with the end of a running job has no duration until the job finishes',
    async (service) => {
      await simulator.close()
      await start({ service })
      simulator.injectFault('ended-while-running', { times: 'always' })
      const result = await run({ service, timeout: '2s' })
      expect(result.outputs).toMatchObject({ status: 'Running', ended: '', 'duration-seconds': '' })
    },
  )

  test('with a structured reason shows it as JSON', async () => {
    simulator.injectFault('structured-reason')
    const result = await run()
    expect(result.outputs['fail-reason']).toBe('{"code":"DBS.1","message":"no quota"}')
  })

  test('of GeminiDB with a list of other jobs is not found yet', async () => {
    await simulator.close()
    await start({ service: 'geminidb' })
    simulator.injectFault('other-job', { times: 3 })
    expectCompleted(await run({ service: 'geminidb' }))
  })
})

describe('several 429 in a row', () => {
  test('with a short Retry-After cost only that time', async () => {
    simulator.injectFault('429-retry-after', { times: 3 })
    expectCompleted(await run({ timeout: '40s' }, accelerated(5)))
    const times = simulator.requests.map(({ elapsedMs }) => (elapsedMs * 5) / 1_000)
    expect(times).toHaveLength(4)
    // 2, 4, and 8 seconds.
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(25)
  })
})

describe('after a 429 with a short Retry-After', () => {
  test.each([1, 5])(
    '%d running jobs are soon polled again',
    async (count) => {
      simulator.injectFault('429-retry-after')
      const ids = Array.from({ length: count }, () => simulator.addJob({ ...FINISHED, runningMs: 4_000 }))
      const result = await run(
        { 'job-id': ids.join(), 'poll-interval': 'auto', timeout: '10m' },
        accelerated(5),
      )
      expectCompleted(result)
      // 20 seconds for the action.
      expect(result.outputs['duration-seconds']).toBe('4')
      expect(simulator.requests.at(-1)?.elapsedMs).toBeLessThan(10_000)
    },
    150_000,
  )
})

test('the time left is a few seconds when a job is about to complete', async () => {
  await simulator.close()
  // At a higher speed, a busy machine would delay the polls by more than a few seconds.
  await start({ speed: 4 })
  const jobId = simulator.addJob({ ...FINISHED, runningMs: 20_000 })
  const { log } = await run({ 'job-id': jobId }, accelerated(4))
  const estimates = [...log.matchAll(/(\d+)% {2}Running · about (\d+)s left/g)]
  expect(estimates).not.toEqual([])
  for (const [, progress, left] of estimates) {
    const realLeft = (20 * (100 - Number(progress))) / 100
    expect(Math.abs(Number(left) - realLeft)).toBeLessThan(4)
  }
})

describe('an order', () => {
  const order = async (prepare: () => void) => {
    simulator.addJob({ ...FINISHED, orderId: 'CS1' })
    prepare()
    return run({ 'order-id': 'CS1' })
  }

  test.each(['no-total', 'total-as-text'] as const)('is found in a list %s', async (fault) => {
    expectCompleted(
      await order(() => {
        simulator.injectFault(fault, { api: 'job-list', times: 'always' })
      }),
    )
  })

  test('is found if its ID is a number in the list', async () => {
    const jobId = simulator.addJob({ ...FINISHED, orderId: '2611260001' })
    simulator.overrideListEntry(jobId, { order_id: 2611260001 })
    expectCompleted(await run({ 'order-id': '2611260001', timeout: '5s' }))
  })

  test('is found although the service rejects a wide time window', async () => {
    const result = await order(() => {
      simulator.injectFault(json(200, { jobs: [], total_count: 0 }), { api: 'job-list' })
      simulator.injectFault(400, { api: 'job-list' })
    })
    expectCompleted(result)
  })

  test('is searched for only up to the present', async () => {
    await order(() => undefined)
    const end = simulator.requests[0]?.query['end_time'] ?? ''
    expect(Date.parse(end.replace(/\+0000$/, 'Z'))).toBeLessThanOrEqual(Date.now())
  })
})

describe('job-id', () => {
  test.each([
    ['a JSON array', (ids: readonly string[]) => JSON.stringify(ids)],
    ['quoted', ([id = '']: readonly string[]) => JSON.stringify(id)],
    ['in single quotes', ([id = '']: readonly string[]) => `'${id}'`],
    ['quoted in each line', (ids: readonly string[]) => ids.map((id) => JSON.stringify(id)).join('\n')],
    ['a JSON array in quotes', (ids: readonly string[]) => JSON.stringify(JSON.stringify(ids))],
  ])('%s is accepted', async (_name, write) => {
    const ids = [simulator.addJob(FINISHED), simulator.addJob(FINISHED)]
    expectCompleted(await run({ 'job-id': write(ids), timeout: '5s' }))
  })

  test.each([
    ['{"job_id":"x","instance":{}}', /is a JSON object.*field job_id/],
    [JSON.stringify('{"job_id":"x"}'), /is a JSON object/],
    [`'{"job_id":"x"}'`, /is a JSON object/],
    ['Object', /contains the word “Object”.*\.job_id/],
    ['"[USE_ERROR]no region"', /an error of KooCLI: “\[USE_ERROR\]no region”/],
    ['https://console.example/jobs/x', /is a URL.*\.job_id/],
    ['None', /contains the word “None”.*\.job_id/],
    ['<nil>', /contains the word “<nil>”/],
    ['a,N/A', /contains the word “N\/A”/],
    [
      '[USE_ERROR]Invalid parameter: --cli-region',
      /an error of KooCLI: “\[USE_ERROR\]Invalid parameter: --cli-region”/,
    ],
  ])('%s is an error that helps', async (jobId, pattern) => {
    const result = await run({ 'job-id': jobId, timeout: '5s' })
    expectFailed(result, /title=Invalid inputs::/)
    expect(annotation(result)).toMatch(pattern)
    expect(simulator.requests).toEqual([])
  })
})

describe('an endpoint', () => {
  test('with the API path of a service catalog is invalid', async () => {
    const result = await run({ endpoint: `${simulator.endpoint}/v3/${simulator.projectId}` })
    expectFailed(result, /endpoint: already contains the API path/)
  })

  test('whose port does not use TLS fails after five attempts', async () => {
    const result = await run({ endpoint: simulator.endpoint.replace('http:', 'https:') }, accelerated(5))
    expectFailed(result, /title=The endpoint cannot be reached::.*must use TLS/)
    expect(result.log).toContain('Requests sent: 5')
  })

  test('whose host is unknown for two minutes fails', async () => {
    const result = await run(
      { endpoint: `https://${'a'.repeat(64)}.invalid`, timeout: '1h' },
      accelerated(100),
    )
    expectFailed(result, /title=The endpoint cannot be reached::.*ENOTFOUND.*spelling/)
  }, 60_000)
})

describe('over TLS', () => {
  let tls: Simulator
  beforeEach(async () => {
    tls = await startTlsSimulator()
  })
  afterEach(() => tls.close())

  const runAt = (endpoint: string, env: Record<string, string>) =>
    stepAt(
      tls,
      { endpoint, token: tls.token, 'job-id': tls.addJob(FINISHED), timeout: '5s' },
      { ...TRUST, ...env },
    )

  test('NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect', async () => {
    const env = { NODE_EXTRA_CA_CERTS: '', NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const result = await runAt(tls.endpoint, env)
    expectFailed(result, /title=The certificate is not trusted::.*NODE_TLS_REJECT_UNAUTHORIZED has no effect/)
    expect(tls.requests).toEqual([])
  })

  test.each([
    ['without a scheme', (port: string) => `127.0.0.1:${port}`, '127.0.0.1'],
    ['with user and password and no scheme', (port: string) => `user:pw@127.0.0.1:${port}`, '127.0.0.1'],
    ['with an IPv6 address', (port: string) => `http://[::1]:${port}`, '::1'],
  ])('a proxy %s is used', async (_name, write, host) => {
    const proxy = await startProxy({ target: `127.0.0.1:${tls.port}`, host })
    const result = await runAt(BEHIND_PROXY, { https_proxy: write(new URL(proxy.url).port) })
    await proxy.close()
    expectCompleted(result)
    expect(proxy.tunnels).toHaveLength(1)
  })

  test('a proxy with https:// whose port does not use TLS fails after five attempts', async () => {
    const proxy = await startProxy({ target: `127.0.0.1:${tls.port}` })
    const env = { https_proxy: proxy.url.replace('http:', 'https:'), ...accelerated(5) }
    const result = await stepAt(
      tls,
      { endpoint: BEHIND_PROXY, token: tls.token, 'job-id': tls.addJob(FINISHED) },
      { ...TRUST, ...env },
    )
    await proxy.close()
    expectFailed(result, /title=The endpoint cannot be reached::.*https_proxy.*must use TLS/)
    expect(result.log).toContain('Requests sent: 5\n')
  })

  test('a certificate of such a proxy is verified, too', async () => {
    const result = await runAt(BEHIND_PROXY, {
      https_proxy: tls.endpoint,
      NODE_EXTRA_CA_CERTS: '',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    })
    expectFailed(result, /title=The certificate is not trusted::/)
  })

  test.each(['http://user:p%ss@host:3128', 'http://user:p#ss@host:3128', 'socks5://host:1080'])(
    'the proxy %s is an invalid input that names the variable',
    async (proxy) => {
      const result = await runAt(BEHIND_PROXY, { HTTPS_PROXY: proxy })
      expectFailed(result, /title=Invalid inputs::.*HTTPS_PROXY: is not the URL of an HTTP proxy/)
      expect(result.log).not.toContain('p%ss')
    },
  )

  test.each(['*.simulator.test', 'one.test .simulator.test'])(
    'no_proxy=%s bypasses the proxy',
    async (noProxy) => {
      const proxy = await startProxy({ target: `127.0.0.1:${tls.port}` })
      const result = await runAt(BEHIND_PROXY, { https_proxy: proxy.url, no_proxy: noProxy })
      await proxy.close()
      expect(proxy.tunnels).toEqual([])
      expect(annotation(result)).toMatch(/ENOTFOUND|EAI_AGAIN/)
    },
  )
})

describe('a host with several addresses', () => {
  test('has 2.5 seconds or more for each', async () => {
    // Node's default of 250 ms is too short for a distant address.
    const print = withCode(`
      import net from 'node:net'
      process.on('exit', () => console.log('attempt timeout', net.getDefaultAutoSelectFamilyAttemptTimeout()))
    `)
    const result = await run({}, print)
    expectCompleted(result)
    expect(Number(/attempt timeout (\d+)/.exec(result.log)?.[1])).toBeGreaterThanOrEqual(2_500)
  })

  // Only Linux drops connections when the backlog is full.
  if (process.platform === 'linux') {
    test('is reached at the first attempt although IPv6 is dead and IPv4 takes a second', async () => {
      const hole = await startBlackHole(simulator.port)
      // The kernel drops the first SYN, and repeats it after a second; by then, the server accepts connections again.
      const resolver = withCode(`
        const addresses = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]
        process.getBuiltinModule('dns').lookup = (_host, _options, callback) => {
          setTimeout(() => process.kill(${hole.pid}, 'SIGCONT'), 600)
          callback(null, addresses)
        }
      `)
      const result = await run({ endpoint: `http://localhost:${hole.port}` }, resolver)
      await hole.close()
      expectCompleted(result)
      expect(result.log).toContain('Requests sent: 1\n')
    })
  }
})

describe('a token service', () => {
  const agency = (): Record<string, string> => ({
    token: '',
    'identity-provider-urn': simulator.oidc.providerUrn,
    'agency-urn': simulator.oidc.agencyUrn,
    'sts-endpoint': simulator.endpoint,
  })

  test.each([
    ['sts', 400],
    ['sts', 403],
    ['id-token', 400],
    ['id-token', 404],
  ] as const)('%s that rejects a request twice with %d is tried again', async (api, status) => {
    simulator.injectFault(status, { api, times: 2 })
    expectCompleted(await run(agency(), { ...simulator.oidc.env, ...accelerated(5) }))
  })

  test.each(['sts', 'id-token'] as const)(
    '%s that rejects every request fails the step after three',
    async (api) => {
      simulator.injectFault(400, { api, times: 'always' })
      const result = await run(agency(), { ...simulator.oidc.env, ...accelerated(5) })
      expectFailed(result, /title=(Could not assume the agency|GitHub did not issue an ID token)::/)
      expect(simulator.requests.filter(({ path }) => path.includes('id-token'))).toHaveLength(3)
    },
  )

  test('STS that returns 401 fails the step at once', async () => {
    simulator.injectFault(401, { api: 'sts', times: 'always' })
    expectFailed(await run(agency(), simulator.oidc.env), /title=Could not assume the agency::/)
    expect(simulator.requests).toHaveLength(2)
  })
})

describe('credentials that end during a wait', () => {
  test('the annotation has the last status, and how to resume', async () => {
    const jobId = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 60_000 })
    const running = run({
      'job-id': jobId,
      token: '',
      'access-key-id': simulator.accessKey.id,
      'secret-access-key': simulator.accessKey.secret,
    })
    const timer = setInterval(() => {
      if (simulator.requests.length === 0) return
      clearInterval(timer)
      simulator.injectFault(401, { times: 'always' })
    }, 20)
    const result = await running
    expectFailed(
      result,
      /title=Authentication failed::.*\(last status: Running, \d+%25\): HTTP 401 .*expired or been revoked.*still running in the cloud\. To resume waiting, run a step with the same job-id\./,
    )
  })

  test.each(['job-id', 'order-id'])(
    'the annotation says how to resume if no %s was found yet',
    async (input) => {
      const jobId = simulator.addJob({ notFoundMs: 60_000, orderId: 'CS1' })
      const running = run({ [input]: input === 'job-id' ? jobId : 'CS1' })
      const timer = setInterval(() => {
        if (simulator.requests.length === 0) return
        clearInterval(timer)
        simulator.injectFault(401, { times: 'always' })
      }, 20)
      expectFailed(
        await running,
        new RegExp(
          `title=Authentication failed::.*expired or been revoked.*To resume waiting, run a step with the same ${input}\\.`,
        ),
      )
    },
  )

  test('a key of an unusual length is named without its value', async () => {
    const result = await run({
      token: '',
      'access-key-id': 'FAKEACCESSKEY',
      'secret-access-key': 'fake-secret',
    })
    expectFailed(result, /access key ID has 13 characters \(usually 20\), and its secret 11 \(usually 40\)/)
  })
})

if (process.platform !== 'win32') {
  test('SIGHUP ends the wait like SIGTERM', async () => {
    const jobId = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 60_000 })
    const hangUp = withCode(`setTimeout(() => process.kill(process.pid, 'SIGHUP'), 600)`)
    const result = await run({ 'job-id': jobId }, hangUp)
    expect(result.exitCode).toBe(1)
    expect(result.outputs['result']).toBe('interrupted')
  })
}
