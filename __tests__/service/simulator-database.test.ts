import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import {
  databaseBehaviors,
  startDatabase,
  type Database,
  type DatabaseBehaviorName,
} from '../../simulator/database.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { httpGet } from './simulator-request.ts'

let closing: (() => Promise<void>)[] = []
async function start(): Promise<Database> {
  const database = await startDatabase()
  closing.push(database.close)
  return database
}
async function simulatorWith(options: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator(options)
  closing.push(simulator.close)
  return simulator
}
afterEach(async () => {
  await Promise.all(closing.map((close) => close()))
  closing = []
})

/** Waits until the condition is true, for about 10 seconds at most. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; n < 1_000; n += 1) {
    if (await condition()) return
    await sleep(10)
  }
  throw new Error('the condition did not become true')
}

interface Greeting {
  readonly bytes: Buffer
  /** `open` when the connection was still open after the given time, `end`, or the code of an error. */
  readonly end: string
}

/** Connects, optionally sends text, and receives until the server closes the connection, or the length or time is reached. */
async function greeting(
  { port }: Database,
  { ms = 100, length = Infinity, text = '' } = {},
): Promise<Greeting> {
  const chunks: Buffer[] = []
  const socket = connect(port, '127.0.0.1')
  if (text !== '') socket.write(text)
  const end = await new Promise<string>((resolve) => {
    const timer = setTimeout(resolve, ms, 'open')
    socket.once('close', () => {
      clearTimeout(timer)
    })
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (Buffer.concat(chunks).length >= length) resolve('open')
    })
    socket.once('end', () => {
      resolve('end')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message)
    })
  })
  socket.destroy()
  return { bytes: Buffer.concat(chunks), end }
}

/** The fields of an initial handshake, in the order of Protocol::HandshakeV10. */
function parseHandshake(bytes: Buffer): Record<string, unknown> {
  const length = bytes.readUIntLE(0, 3)
  const versionEnd = bytes.indexOf(0, 5)
  const rest = bytes.subarray(versionEnd + 1)
  const scrambleEnd = rest.indexOf(0, 31)
  return {
    isWhole: bytes.length === length + 4,
    sequence: bytes[3],
    protocol: bytes[4],
    version: bytes.toString('utf8', 5, versionEnd),
    connectionId: rest.readUInt32LE(0),
    filler: rest[12],
    capabilities: (rest.readUInt16LE(13) | (rest.readUInt16LE(18) << 16)) >>> 0,
    characterSet: rest[15],
    status: rest.readUInt16LE(16),
    scrambleLength: rest[20],
    reserved: rest.toString('hex', 21, 31),
    scramble: rest.toString('utf8', 4, 12) + rest.toString('utf8', 31, scrambleEnd),
    plugin: rest.toString('utf8', scrambleEnd + 1),
  }
}

const handshake = {
  isWhole: true,
  sequence: 0,
  protocol: 10,
  version: '8.0.22-231003',
  connectionId: 1,
  filler: 0,
  // PLUGIN_AUTH, SECURE_CONNECTION, TRANSACTIONS, SSL, PROTOCOL_41, CONNECT_WITH_DB, and the three lowest bits.
  capabilities: 0x0008_aa0f,
  characterSet: 255,
  status: 2,
  scrambleLength: 21,
  reserved: '00'.repeat(10),
  scramble: 'NotASecretScramble20',
  plugin: 'mysql_native_password\0',
}

