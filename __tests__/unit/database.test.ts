import { afterEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import {
  createServer,
  getDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultAutoSelectFamilyAttemptTimeout,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import type { Address } from '../../src/address.ts'
import { databaseConnector, readPacket } from '../../src/database.ts'
import { Secrets } from '../../src/secrets.ts'
import { startBlackHole } from '../action/stage.ts'
import { noSecrets, plain } from './text.ts'

/** Connecting to a database, over real sockets. */

const MAX_ATTEMPT_MS = 5_000
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A packet of a server: length, sequence number, payload. */
function packet(payload: Buffer, sequence = 0, length = payload.length): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(length, 0, 3)
  header[3] = sequence
  return Buffer.concat([header, payload])
}

/** Source: MySQL documentation, "Protocol::HandshakeV10". */
function handshake(version = '8.0.22-taurus'): Buffer {
  return packet(
    Buffer.concat([
      Buffer.from([10]),
      Buffer.from(`${version}\0`),
      Buffer.from('2a000000', 'hex'),
      Buffer.from('abcdefgh\0'),
      Buffer.from('ffffff0200ffc715', 'hex'),
      Buffer.alloc(10),
      Buffer.from('ijklmnopqrst\0caching_sha2_password\0'),
    ]),
  )
}

/** Source: MySQL documentation, "ERR_Packet": before the handshake, it contains no SQL state. */
function errorPacket(code: number, message: string): Buffer {
  return packet(Buffer.concat([Buffer.from([0xff, code & 0xff, code >> 8]), Buffer.from(message)]))
}

interface Database {
  readonly address: Address
  readonly sockets: readonly Socket[]
  /** What clients sent. */
  readonly received: () => Buffer
}

const servers: Server[] = []
const databases: Database[] = []

/** Starts a server that does something with each connection. */
async function serve(onConnection: (socket: Socket, index: number) => void, host = '127.0.0.1') {
  const [sockets, chunks]: [Socket[], Buffer[]] = [[], []]
  const server = createServer((socket) => {
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined)
    onConnection(socket, sockets.push(socket) - 1)
  })
  server.listen(0, host)
  await once(server, 'listening')
  servers.push(server)
  const address = { host, port: (server.address() as AddressInfo).port }
  const database: Database = { address, sockets, received: () => Buffer.concat(chunks) }
  databases.push(database)
  return database
}

const sends = (bytes: Buffer | string) => serve((socket) => void socket.write(bytes))

function connectTo(address: Address, signal = new AbortController().signal, secrets = noSecrets) {
  return databaseConnector(secrets)(address)(signal)
}

async function labelFrom(address: Address): Promise<string> {
  const { isAccepted, label } = await connectTo(address)
  expect(isAccepted).toBe(false)
  return plain([label])
}

async function closedWithin(ms: number): Promise<boolean> {
  const isOpen = () => databases.some(({ sockets }) => sockets.some(({ destroyed }) => !destroyed))
  for (const end = performance.now() + ms; isOpen() && performance.now() < end;) await sleep(20)
  return !isOpen()
}

afterEach(async () => {
  // Whatever the server did, the client closes its connections and has sent nothing.
  expect(await closedWithin(MAX_ATTEMPT_MS + 2_000)).toBe(true)
  expect(databases.map(({ received }) => received().length)).toEqual(databases.map(() => 0))
  databases.length = 0
  for (const server of servers.splice(0)) server.close()
})

