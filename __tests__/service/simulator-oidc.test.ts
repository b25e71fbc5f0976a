import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { handTurnedClock, listenTo } from './simulator-request.ts'
import { assume, postToSts, requestIdToken, temporaryKey } from './simulator-assume.ts'
import { newYear } from './simulator-sign.ts'

const { now, turn } = handTurnedClock()
const wallClock = (): number => newYear + now()
let open: Simulator[] = []
async function start(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator({ now, wallClock, ...options })
  open.push(simulator)
  return simulator
}
let simulator: Simulator
beforeEach(async () => {
  turn(-now())
  simulator = await start({ speed: 10 })
})
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  open = []
})

describe("GitHub's endpoint for id tokens", () => {
  function claims(token: string): Record<string, unknown> {
    const [, payload = ''] = token.split('.')
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  }

  test('answers with a token for the audience, which lives for five simulated minutes', async () => {
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

  test('answers with another token each time', async () => {
    const tokens = [await requestIdToken(simulator), await requestIdToken(simulator)]
    expect(new Set(tokens.map((token) => claims(token)['jti'])).size).toBe(2)
  })

  test('takes the owner for the audience when there is none', async () => {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = simulator.oidc.env
    const heard = await listenTo(url, { headers: { authorization: `Bearer ${bearer}` } })
    const { count, value } = JSON.parse(heard.body) as { count: number; value: string }
    expect(claims(value)).toMatchObject({ aud: 'https://github.com/octo-org' })
    expect(count).toBe(value.length)
  })

  test('refuses whoever does not have the request token', async () => {
    const url = simulator.oidc.env.ACTIONS_ID_TOKEN_REQUEST_URL
    for (const headers of [{}, { authorization: 'Bearer another' }, { 'x-auth-token': simulator.token }]) {
      const heard = await listenTo(url, { headers })
      expect(heard.status).toBe(401)
      expect(JSON.parse(heard.body)).toEqual({ message: expect.any(String) })
    }
  })
})

describe('the token service', () => {
  test('answers an id token with a temporary key that is told to last an hour of simulated time', async () => {
    const answer = await assume(simulator)
    expect(answer.status).toBe(200)
    const account = 'fedcba9876543210fedcba9876543210'
    expect(await answer.json()).toEqual({
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
  ])('refuses a %s of a wrong type or form', async (name, values) => {
    for (const value of values) {
      const answer = await assume(simulator, { [name]: value })
      expect({ value, status: answer.status }).toEqual({ value, status: 400 })
      expect(await answer.json()).toEqual({
        error_code: 'STS5.1100',
        error_msg: `invalid parameter: ${name}`,
        request_id: answer.headers.get('x-request-id'),
      })
    }
  })

  test('refuses a body that is not a JSON object', async () => {
    for (const body of ['', '[]', '{']) expect((await postToSts(simulator, body)).status).toBe(400)
  })

  test('takes names and durations up to their limits', async () => {
    for (const name of ['ab', 'AZaz09_+=,.@-', 'a'.repeat(64)]) {
      expect((await assume(simulator, { agency_session_name: name })).status).toBe(200)
    }
    for (const seconds of [900, 3600]) {
      const { expiration } = await temporaryKey(simulator, { duration_seconds: seconds })
      expect(expiration).toBe(newYear + seconds * 100)
    }
  })

  test('knows one provider and one agency', async () => {
    const urn = 'iam::another:agency:simulated-agency:x'
    for (const [name, what] of Object.entries({ provider_urn: 'provider', agency_urn: 'agency' })) {
      const answer = await assume(simulator, { [name]: urn })
      expect(answer.status).toBe(404)
      const message = `the ${what} '${urn}' cannot be found`
      expect(await answer.json()).toMatchObject({ error_code: 'STS5.1106', error_msg: message })
    }
  })

  test('refuses an id token that GitHub did not issue, that is for others or that is over', async () => {
    const own = await requestIdToken(simulator)
    const foreign = await requestIdToken(simulator, 'https://github.com/octo-org')
    const reasons = []
    for (const [idToken, ms] of [
      [`${own}x`, 0],
      [foreign, 0],
      [own, 29_999],
      [own, 1],
    ] as const) {
      turn(ms)
      const answer = await assume(simulator, { id_token: idToken })
      const { error_msg: message = '' } = (await answer.json()) as { error_msg?: string }
      reasons.push([answer.status, message])
    }
    expect(reasons).toEqual([
      [403, "invalid id token: 'signature verification failed'"],
      [403, "invalid id token: 'audience not match'"],
      [200, ''],
      [403, "invalid id token: 'token expired'"],
    ])
  })

  test('lets an agency be assumed as long as the simulator was told', async () => {
    const short = await start({ oidc: { longestSeconds: 60 } })
    expect((await temporaryKey(short)).expiration).toBe(newYear + 60_000)
    expect((await assume(short, { duration_seconds: 900 })).status).toBe(400)
    const long = await start({ oidc: { longestSeconds: 43_200 } })
    expect((await temporaryKey(long)).expiration).toBe(newYear + 3_600_000)
    const { expiration } = await temporaryKey(long, { duration_seconds: 43_200 })
    expect(expiration).toBe(newYear + 43_200_000)
  })
})

test('the record of requests has their bodies, so that each id token is seen', async () => {
  await assume(simulator)
  await assume(simulator)
  const sent = simulator.requests.filter(({ method }) => method === 'POST').map(({ body }) => body)
  const tokens = sent.map((body) => (JSON.parse(body) as { id_token: string }).id_token)
  expect(new Set(tokens).size).toBe(2)
})
