import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { runStep, type StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { temporaryKey } from '../service/simulator-assume.ts'
import { annotation, stepAt } from './step.ts'

/** The built action with each kind of credentials. The simulator verifies the signatures. */

let simulator: Simulator
let jobId: string

async function start(options?: SimulatorOptions): Promise<void> {
  simulator = await startSimulator(options)
  jobId = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
}
beforeEach(() => start())
afterEach(() => simulator.close())

function run(
  inputs: Record<string, string>,
  env: Record<string, string> = {},
  at: Simulator = simulator,
): Promise<StepResult> {
  return stepAt(at, { 'job-id': jobId, ...inputs }, env)
}

/** Log, outputs, and summary, without the lines that mask secrets. */
function reportOf({ log, outputs, summary }: StepResult): string {
  return [log.replace(/^::add-mask::.*$/gm, ''), JSON.stringify(outputs), summary].join('\n')
}

function agencyInputs({ oidc, endpoint } = simulator) {
  return {
    'identity-provider-urn': oidc.providerUrn,
    'agency-urn': oidc.agencyUrn,
    'sts-endpoint': endpoint,
  }
}

function keyInputs({ id, secret } = simulator.accessKey) {
  return { 'access-key-id': id, 'secret-access-key': secret }
}

function jobRequests() {
  return simulator.requests.filter(({ path }) => path.endsWith('/jobs'))
}

describe('an access key', () => {
  test('signs the request including the project, and no token is sent', async () => {
    const result = await run(keyInputs())
    expect(result.exitCode).toBe(0)
    expect(result.log).toContain('Credentials: an access key from access-key-id, secret-access-key.\n')
    const [request, ...others] = simulator.requests
    expect(others).toEqual([])
    expect(request?.headers).toMatchObject({ 'x-project-id': simulator.projectId })
    expect(request?.headers.authorization).toContain(';x-project-id;x-sdk-date,')
    expect(Object.keys(request?.headers ?? {})).not.toContain('x-auth-token')
  })

  test('is temporary with a security token, which is required', async () => {
    const { id, secret, securityToken } = await temporaryKey(simulator)
    const key = keyInputs({ id, secret })
    expect((await run({ ...key, 'security-token': securityToken })).exitCode).toBe(0)
    const without = await run(key)
    expect(without.exitCode).toBe(1)
    expect(annotation(without)).toMatch(
      /“Incorrect IAM authentication information: ak \*\*\* not exist”.*A temporary key also needs its security token/,
    )
  })

  test('signs a job ID with characters that need percent-encoding', async () => {
    const id = '!"#$%&\'()*+-./:;<=>?@[]^_`{|}~'
    const result = await run({ ...keyInputs(), 'job-id': id, timeout: '1s' })
    expect(result.log).toContain('not found yet')
    expect(simulator.requests[0]?.query).toEqual({ id })
  })

  test.each([
    ['HUAWEI_CLOUD_ACCESS_KEY_ID', 'HUAWEI_CLOUD_SECRET_ACCESS_KEY', undefined],
    ['HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_SECURITY_TOKEN'],
    ['HW_ACCESS_KEY', 'HW_SECRET_KEY', 'HW_SECURITY_TOKEN'],
  ])('comes from %s if no input contains credentials', async (id, secret, token) => {
    const key = await temporaryKey(simulator)
    const env =
      token === undefined
        ? { [id]: simulator.accessKey.id, [secret]: simulator.accessKey.secret }
        : { [id]: key.id, [secret]: key.secret, [token]: key.securityToken }
    const result = await run({}, env)
    expect(result.exitCode).toBe(0)
    expect(result.log).toContain(`from ${[id, secret, token].filter(Boolean).join(', ')}.\n`)
    expect(reportOf(result)).not.toContain(env[secret])
  })

  test('that is rejected is used only once, and is redacted if the service echoes it', async () => {
    const key = await temporaryKey(simulator)
    const result = await run({
      ...keyInputs({ id: key.id, secret: 'wrong-secret-key' }),
      'security-token': key.securityToken,
    })
    expect(annotation(result)).toContain('title=Authentication failed')
    expect(annotation(result)).toContain('verify aksk signature fail')
    expect(annotation(result)).toContain('x-security-token:***')
    expect(reportOf(result)).not.toContain(key.securityToken.slice(40, 60))
    expect(jobRequests()).toHaveLength(1)
  })
})

describe('a 401 reports the clock difference', () => {
  test.each([
    [20, /this runner's clock is (19m5\ds|20m) behind the service's clock/],
    [-20, /this runner's clock is (19m5\ds|20m\ds|20m) ahead of the service's clock/],
    [4, undefined],
  ])('of %d minutes if it is above 5 minutes', async (minutes, difference) => {
    await simulator.close()
    await start({ wallClock: () => Date.now() + minutes * 60_000 })
    const result = await run({
      ...keyInputs({
        id: simulator.accessKey.id,
        secret: difference ? simulator.accessKey.secret : 'wrong-secret-key',
      }),
    })
    expect(annotation(result)).toContain('HTTP 401 APIGW.0301')
    if (difference) expect(annotation(result)).toMatch(difference)
    else expect(annotation(result)).not.toContain("this runner's clock is 4")
  })
})

describe('GitHub OIDC', () => {
  test('needs no stored secret, and masks the ID token and the keys before they are used', async () => {
    const result = await run(agencyInputs(), { ...simulator.oidc.env, GITHUB_RUN_ID: '1234567890' })
    expect(result.exitCode).toBe(0)
    expect(simulator.requests).toHaveLength(3)
    const [, assumeRequest, jobRequest] = simulator.requests
    const sent = JSON.parse(assumeRequest?.body ?? '') as Record<string, unknown>
    expect(sent).toMatchObject({ agency_session_name: 'GitHubActions-1234567890', duration_seconds: 900 })
    const keyId = /Access=(\w+),/.exec(jobRequest?.headers.authorization ?? '')?.[1]
    for (const secret of [
      sent['id_token'],
      jobRequest?.headers['x-security-token'],
      keyId,
      simulator.oidc.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN,
    ]) {
      expect(result.log).toContain(`::add-mask::${String(secret)}\n`)
      expect(reportOf(result)).not.toContain(secret)
    }
    expect(reportOf(result)).not.toContain('NotASecret')
    expect(result.log).toContain('Credentials: GitHub OIDC with identity-provider-urn and agency-urn.\n')
    expect(result.log).toMatch(/ new temporary keys from the agency, valid for 1[45]m/)
  })

  test('without the permission for ID tokens shows the lines to add, and sends no request', async () => {
    const result = await run(agencyInputs())
    expect(result.exitCode).toBe(1)
    expect(annotation(result)).toContain('title=Invalid inputs')
    expect(annotation(result)).toContain('%0A  permissions:%0A    id-token: write%0A    contents: read%0A')
    expect(simulator.requests).toEqual([])
  })

  test('rejected by the Security Token Service reports its code, message, and request ID, and next steps', async () => {
    const inputs = { ...agencyInputs(), audience: 'elsewhere', 'job-id': 'job-1,job-2' }
    const result = await run(inputs, simulator.oidc.env)
    expect(annotation(result)).toContain('title=Could not assume the agency')
    expect(annotation(result)).toMatch(
      /the Security Token Service: HTTP 403 STS5\.\d+ “.+” \(request ID \w+\)/,
    )
    expect(annotation(result)).toContain('trust policy')
    expect(result.outputs['result']).toBe('error')
    // Each attempt has a new ID token.
    expect(simulator.requests).toHaveLength(6)
  })

  test('redacts an ID token and keys that are echoed, percent-encoded or not', async () => {
    const idToken = 'fakeheader.fake+claims/that=are.long-and-secret'
    const keys = {
      access_key_id: 'FAKEKEYID0123',
      secret_access_key: 'fake/secret+key=0123',
      security_token: 'fake+security/token=',
    }
    const secrets = [idToken, ...Object.values(keys)]
    const echo = secrets
      .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
      .join(' ')
    const expiration = new Date(Date.now() + 3_600_000).toISOString()
    simulator.injectFault(
      { status: 200, body: JSON.stringify({ value: idToken }) },
      { api: 'id-token', times: 'always' },
    )
    simulator.injectFault(
      { status: 200, body: JSON.stringify({ credentials: { ...keys, expiration } }) },
      { api: 'sts' },
    )
    simulator.injectFault(
      { status: 401, body: JSON.stringify({ error_code: 'X', error_msg: echo }) },
      { api: 'jobs' },
    )
    simulator.injectFault(
      { status: 403, body: JSON.stringify({ error_code: 'Y', error_msg: echo }) },
      { api: 'sts', times: 'always' },
    )
    const result = await run(agencyInputs(), { ...simulator.oidc.env, RUNNER_DEBUG: '1' })
    expect(annotation(result)).toContain('title=Could not assume the agency')
    for (const secret of secrets) {
      expect(reportOf(result)).not.toContain(secret.slice(0, 10))
      expect(reportOf(result)).not.toContain(Buffer.from(secret).toString('base64').slice(0, 12))
    }
  })

  test('renews rejected keys, and the wait continues', async () => {
    jobId = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 4_000 })
    let isRevoked = false
    const result = await runStep({
      with: {
        endpoint: simulator.endpoint,
        'project-id': simulator.projectId,
        'job-id': jobId,
        'poll-interval': '1s',
        ...agencyInputs(),
      },
      env: simulator.oidc.env,
      onLine: (line) => {
        if (isRevoked || !line.includes('next poll')) return
        simulator.revokeKeys()
        isRevoked = true
      },
    })
    expect(result.exitCode).toBe(0)
    expect(simulator.requests.filter(({ path }) => path === '/id-token').length).toBe(2)
  })

  test('never hangs, whatever fault of a token service persists', async () => {
    const faults = [
      'silent',
      'stall-in-headers',
      'stall-in-body',
      'drip',
      'endless',
      'cut-in-chunk',
      'reset',
    ] as const
    const cases = (['sts', 'id-token'] as const).flatMap((api) => faults.map((fault) => ({ api, fault })))
    const results = await Promise.all(
      cases.map(async ({ api, fault }) => {
        const broken = await startSimulator()
        broken.injectFault(fault, { api, times: 'always' })
        const result = await run({ ...agencyInputs(broken), timeout: '3s' }, broken.oidc.env, broken)
        await broken.close()
        return { api, fault, result }
      }),
    )
    for (const { api, fault, result } of results) {
      const name =
        api === 'sts'
          ? /the Security Token Service: |unusable STS response/
          : /GitHub's token service: |unusable ID token response/
      expect({ api, fault, exitCode: result.exitCode, ...result.outputs }).toMatchObject({
        exitCode: 1,
        result: 'timed-out',
      })
      expect(annotation(result)).toMatch(name)
      expect(result.milliseconds).toBeLessThan(10_000)
    }
  }, 30_000)
})

test('invalid credentials of any kind are reported before a request is sent', async () => {
  const result = await run({ token: simulator.token, ...keyInputs() })
  expect(annotation(result)).toContain('token: cannot be combined with access-key-id.')
  expect((await run({})).outputs['result']).toBe('error')
  expect(simulator.requests).toEqual([])
})
