import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { referenceExample } from '../../simulator/reference-example.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { getJob, manualClock } from './simulator-request.ts'
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
    // A successful request resets the count of failures, so that the key never gets locked.
    expect(await sendSigned(simulator)).toEqual({ status: 201 })
  })

  test.each([
    ['the Python SDK', ['content-type', 'host', 'user-agent', 'x-project-id', 'x-sdk-date']],
    ["Terraform's provider", ['accept', 'content-type', 'user-agent', 'x-sdk-date']],
    ['a client that signs as few headers as possible', ['x-sdk-date']],
  ])('is accepted with the signed headers of %s', async (_, signedHeaders) => {
    const headers = { accept: '*/*', 'user-agent': 'a client', ...ownProject }
    expect(await sendSigned(simulator, { signed: { headers }, signedHeaders })).toEqual({ status: 201 })
  })

  test('may declare its body as unsigned', async () => {
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
  ])('is rejected when its %s differs from what was signed', async (_, signing) => {
    const { status, reason } = await sendSigned(simulator, signing)
    expect(status).toBe(401)
    expect(reason).toMatch(/^verify aksk signature fail,/)
  })

  test('with an invalid signature is rejected with the canonical request of the gateway', async () => {
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

  test('may have a date that differs from the clock by up to 15 minutes', async () => {
    for (const date of [newYear - 900_000, newYear + 900_000]) {
      expect(await sendSigned(simulator, { date })).toEqual({ status: 201 })
    }
    for (const date of [newYear - 901_000, newYear + 901_000]) {
      const reason = 'calc ak sk signature fail:signature expired'
      expect(await sendSigned(simulator, { date })).toEqual({ status: 401, reason })
    }
  })

  test('must sign its date', async () => {
    const rejected = { status: 401, reason: 'x-sdk-date not found' }
    expect(await sendSigned(simulator, { signedHeaders: ['host'] })).toEqual(rejected)
    const headers = { 'x-sdk-date': new Date(newYear).toISOString() }
    expect(await sendSigned(simulator, { signed: { headers } })).toEqual(rejected)
  })

  test('is checked in this order: key, security token, date, signature, project', async () => {
    const invalid: Signing = {
      key: { id: 'NOSUCHKEY', secret: 'another', securityToken: 'another' },
      date: 0,
      signed: { headers: otherProject },
    }
    const reasons = []
    const known = { ...simulator.accessKey, secret: 'another' }
    const fixes: Signing[] = [{}, { key: { ...known, securityToken: 'another' } }, { key: known }]
    fixes.push({ key: known, date: newYear }, { key: simulator.accessKey, date: newYear })
    for (const fix of fixes) reasons.push((await sendSigned(simulator, { ...invalid, ...fix })).reason)
    expect(reasons).toEqual([
      'ak NOSUCHKEY not exist',
      'decrypt token fail',
      'calc ak sk signature fail:signature expired',
      expect.stringMatching(/^verify aksk signature fail,/),
      'project id not match',
    ])
  })

  test('is rejected when its Authorization header has an invalid format', async () => {
    const headers = { authorization: 'SDK-HMAC-SHA256 Access=SIMULATORACCESSKEY00' }
    const rejected = { status: 401, reason: 'format is incorrect' }
    expect(await sendSigned(simulator, { sent: { headers } })).toEqual(rejected)
  })
})

describe('an access key', () => {
  const { now, advance } = manualClock()
  const locked = { status: 401, reason: 'AK access failed to reach the limit, forbidden' }
  let simulator: Simulator
  beforeEach(async () => {
    simulator = await startSimulator({ now, wallClock, speed: 10, accessKey: { id: 'MINE', secret: 'mine' } })
  })
  afterEach(() => simulator.close())

  function sendInvalid(id = 'MINE'): ReturnType<typeof sendSigned> {
    return sendSigned(simulator, { key: { id, secret: 'another' } })
  }
  async function fail(times: number): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      expect((await sendInvalid()).reason).toMatch(/^verify aksk signature fail,/)
    }
  }

  test('is locked for five simulated minutes after more than five consecutive failures', async () => {
    await fail(6)
    expect(await sendInvalid()).toEqual(locked)
    advance(29_999)
    expect(await sendSigned(simulator)).toEqual(locked)
    advance(1)
    await fail(6)
    expect(await sendSigned(simulator)).toEqual(locked)
    advance(30_000)
    expect(await sendSigned(simulator)).toEqual({ status: 201 })
  })

  test('may fail five times again after a success', async () => {
    for (let n = 0; n < 3; n += 1) {
      await fail(5)
      expect(await sendSigned(simulator)).toEqual({ status: 201 })
    }
  })

  test('is locked without affecting other access keys or the token', async () => {
    const reasons = []
    for (let n = 0; n < 7; n += 1) reasons.push((await sendInvalid('NOSUCHKEY')).reason)
    expect(reasons).toEqual([...Array<string>(6).fill('ak NOSUCHKEY not exist'), locked.reason])
    expect(await sendSigned(simulator)).toEqual({ status: 201 })
    await fail(6)
    expect((await getJob(simulator, referenceExample.jobId)).status).toBe(200)
  })
})