describe('a database accepts connections if it sends a handshake', () => {
  test('in one piece, after which the connection is closed at once', async () => {
    const { address } = await sends(handshake())
    const { kind, address: shown, isAccepted, label } = await connectTo(address)
    expect({ kind, isAccepted }).toEqual({ kind: 'connection', isAccepted: true })
    expect(plain([shown])).toBe(`127.0.0.1:${address.port}`)
    expect(plain([label])).toBe('handshake of 8.0.22-taurus')
    expect(await closedWithin(500)).toBe(true)
  })

  test('byte by byte', async () => {
    const { address } = await serve((socket) => {
      socket.setNoDelay()
      void (async () => {
        for (const byte of handshake('5.7')) {
          socket.write(Buffer.from([byte]))
          await sleep(1)
        }
      })()
    })
    const { isAccepted, label } = await connectTo(address)
    expect([isAccepted, plain([label])]).toEqual([true, 'handshake of 5.7'])
  })

  test('and closes the connection at once', async () => {
    const { address } = await serve((socket) => socket.end(handshake()))
    expect(await connectTo(address)).toMatchObject({ isAccepted: true })
  })

  test('over IPv6', async () => {
    const { address } = await serve((socket) => void socket.write(handshake()), '::1')
    const { isAccepted, address: shown } = await connectTo(address)
    expect([isAccepted, plain([shown])]).toEqual([true, `[::1]:${address.port}`])
  })

  test('within two to four seconds on the same connection, which a later attempt reports', async () => {
    // As a server that looks up the name of its client: every connection takes as long.
    const { address, sockets } = await serve((socket) => {
      setTimeout(() => socket.writable && socket.write(handshake()), 3_000)
    })
    const attempt = databaseConnector(noSecrets)(address)
    const { signal } = new AbortController()
    const start = performance.now()
    const labels: string[] = []
    for (let isAccepted = false; !isAccepted && labels.length < 10;) {
      const seen = await attempt(signal)
      labels.push(plain([seen.label]))
      isAccepted = seen.isAccepted
      if (!isAccepted) await sleep(300)
    }
    expect(performance.now() - start).toBeLessThan(5_000)
    expect(labels.slice(0, -1)).toEqual(
      ['no handshake', 'no handshake', 'no handshake'].slice(0, labels.length - 1),
    )
    expect(labels.at(-1)).toBe('handshake of 8.0.22-taurus')
    expect(sockets.length).toBeGreaterThanOrEqual(2)
    // It is known from now on.
    expect(await attempt(signal)).toMatchObject({ isAccepted: true })
    expect(sockets.length).toBeLessThanOrEqual(labels.length)
  })
})