describe('the database port', () => {
  test('sends the initial handshake of MySQL and keeps the connection open', async () => {
    const { bytes, end } = await greeting(await start())
    expect(parseHandshake(bytes)).toEqual(handshake)
    expect(end).toBe('open')
  })

  test('can send the handshake in single bytes, late, or only half of it', async () => {
    const database = await start()
    const { bytes: whole } = await greeting(database)
    await database.behave('handshake-in-bytes')
    const early = await greeting(database, { ms: 200 })
    expect(early.bytes.length).toBeGreaterThan(0)
    expect(early.bytes.length).toBeLessThan(whole.length)
    expect((await greeting(database, { ms: 20_000, length: whole.length })).bytes).toHaveLength(whole.length)
    await database.behave('late-handshake')
    expect((await greeting(database)).bytes).toHaveLength(0)
    expect((await greeting(database, { ms: 20_000, length: whole.length })).bytes).toHaveLength(whole.length)
    await database.behave('half-handshake')
    const half = await greeting(database)
    expect(half.bytes).toHaveLength(Math.floor(whole.length / 2))
    expect(half.end).toBe('end')
  })

  const expected: Partial<Record<DatabaseBehaviorName, unknown>> = {
    refused: { bytes: '', end: 'ECONNREFUSED' },
    silent: { bytes: '', end: 'open' },
    closed: { bytes: '', end: 'end' },
    reset: { bytes: '', end: 'ECONNRESET' },
    'error-1040': { bytes: '\x17\0\0\0\xff\x10\x04Too many connections', end: 'end' },
    'error-1129': {
      bytes: expect.stringContaining("\0\0\0\xff\x69\x04Host '192.168.0.20' is blocked"),
      end: 'end',
    },
    http: { bytes: expect.stringMatching(/^HTTP\/1\.1 400 /), end: 'end' },
    ssh: { bytes: 'SSH-2.0-OpenSSH_9.6\r\n', end: 'open' },
    endless: { bytes: expect.stringMatching(/^a{65536}/), end: 'open' },
  }
  test.each(Object.entries(expected))('can be %s', async (behavior, result) => {
    const database = await start()
    await database.behave(behavior as DatabaseBehaviorName)
    const { bytes, end } = await greeting(database)
    expect({ bytes: bytes.toString('latin1'), end }).toEqual(result)
    await database.behave('handshake')
    expect((await greeting(database)).bytes[4]).toBe(10)
  })

  test('has a test and a description of every behavior', () => {
    const others = ['handshake', 'handshake-in-bytes', 'late-handshake', 'half-handshake']
    expect([...Object.keys(expected), ...others].sort()).toEqual(Object.keys(databaseBehaviors).sort())
  })

  test('can send any bytes', async () => {
    const database = await start()
    await database.behave(Buffer.from([1, 0, 0, 0, 9]))
    expect(await greeting(database)).toEqual({ bytes: Buffer.from([1, 0, 0, 0, 9]), end: 'end' })
  })

  test('closes open connections when it refuses new ones', async () => {
    const database = await start()
    const pending = greeting(database, { ms: 5_000 })
    await until(() => database.connections.length > 0)
    await database.behave('refused')
    expect((await pending).end).toMatch(/^(end|ECONNRESET)$/)
  })

  test('records when a client connects, what it sends, and when the connection is closed', async () => {
    const database = await start()
    const before = performance.now()
    await greeting(database)
    await database.behave('silent')
    await greeting(database, { text: 'hello' })
    await until(() => database.connections.every(({ closed }) => closed))
    expect(database.connections).toMatchObject([
      { behavior: 'handshake', received: '' },
      { behavior: 'silent', received: 'hello' },
    ])
    const [first = 0, second = 0] = database.connections.map(({ receivedAtMs }) => receivedAtMs)
    expect(first).toBeGreaterThanOrEqual(before)
    expect(second).toBeGreaterThanOrEqual(first + 90)
    expect(second).toBeLessThanOrEqual(performance.now())
  })

  test('follows a timeline until it is given another behavior', async () => {
    const database = await start()
    database.follow([
      { behavior: 'refused', ms: 300 },
      { behavior: 'ssh', ms: 600 },
      { behavior: 'handshake' },
    ])
    await sleep(50)
    expect((await greeting(database)).end).toBe('ECONNREFUSED')
    await until(async () => (await greeting(database)).end !== 'ECONNREFUSED')
    expect((await greeting(database)).bytes.toString()).toMatch(/^SSH/)
    await database.behave('silent')
    await sleep(1_000)
    expect((await greeting(database)).bytes).toHaveLength(0)
  })

  test('can use a given port, and ends its connections when it is closed', async () => {
    const first = await startDatabase()
    await first.close()
    const second = await startDatabase({ port: first.port })
    closing.push(second.close)
    expect(second).toMatchObject({ host: '127.0.0.1', address: `127.0.0.1:${first.port}` })
    const pending = greeting(second, { ms: 5_000 })
    await until(() => second.connections.length > 0)
    await second.close()
    expect((await pending).end).not.toBe('open')
  })
})

