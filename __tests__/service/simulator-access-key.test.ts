import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { referenceExample } from '../../simulator/reference-example.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { ask, handTurnedClock } from './simulator-request.ts'
import { newYear, sdkDate, sendSigned, type Signing } from './simulator-sign.ts'

const wallClock = (): number => newYear
const ownProject = { 'x-project-id': '0123456789abcdef0123456789abcdef' }
const otherProject = { 'x-project-id': 'f'.repeat(32) }

describe('a signed request', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator({ wallClock })
  })
  afterAll(() => simulator.close())
  beforeEach(async () => {
    // So that the bad ones never lock the key.
    expect(await sendSigned(simulator)).toEqual({ status: 201 })
  })

  test.each([
    ['the Python SDK', ['content-type', 'host', 'user-agent', 'x-project-id', 'x-sdk-date']],
    ["Terraform's provider", ['accept', 'content-type', 'user-agent', 'x-sdk-date']],
    ['whoever signs the least', ['x-sdk-date']],
  ])('may sign the headers that %s signs', async (_, signedHeaders) => {
    const headers = { accept: '*/*', 'user-agent': 'a client', ...ownProject }
    expect(await sendSigned(simulator, { signed: { headers }, signedHeaders })).toEqual({ status: 201 })
  })

  test('may leave out its body, when it says so', async () => {
    const headers = { 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' }
    const signing: Signing = { signed: { headers }, sent: { body: '{"name":"another"}' } }
    expect(await sendSigned(simulator, signing)).toEqual({ status: 201 })
  })

  test.each<[string, Signing]>([
    ['method', { signed: { method: 'PUT' }, sent: { method: 'POST' } }],
    ['path', { sent: { path: '/mysql/v3/0123456789abcdef0123456789abcdef/instances' } }],
    ['query', { sent: { query: 'a=2' } }],
    ['headers', { sent: { headers: { 'content-type': 'text/plain' } } }],
    ['date', { sent: { headers: { 'x-sdk-date': sdkDate(newYear + 1000) } } }],
    ['project', { signed: { headers: otherProject }, sent: { headers: ownProject } }],
    ['body', { sent: { body: '{"name":"another"}' } }],
    ['hash of its body', { sent: { headers: { 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' } } }],
  ])('is refused when its %s is not what was signed', async (_, signing) => {
    const { status, reason } = await sendSigned(simulator, signing)
    expect(status).toBe(401)
    expect(reason).toMatch(/^verify aksk signature fail,/)
  })

  test('is shown, when its signature is wrong, what the gateway would have signed', async () => {
    const { reason } = await sendSigned(simulator, {
      key: { ...simulator.accessKey, secret: 'another' },
      signed: { body: '' },
      signedHeaders: ['x-sdk-date'],
    })
    const path = `/v3/${simulator.projectId}/instances/`
    const noBody = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    expect(reason).toBe(
      `verify aksk signature fail,canonicalRequest:POST|${path}|a=1|x-sdk-date:20260101T000000Z||x-sdk-date|${noBody}`,
    )
  })

  test('may be up to 15 minutes away from the clock', async () => {
    for (const date of [newYear - 900_000, newYear + 900_000]) {
      expect(await sendSigned(simulator, { date })).toEqual({ status: 201 })
    }
    for (const date of [newYear - 901_000, newYear + 901_000]) {
      const reason = 'calc ak sk signature fail:signature expired'
      expect(await sendSigned(simulator, { date })).toEqual({ status: 401, reason })
    }
  })

  test('must sign a date', async () => {
    const refusal = { status: 401, reason: 'x-sdk-date not found' }
    expect(await sendSigned(simulator, { signedHeaders: ['host'] })).toEqual(refusal)
    const headers = { 'x-sdk-date': new Date(newYear).toISOString() }
    expect(await sendSigned(simulator, { signed: { headers } })).toEqual(refusal)
  })

  test('is refused for the first thing that is wrong: key, security token, date, signature, project', async () => {
    const wrong: Signing = {
      key: { id: 'NOSUCHKEY', secret: 'another', securityToken: 'another' },
      date: 0,
      signed: { headers: otherProject },
    }
    const reasons = []
    const known = { ...simulator.accessKey, secret: 'another' }
    const mended: Signing[] = [{}, { key: { ...known, securityToken: 'another' } }, { key: known }]
    mended.push({ key: known, date: newYear }, { key: simulator.accessKey, date: newYear })
    for (const mend of mended) reasons.push((await sendSigned(simulator, { ...wrong, ...mend })).reason)
    expect(reasons).toEqual([
      'ak NOSUCHKEY not exist',
      'decrypt token fail',
      'calc ak sk signature fail:signature expired',
      expect.stringMatching(/^verify aksk signature fail,/),
      'project id not match',
    ])
  })

  test('is refused when its authorization cannot be read', async () => {
    const headers = { authorization: 'SDK-HMAC-SHA256 Access=SIMULATORACCESSKEY00' }
    const refusal = { status: 401, reason: 'format is incorrect' }
    expect(await sendSigned(simulator, { sent: { headers } })).toEqual(refusal)
  })
})

describe('an access key', () => {
  const { now, turn } = handTurnedClock()
  const locked = { status: 401, reason: 'AK access failed to reach the limit, forbidden' }
  let simulator: Simulator
  beforeEach(async () => {
    simulator = await startSimulator({ now, wallClock, speed: 10, accessKey: { id: 'MINE', secret: 'mine' } })
  })
  afterEach(() => simulator.close())

  function sendBadly(id = 'MINE'): ReturnType<typeof sendSigned> {
    return sendSigned(simulator, { key: { id, secret: 'another' } })
  }
  async function fail(times: number): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      expect((await sendBadly()).reason).toMatch(/^verify aksk signature fail,/)
    }
  }

  test('that failed more than five times in a row is locked for five simulated minutes', async () => {
    await fail(6)
    expect(await sendBadly()).toEqual(locked)
    turn(29_999)
    expect(await sendSigned(simulator)).toEqual(locked)
    turn(1)
    await fail(6)
    expect(await sendSigned(simulator)).toEqual(locked)
    turn(30_000)
    expect(await sendSigned(simulator)).toEqual({ status: 201 })
  })

  test('that was good once may fail five times again', async () => {
    for (let n = 0; n < 3; n += 1) {
      await fail(5)
      expect(await sendSigned(simulator)).toEqual({ status: 201 })
    }
  })

  test('is locked alone, and does not lock the token', async () => {
    const reasons = []
    for (let n = 0; n < 7; n += 1) reasons.push((await sendBadly('NOSUCHKEY')).reason)
    expect(reasons).toEqual([...Array<string>(6).fill('ak NOSUCHKEY not exist'), locked.reason])
    expect(await sendSigned(simulator)).toEqual({ status: 201 })
    await fail(6)
    expect((await ask(simulator, referenceExample.jobId)).status).toBe(200)
  })
})
