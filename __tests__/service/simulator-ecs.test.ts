import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { runStep } from '../../simulator/runner.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { getJob, httpGet, manualClock, type HttpResult } from './simulator-request.ts'
import { newYear, sendSigned, type SigningKey } from './simulator-sign.ts'

const { now, advance } = manualClock()
const wallClock = (): number => newYear + now()
let simulator: Simulator
let open: Simulator[] = []
async function start(ecs: SimulatorOptions['ecs'] = {}, options: SimulatorOptions = {}): Promise<void> {
  simulator = await startSimulator({ now, wallClock, ecs, ...options })
  open.push(simulator)
}
beforeEach(() => {
  advance(-now())
})
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  open = []
})

const LONGEST = { 'x-metadata-token-ttl-seconds': '21600' }

function requestToken(headers: Record<string, string> = LONGEST): Promise<HttpResult> {
  return httpGet(`${simulator.endpoint}/meta-data/latest/api/token`, { method: 'PUT', headers })
}

function getKeys(token?: string): Promise<HttpResult> {
  const headers = token === undefined ? {} : { 'x-metadata-token': token }
  return httpGet(`${simulator.endpoint}/openstack/latest/securitykey`, { headers })
}

type Credential = Readonly<Record<'access' | 'secret' | 'securitytoken' | 'expires_at', string>>

async function credential(): Promise<Credential> {
  return (JSON.parse((await getKeys()).body) as { credential: Credential }).credential
}

async function keyOfAgency(): Promise<SigningKey> {
  const { access: id, secret, securitytoken: securityToken } = await credential()
  return { id, secret, securityToken }
}

describe('the session token of the metadata service', () => {
  test('is a text that is valid for the requested time', async () => {
    await start({ sessionTokens: 'required' })
    const response = await requestToken({ 'x-metadata-token-ttl-seconds': '60' })
    expect(response.headers?.['content-type']).toMatch(/^text\/plain/)
    expect(response.headers).not.toHaveProperty('x-request-id')
    expect(response.body).toMatch(/^[\w-]{40,}$/)
    const statuses = []
    for (const ms of [0, 59_999, 1]) {
      advance(ms)
      statuses.push((await getKeys(response.body)).status)
    }
    expect(statuses).toEqual([200, 200, 401])
  })

  test.each(['', '0', '21601', 'x', '1.5'])('cannot have the lifetime %j', async (seconds) => {
    await start()
    expect((await requestToken({ 'x-metadata-token-ttl-seconds': seconds })).status).toBe(400)
    expect((await requestToken({})).status).toBe(400)
  })

  test.each([404, 405, 503] as const)('does not exist when its request returns %d', async (status) => {
    await start({ sessionTokens: status })
    expect((await requestToken()).status).toBe(status)
    expect((await getKeys()).status).toBe(200)
    expect((await getKeys('any')).status).toBe(200)
  })

  test('is required or optional; an invalid one is rejected', async () => {
    await start({ sessionTokens: 'required' })
    const { body: token } = await requestToken()
    const statusesOf = async (): Promise<unknown[]> =>
      (await Promise.all([getKeys(), getKeys(`${token}x`), getKeys(token)])).map(({ status }) => status)
    expect(await statusesOf()).toEqual([401, 401, 200])
    const { body } = await getKeys()
    expect(body).not.toContain('Please configure Cloud Service Agency first')
    await start()
    expect(await statusesOf()).toEqual([200, 401, 401])
    expect((await getKeys((await requestToken()).body)).status).toBe(200)
  })
})

describe('the keys of the metadata service', () => {
  test('have the format of the service, and a lifetime of 24 hours', async () => {
    await start()
    const response = await getKeys()
    expect(response.headers).not.toHaveProperty('x-request-id')
    expect(JSON.parse(response.body)).toEqual({
      credential: {
        access: expect.stringMatching(/^HSTA[A-Z\d]{16}$/),
        secret: expect.stringMatching(/^\w{40}$/),
        securitytoken: expect.stringMatching(/^.{1000,}$/),
        expires_at: '2026-01-02T00:00:00.000000Z',
      },
    })
  })

  test('sign requests until they expire', async () => {
    await start({ keySeconds: 900 })
    const key = await keyOfAgency()
    expect(await sendSigned(simulator, { key })).toEqual({ status: 201 })
    advance(899_999)
    expect(await sendSigned(simulator, { key, date: wallClock() })).toEqual({ status: 201 })
    advance(1)
    const reason = 'token expires, expires_at: 2026-01-01T00:15:00.000Z'
    expect(await sendSigned(simulator, { key, date: wallClock() })).toEqual({ status: 401, reason })
  })

  test('are the same for every request until shortly before they expire', async () => {
    await start({ keySeconds: 3600, renewSeconds: 120 })
    const times = []
    const keys = []
    for (const seconds of [0, 3479, 1, 3480]) {
      advance(seconds * 1000)
      const { access, expires_at: expiresAt } = await credential()
      keys.push(access)
      times.push((Date.parse(expiresAt) - newYear) / 1000)
    }
    expect(times).toEqual([3600, 3600, 3480 + 3600, 2 * 3480 + 3600])
    expect(new Set(keys).size).toBe(3)
  })

  test('last at least half of their lifetime', async () => {
    await start({ keySeconds: 60 })
    const { access } = await credential()
    advance(29_999)
    expect((await credential()).access).toBe(access)
    advance(1)
    expect((await credential()).access).not.toBe(access)
  })

  test('are new ones after they were revoked', async () => {
    await start()
    const key = await keyOfAgency()
    simulator.revokeKeys()
    expect(await sendSigned(simulator, { key })).toMatchObject({ status: 401 })
    expect(await sendSigned(simulator, { key: await keyOfAgency() })).toEqual({ status: 201 })
  })

  test('do not exist without an agency', async () => {
    await start({ hasAgency: false, sessionTokens: 'required' })
    const { body: token } = await requestToken()
    const response = await getKeys(token)
    expect(response.status).toBe(401)
    expect(response.body).toContain('Please configure Cloud Service Agency first')
    expect((await getKeys()).body).not.toContain('Please configure Cloud Service Agency first')
  })
})

