import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { referenceExample } from '../../simulator/reference-example.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { getJob, manualClock } from './simulator-request.ts'
import { temporaryKey } from './simulator-assume.ts'
import { newYear, sendSigned } from './simulator-sign.ts'

const { now, advance } = manualClock()
const wallClock = (): number => newYear + now()
let simulator: Simulator
beforeEach(async () => {
  advance(-now())
  simulator = await startSimulator({ now, wallClock, speed: 10 })
})
afterEach(() => simulator.close())

describe('a temporary key', () => {
  test('is valid until the returned expiration, and is rejected after that', async () => {
    const key = await temporaryKey(simulator, { duration_seconds: 900 })
    const date = key.expiration
    advance(89_999)
    expect(await sendSigned(simulator, { key, date })).toEqual({ status: 201 })
    advance(1)
    expect(wallClock()).toBe(key.expiration)
    const reason = 'token expires, expires_at: 2026-01-01T00:01:30.000Z'
    expect(await sendSigned(simulator, { key, date })).toEqual({ status: 401, reason })
    const next = await temporaryKey(simulator)
    expect(await sendSigned(simulator, { key: next, date })).toEqual({ status: 201 })
  })

  test('requires its own security token', async () => {
    const { id, secret, securityToken } = await temporaryKey(simulator)
    const { securityToken: another } = await temporaryKey(simulator)
    const absent = { status: 401, reason: `ak ${id} not exist` }
    const wrong = { status: 401, reason: 'decrypt token fail' }
    expect(await sendSigned(simulator, { key: { id, secret } })).toEqual(absent)
    expect(await sendSigned(simulator, { key: { id, secret, securityToken: another } })).toEqual(wrong)
    expect(await sendSigned(simulator, { key: { ...simulator.accessKey, securityToken } })).toEqual(wrong)
  })

  test('does not need to sign its security token', async () => {
    const key = await temporaryKey(simulator)
    expect(await sendSigned(simulator, { key, signedHeaders: ['x-sdk-date'] })).toEqual({ status: 201 })
  })

  test('is rejected after the keys are revoked, and a new key is accepted', async () => {
    const key = await temporaryKey(simulator)
    simulator.revokeKeys()
    const reason = `ak ${key.id} not exist`
    expect(await sendSigned(simulator, { key })).toEqual({ status: 401, reason })
    expect(await sendSigned(simulator, { key: await temporaryKey(simulator) })).toEqual({ status: 201 })
    expect(await sendSigned(simulator)).toEqual({ status: 201 })
  })
})

test('the rate limit counts a token and its access key together, and an agency separately', async () => {
  await simulator.close()
  simulator = await startSimulator({ now, wallClock, rateLimit: { requests: 2, windowMs: 300_000 } })
  const key = await temporaryKey(simulator)
  const statuses = [
    (await getJob(simulator, referenceExample.jobId)).status,
    (await sendSigned(simulator)).status,
    (await sendSigned(simulator)).status,
    (await sendSigned(simulator, { key })).status,
    (await sendSigned(simulator, { key: await temporaryKey(simulator) })).status,
    (await sendSigned(simulator, { key })).status,
  ]
  expect(statuses).toEqual([200, 201, 429, 201, 201, 429])
})
