import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { manualClock, httpGet } from './simulator-request.ts'
import { assume, postToSts, requestIdToken, temporaryKey } from './simulator-assume.ts'
import { newYear } from './simulator-sign.ts'

const { now, advance } = manualClock()
const wallClock = (): number => newYear + now()
let open: Simulator[] = []
async function start(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator({ now, wallClock, ...options })
  open.push(simulator)
  return simulator
}
let simulator: Simulator
beforeEach(async () => {
  advance(-now())
  simulator = await start({ speed: 10 })
})
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  open = []
})

describe("GitHub's ID token endpoint", () => {
  function claims(token: string): Record<string, unknown> {
    const [, payload = ''] = token.split('.')
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  }

  test('returns a token for the audience that is valid for five simulated minutes', async () => {
    const token = await requestIdToken(simulator, 'https://example.com/a b')
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(claims(token)).toMatchObject({
      iss: 'https://token.actions.githubusercontent.com',
      aud: 'https://example.com/a b',
      sub: 'repo:octo-org/octo-repo:ref:refs/heads/main',
      iat: newYear / 1000,
      nbf: newYear / 1000,
      exp: newYear / 1000 + 30,
    })
  })

  test('returns another token each time', async () => {
    const tokens = [await requestIdToken(simulator), await requestIdToken(simulator)]
    expect(new Set(tokens.map((token) => claims(token)['jti'])).size).toBe(2)
  })

  test('uses the owner as the default audience', async () => {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = simulator.oidc.env
    const response = await httpGet(url, { headers: { authorization: `Bearer ${bearer}` } })
    const { count, value } = JSON.parse(response.body) as { count: number; value: string }
    expect(claims(value)).toMatchObject({ aud: 'https://github.com/octo-org' })
    expect(count).toBe(value.length)
  })

  test('rejects requests without the request token', async () => {
    const url = simulator.oidc.env.ACTIONS_ID_TOKEN_REQUEST_URL
    for (const headers of [{}, { authorization: 'Bearer another' }, { 'x-auth-token': simulator.token }]) {
      const response = await httpGet(url, { headers })
      expect(response.status).toBe(401)
      expect(JSON.parse(response.body)).toEqual({ message: expect.any(String) })
    }
  })
})

describe('the token service', () => {
  test('exchanges an ID token for a temporary key that is valid for an hour of simulated time', async () => {
    const response = await assume(simulator)
    expect(response.status).toBe(200)
    const account = 'fedcba9876543210fedcba9876543210'
    expect(await response.json()).toEqual({
      credentials: {
        access_key_id: expect.stringMatching(/^HSTAFAKE[0-9A-F]{12}$/),
        secret_access_key: expect.stringMatching(/^NotASecret[0-9a-f]{30}$/),
        security_token: expect.stringMatching(/^(?=.*\+)(?=.*\/)[\w+/]{1024,}=+$/),
        expiration: '2026-01-01T00:06:00.000Z',
      },
      assumed_agency: {
        urn: `sts::${account}::assumed-agency:simulated-agency/a-session`,
        id: expect.stringMatching(/^[0-9a-f]{32}:a-session$/),
      },
      audience: 'sts.myhuaweicloud.com',
      provider: `iam::${account}:oidcProvider:github-actions`,
      subject_from_id_token: 'repo:octo-org/octo-repo:ref:refs/heads/main',
    })
  })

  test.each([
    [
      'provider_urn',
      [undefined, 7, '', 'iam::account:oidcProvider', 'a:b:c:d:', `a:b:c:d:${'e'.repeat(1493)}`],
    ],
    ['agency_urn', [undefined, 7, '', 'a'.repeat(1501)]],
    ['agency_session_name', [undefined, 7, 'a', 'a'.repeat(65), 'a session', 'é'.repeat(2), 'a:b']],
    ['id_token', [undefined, 7, 'abc', 'a'.repeat(20_001)]],
    ['duration_seconds', [null, '900', 899, 900.5, 3601, 43_201]],
  ])('rejects a %s of an invalid type or format', async (name, values) => {
    for (const value of values) {
      const response = await assume(simulator, { [name]: value })
      expect({ value, status: response.status }).toEqual({ value, status: 400 })
      expect(await response.json()).toEqual({
        error_code: 'STS5.1100',
        error_msg: `invalid parameter: ${name}`,
        request_id: response.headers.get('x-request-id'),
      })
    }
  })

  test('rejects a body that is not a JSON object', async () => {
    for (const body of ['', '[]', '{']) expect((await postToSts(simulator, body)).status).toBe(400)
  })

  test('accepts names and durations up to their limits', async () => {
    for (const name of ['ab', 'AZaz09_+=,.@-', 'a'.repeat(64)]) {
      expect((await assume(simulator, { agency_session_name: name })).status).toBe(200)
    }
    for (const seconds of [900, 3600]) {
      const { expiration } = await temporaryKey(simulator, { duration_seconds: seconds })
      expect(expiration).toBe(newYear + seconds * 100)
    }
  })

  test('has one provider and one agency', async () => {
    const urn = 'iam::another:agency:simulated-agency:x'
    for (const [name, resource] of Object.entries({ provider_urn: 'provider', agency_urn: 'agency' })) {
      const response = await assume(simulator, { [name]: urn })
      expect(response.status).toBe(404)
      const message = `the ${resource} '${urn}' cannot be found`
      expect(await response.json()).toMatchObject({ error_code: 'STS5.1106', error_msg: message })
    }
  })

  test('rejects an ID token that GitHub did not issue, has another audience, or has expired', async () => {
    const own = await requestIdToken(simulator)
    const foreign = await requestIdToken(simulator, 'https://github.com/octo-org')
    const reasons = []
    for (const [idToken, ms] of [
      [`${own}x`, 0],
      [foreign, 0],
      [own, 29_999],
      [own, 1],
    ] as const) {
      advance(ms)
      const response = await assume(simulator, { id_token: idToken })
      const { error_msg: message = '' } = (await response.json()) as { error_msg?: string }
      reasons.push([response.status, message])
    }
    expect(reasons).toEqual([
      [403, "invalid id token: 'signature verification failed'"],
      [403, "invalid id token: 'audience not match'"],
      [200, ''],
      [403, "invalid id token: 'token expired'"],
    ])
  })

  test('limits the session of the agency as configured', async () => {
    const short = await start({ oidc: { maxSessionSeconds: 60 } })
    expect((await temporaryKey(short)).expiration).toBe(newYear + 60_000)
    expect((await assume(short, { duration_seconds: 900 })).status).toBe(400)
    const long = await start({ oidc: { maxSessionSeconds: 43_200 } })
    expect((await temporaryKey(long)).expiration).toBe(newYear + 3_600_000)
    const { expiration } = await temporaryKey(long, { duration_seconds: 43_200 })
    expect(expiration).toBe(newYear + 43_200_000)
  })
})

test('recorded requests contain their bodies, so that tests can compare ID tokens', async () => {
  await assume(simulator)
  await assume(simulator)
  const sent = simulator.requests.filter(({ method }) => method === 'POST').map(({ body }) => body)
  const tokens = sent.map((body) => (JSON.parse(body) as { id_token: string }).id_token)
  expect(new Set(tokens).size).toBe(2)
})