test('the metadata service can have faults that affect no other API, and is recorded', async () => {
  await start()
  simulator.injectFault(500, { api: 'ecs-token' })
  simulator.injectFault('reset', { api: 'ecs-keys' })
  expect((await getJob(simulator, 'any')).status).toBe(400)
  expect((await getKeys()).end).toBe('ECONNRESET')
  expect((await requestToken()).status).toBe(500)
  expect((await requestToken()).status).toBe(200)
  expect((await getKeys()).status).toBe(200)
  const apis = ['jobs', 'ecs-keys', 'ecs-token', 'ecs-token', 'ecs-keys']
  expect(simulator.requests.map(({ api }) => api)).toEqual(apis)
})

describe('a process with the preload metadata-address.ts', () => {
  const PRELOAD = new URL('../../simulator/metadata-address.ts', import.meta.url).href

  async function run(code: string, port = String(simulator.port)): Promise<string> {
    const options = ['--import', PRELOAD, '--input-type=module', '--eval', code]
    const env = { ...process.env, METADATA_PORT: port, NODE_OPTIONS: '' }
    return (await promisify(execFile)(process.execPath, options, { env })).stdout.trim()
  }

  const READ = `
    let text = ''
    for await (const part of stream) text += Buffer.from(part).toString()
    console.log(text.match(/HSTA\\w+/)?.[0])`
  const SEND = `socket.write('GET /openstack/latest/securitykey HTTP/1.0\\r\\n\\r\\n'); const stream = socket;`

  test.each([
    [
      'http.get',
      `import { get } from 'node:http'; import { once } from 'node:events'
      const [stream] = await once(get('http://169.254.169.254/openstack/latest/securitykey'), 'response');`,
    ],
    ['fetch', `const { body: stream } = await fetch('http://169.254.169.254/openstack/latest/securitykey');`],
    [
      'net.connect with options',
      `import { connect } from 'node:net'
      const socket = connect({ host: '169.254.169.254', port: 80 }); ${SEND}`,
    ],
    [
      'net.connect with a port',
      `import { connect } from 'node:net'
      const socket = connect(80, '169.254.169.254'); ${SEND}`,
    ],
    [
      'Socket.connect with options',
      `import { Socket } from 'node:net'
      const socket = new Socket().connect({ host: '169.254.169.254', port: 80 }); ${SEND}`,
    ],
    [
      'Socket.connect with a port',
      `import { Socket } from 'node:net'
      const socket = new Socket().connect(80, '169.254.169.254'); ${SEND}`,
    ],
  ])('reaches the simulator with %s', async (_, code) => {
    await start()
    const { access } = await credential()
    expect(await run(code + READ)).toBe(access)
  })

  test('connects to all other addresses as before', async () => {
    await start()
    const code = `console.log((await fetch('${simulator.endpoint}/openstack/latest/securitykey')).status)`
    expect(await run(code, '1')).toBe('200')
  })

  test.each(['', '0', 'x'])('does not start with METADATA_PORT=%j', async (port) => {
    await start()
    await expect(run('', port)).rejects.toThrow('METADATA_PORT must be the port of the simulator')
  })

  test('can be a step that runs faster and has a preload of its own', async () => {
    await start({}, { speed: 50 })
    const { access } = await credential()
    const code = `
      const { credential } = await (await fetch('http://169.254.169.254/openstack/latest/securitykey')).json()
      console.log(credential.access)`
    const { log } = await runStep({
      with: {},
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` },
      speed: 50,
      metadataPort: simulator.port,
    })
    expect(log).toContain(access)
  })
})

test("the clients' clock can run at the speed of the simulator", async () => {
  const seconds = []
  for (const hasFastClients of [false, true]) {
    await start({ keySeconds: 900 }, { speed: 10, hasFastClients })
    advance(60_000)
    const { headers = {}, body } = await getKeys()
    const { expires_at: expiresAt } = (JSON.parse(body) as { credential: Credential }).credential
    const times = [headers.date ?? '', expiresAt].map((time) => (Date.parse(time) - newYear) / 1000)
    seconds.push(times)
    advance(-60_000)
  }
  expect(seconds).toEqual([
    [60, 150],
    [600, 1500],
  ])
})