describe('a database is not ready if', () => {
  test('the connection is refused', async () => {
    const { address } = await serve(() => undefined)
    const server = servers.pop()
    server?.close()
    await once(server ?? process, 'close')
    expect(await labelFrom(address)).toBe('connection refused')
  })

  test('the host does not exist', async () => {
    expect(await labelFrom({ host: 'does-not-exist.invalid', port: 3306 })).toMatch(
      /^(unknown host|EAI_AGAIN)$/,
    )
  })

  test('the connection is closed without a byte', async () => {
    expect(await labelFrom((await serve((socket) => socket.end())).address)).toBe('connection closed')
  })

  test('the connection is reset', async () => {
    expect(await labelFrom((await serve((socket) => socket.resetAndDestroy())).address)).toBe(
      'connection closed',
    )
  })

  test('it is silent, which is known after a second, and the connection is closed after five', async () => {
    const start = performance.now()
    const { address } = await serve(() => undefined)
    expect(await labelFrom(address)).toBe('no handshake')
    expect(performance.now() - start).toBeLessThan(2_000)
    expect(await closedWithin(2_000)).toBe(false)
    expect(await closedWithin(3_500)).toBe(true)
  }, 15_000)

  test('it sends the handshake only in part, and closes the connection', async () => {
    const { address } = await serve((socket) => socket.end(handshake().subarray(0, -1)))
    expect(await labelFrom(address)).toBe('connection closed')
  })

  test.each([3, 4])('it sends only %d bytes, and closes the connection', async (count) => {
    const { address } = await serve((socket) => socket.end(handshake().subarray(0, count)))
    expect(await labelFrom(address)).toBe('connection closed')
  })

  test.each<[string, Buffer | string]>([
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
    ['an SSH server', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['a TLS server', Buffer.from('15030100020228', 'hex')],
    ['an FTP server', '220 ready\r\n'],
    ['a packet of more than 1,024 bytes', packet(handshake('x'.repeat(1_100)).subarray(4))],
    ['a packet of 16 MiB', packet(Buffer.from([10]), 0, 0xff_ff_ff)],
    ['an empty packet', Buffer.concat([packet(Buffer.alloc(0)), Buffer.from([10])])],
    ['a packet with another sequence number', packet(handshake().subarray(4), 1)],
    ['a handshake of version 9', packet(Buffer.from('\u00098.0.22\0'))],
    ['a handshake without a version', packet(Buffer.from([10]))],
    ['a handshake with an empty version', packet(Buffer.from([10, 0, 1, 2]))],
    ['a handshake whose version does not end', packet(Buffer.from([10, 56, 46, 48]))],
    ['a handshake without a connection ID', packet(Buffer.from('\u000a8.0.22\0'))],
    // A length in four bytes, then Protocol Buffers: a text field, and a number.
    [
      'a message of another protocol',
      packet(Buffer.from([10, 5, ...Buffer.from('shop1'), 17, ...Buffer.alloc(8)])),
    ],
    ['an error without a code', packet(Buffer.from([0xff]))],
    ['an error with half a code', packet(Buffer.from([0xff, 16]))],
  ])('it sends what is not MySQL: %s', async (_name, bytes) => {
    expect(await labelFrom((await sends(bytes)).address)).toBe('no MySQL handshake')
    expect(await closedWithin(500)).toBe(true)
  })

  test.each([
    ['Too many connections', 'error 1040: Too many connections'],
    ['#08004Too many connections', 'error 1040: Too many connections'],
    ['', 'error 1040: '],
  ])('it sends the error %j', async (message, expected) => {
    expect(await labelFrom((await sends(errorPacket(1040, message))).address)).toBe(expected)
  })

  test('it sends an error that contains a secret, which is not shown', async () => {
    const secrets = new Secrets(() => undefined)
    secrets.add('fake-secret')
    const { address } = await sends(errorPacket(1130, "Host 'fake-secret' is not allowed to connect"))
    const { label } = await connectTo(address, undefined, secrets)
    expect(plain([label])).toBe("error 1130: Host '***' is not allowed to connect")
  })
})

describe('an abort', () => {
  test('ends an attempt at once, and closes its connection', async () => {
    const { address } = await serve(() => undefined)
    const stop = new AbortController()
    setTimeout(() => {
      stop.abort()
    }, 200)
    const start = performance.now()
    expect(await connectTo(address, stop.signal)).toMatchObject({ isAccepted: false })
    expect(performance.now() - start).toBeLessThan(900)
    expect(await closedWithin(300)).toBe(true)
  })

  test('closes the connections of attempts that were reported as silent', async () => {
    const { address, sockets } = await serve(() => undefined)
    const stop = new AbortController()
    const attempt = databaseConnector(noSecrets)(address)
    await attempt(stop.signal)
    await attempt(stop.signal)
    expect(sockets).toHaveLength(2)
    stop.abort()
    expect(await closedWithin(300)).toBe(true)
  })

  test('before the attempt opens no connection that stays', async () => {
    const { address } = await serve(() => undefined)
    const start = performance.now()
    expect(await connectTo(address, AbortSignal.abort())).toMatchObject({ isAccepted: false })
    expect(performance.now() - start).toBeLessThan(900)
    expect(await closedWithin(300)).toBe(true)
  })
})

test('a packet is read as soon as it is complete, and only then', () => {
  const bytes = handshake()
  for (let length = 0; length < bytes.length; length++) {
    expect(readPacket(bytes.subarray(0, length))).toBeUndefined()
  }
  const seen = { isAccepted: true, label: 'handshake of 8.0.22-taurus' }
  expect(readPacket(bytes)).toEqual(seen)
  expect(readPacket(Buffer.concat([bytes, Buffer.from('more')]))).toEqual(seen)
  expect(readPacket(packet(handshake('x'.repeat(1_022 - 67)).subarray(4)))).toMatchObject({
    isAccepted: true,
  })
})

// Only Linux drops connections when the backlog is full, and has more than one loopback address.
if (process.platform === 'linux') {
  test('reaches the second address of a name although the first one is dead', async () => {
    const before = getDefaultAutoSelectFamilyAttemptTimeout()
    // As in the action, whose requests have more time than an attempt.
    setDefaultAutoSelectFamilyAttemptTimeout(3_500)
    const hole = await startBlackHole(0)
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      setTimeout(() => socket.write(handshake()), 1_700)
    })
    servers.push(server)
    server.listen(hole.port, '127.0.0.2')
    await once(server, 'listening')
    const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
    const connect = databaseConnector(noSecrets, (_name, _options, callback) => {
      callback(null, addresses)
    })({ host: 'db.example', port: hole.port })
    const { signal } = new AbortController()
    // The first attempt is silent for a second, and still succeeds later.
    await connect(signal)
    await sleep(3_000)
    const { isAccepted } = await connect(signal)
    await hole.close()
    setDefaultAutoSelectFamilyAttemptTimeout(before)
    expect(isAccepted).toBe(true)
  })
}