describe('a simulator with a database port', () => {
  async function detailsOf(simulator: Simulator, id: string): Promise<unknown> {
    const url = `${simulator.endpoint}/v3/${simulator.projectId}/instances/${id}`
    const { body } = await httpGet(url, { headers: { 'x-auth-token': simulator.token } })
    return (JSON.parse(body) as { instance: unknown }).instance
  }

  test('gives its instances the address of that port, unless they have their own', async () => {
    const database = await start()
    const simulator = await simulatorWith({ database })
    const address = { private_write_ips: ['127.0.0.1'], port: String(database.port) }
    expect(await detailsOf(simulator, simulator.addInstance())).toMatchObject(address)
    const id = simulator.addInstance({ address: { host: '10.0.0.1', port: 1 } })
    expect(await detailsOf(simulator, id)).toMatchObject({ private_write_ips: ['10.0.0.1'], port: '1' })
    const instance = { id: 'a'.repeat(32), name: 'my-database' }
    simulator.addJob({ instance, name: 'RebootGaussDBforMySQLInstance' })
    expect(await detailsOf(simulator, instance.id)).toMatchObject(address)
  })

  test('changes its behavior as `simulate` specifies, when the job has ended', async () => {
    const database = await start()
    const simulator = await simulatorWith({ database, speed: 50 })
    const phases = ['silent', { behavior: 'error-1040', seconds: 30 }]
    const simulate = { not_found_seconds: 0, pending_seconds: 0, seconds: 30, database: phases }
    const response = await fetch(`${simulator.endpoint}/v3/${simulator.projectId}/instances`, {
      method: 'POST',
      headers: { 'x-auth-token': simulator.token },
      body: JSON.stringify({ simulate }),
    })
    expect(response.status).toBe(201)
    const seen: string[] = []
    const nameOf = ({ bytes, end }: Greeting): string => {
      if (bytes[4] === 0xff) return 'error-1040'
      if (bytes[4] === 10) return 'handshake'
      return end === 'ECONNREFUSED' ? 'refused' : 'silent'
    }
    await until(async () => {
      const name = nameOf(await greeting(database, { ms: 50 }))
      if (seen.at(-1) !== name) seen.push(name)
      return name === 'handshake'
    })
    expect(seen).toEqual(['refused', 'silent', 'error-1040', 'handshake'])
  })

  test('is required for `simulate.database`', async () => {
    const simulator = await simulatorWith({})
    const response = await fetch(`${simulator.endpoint}/v3/${simulator.projectId}/instances`, {
      method: 'POST',
      headers: { 'x-auth-token': simulator.token },
      body: JSON.stringify({ simulate: { database: [] } }),
    })
    expect(response.status).toBe(400)
    const message = 'Parameter error. This simulator has no database port for `simulate.database`.'
    expect(await response.json()).toMatchObject({ error_msg: message })
  })
})

test('a client that disconnects during a slow handshake does not disturb the port', async () => {
  const database = await start()
  await database.behave('handshake-in-bytes')
  const socket = connect(database.port, '127.0.0.1')
  await once(socket, 'data')
  socket.resetAndDestroy()
  await sleep(50)
  await database.behave('handshake')
  expect((await greeting(database)).end).toBe('open')
})
