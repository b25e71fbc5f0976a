import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Address } from './job.ts'
import { errorPacket, handshakePacket } from './mysql-packets.ts'

/**
 * Starts a database port on loopback. It greets clients as a MySQL server does, or behaves in any other way on request.
 * It never reads a login.
 */
export async function startDatabase(options: DatabaseOptions = {}): Promise<Database> {
  const { host = '127.0.0.1', behavior: first = 'handshake' } = options
  const connections: RecordedConnection[] = []
  const open = new Set<Socket>()
  let behavior: DatabaseBehavior = first
  let timers: NodeJS.Timeout[] = []
  const server = createServer((socket) => {
    const record = { behavior, receivedAtMs: performance.now(), received: '', closed: false }
    connections.push(record)
    open.add(socket)
    socket.on('data', (bytes) => {
      record.received += bytes.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.once('close', () => {
      record.closed = true
      open.delete(socket)
    })
    if (typeof behavior === 'string') databaseBehaviors[behavior].greet(socket, connections.length)
    else socket.end(behavior)
  })
  const listen = async (port: number): Promise<void> => {
    server.listen(port, host)
    await once(server, 'listening')
  }
  const refuse = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of open) socket.destroy()
    await closed
  }
  // A port that refuses connections listens once, so that the operating system chooses a free one.
  await listen(options.port ?? 0)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the database has no TCP port')
  const { port } = address

  /** Changes happen one after the other, because a port takes a moment to open or close. */
  let change = Promise.resolve()
  const set = (next: DatabaseBehavior): Promise<void> => {
    change = change.then(async () => {
      behavior = next
      if (next === 'refused') await refuse()
      else if (!server.listening) await listen(port)
    })
    return change
  }
  const stopTimeline = (): void => {
    for (const timer of timers) clearTimeout(timer)
    timers = []
  }
  const behave = (next: DatabaseBehavior): Promise<void> => {
    stopTimeline()
    return set(next)
  }
  await set(behavior)

  return {
    host,
    port,
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    connections,
    behave,
    follow: (timeline) => {
      stopTimeline()
      let startMs = 0
      for (const { behavior: next, ms = Infinity } of timeline) {
        if (startMs <= 0) void set(next)
        else if (startMs <= MAX_TIMER_MS) timers.push(setTimeout(() => void set(next), startMs).unref())
        startMs += ms
      }
    },
    close: async () => {
      await behave('refused')
    },
  }
}

export interface DatabaseOptions {
  /** 0 by default: any free port. */
  readonly port?: number
  readonly host?: string
  /** The first behavior, `handshake` by default. */
  readonly behavior?: DatabaseBehavior
}

export interface Database extends Address {
  /** `127.0.0.1:3306` */
  readonly address: string
  /** All connections that were accepted, oldest first. */
  readonly connections: readonly RecordedConnection[]
  /**
   * Changes how the port treats new connections, and ends a timeline. With `refused`, it also closes the open ones, as a
   * process does that ends.
   */
  readonly behave: (behavior: DatabaseBehavior) => Promise<void>
  /** Changes the behavior over time, from now on. */
  readonly follow: (timeline: readonly DatabasePhase[]) => void
  /** Closes the port and all its connections. */
  readonly close: () => Promise<void>
}

/** A behavior that lasts `ms` milliseconds of real time, or forever. */
export interface DatabasePhase {
  readonly behavior: DatabaseBehavior
  readonly ms?: number
}

export interface RecordedConnection {
  /** The behavior when the client connected. */
  readonly behavior: DatabaseBehavior
  /** When the client connected, on the clock of `performance.now()`. */
  readonly receivedAtMs: number
  /** Everything that the client sent, as Latin-1 text. */
  readonly received: string
  readonly closed: boolean
}

/** A name from the table below, or bytes: the port sends them, then closes the connection. */
export type DatabaseBehavior = DatabaseBehaviorName | Buffer

export type DatabaseBehaviorName = keyof typeof databaseBehaviors

export function isDatabaseBehavior(value: unknown): value is DatabaseBehaviorName {
  return typeof value === 'string' && Object.hasOwn(databaseBehaviors, value)
}

/** The longest time that a timer of Node can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1

interface Behavior {
  /** A phrase that completes "The port …". */
  readonly description: string
  /** What the port does with a new connection. The connection ID is 1 for the first one. */
  readonly greet: (socket: Socket, connectionId: number) => void
}

export const databaseBehaviors = {
  handshake: {
    description: 'sends the initial handshake of MySQL',
    greet: (socket, id) => {
      socket.write(handshakePacket(id))
    },
  },
  'handshake-in-bytes': {
    description: 'sends the initial handshake one byte every 10 ms',
    greet: (socket, id) => {
      const bytes = handshakePacket(id)
      let sent = 0
      const timer = setInterval(() => {
        socket.write(bytes.subarray(sent, sent + 1))
        sent += 1
        if (sent >= bytes.length) clearInterval(timer)
      }, 10)
      socket.once('close', () => {
        clearInterval(timer)
      })
    },
  },
  'late-handshake': {
    description: 'sends the initial handshake after 2 s',
    greet: (socket, id) => {
      const timer = setTimeout(() => socket.write(handshakePacket(id)), 2_000)
      socket.once('close', () => {
        clearTimeout(timer)
      })
    },
  },
  'half-handshake': {
    description: 'sends half of the initial handshake, then closes the connection',
    greet: (socket, id) => {
      const bytes = handshakePacket(id)
      socket.end(bytes.subarray(0, bytes.length / 2))
    },
  },
  refused: { description: 'refuses connections', greet: (socket) => socket.destroy() },
  silent: { description: 'accepts connections and sends nothing', greet: () => undefined },
  closed: { description: 'closes the connection immediately', greet: (socket) => socket.end() },
  reset: { description: 'resets the connection (RST)', greet: (socket) => socket.resetAndDestroy() },
  'error-1040': {
    description: 'sends the error 1040, Too many connections',
    greet: (socket) => socket.end(errorPacket(1040, 'Too many connections')),
  },
  'error-1129': {
    description: 'sends the error 1129: the host is blocked after too many connection errors',
    greet: (socket) =>
      socket.end(
        errorPacket(
          1129,
          "Host '192.168.0.20' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'",
        ),
      ),
  },
  http: {
    description: 'sends an HTTP response',
    greet: (socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
  },
  ssh: {
    description: 'sends the version of an SSH server',
    greet: (socket) => {
      socket.write('SSH-2.0-OpenSSH_9.6\r\n')
    },
  },
  endless: {
    description: 'sends bytes that are not MySQL, as fast as the client reads them',
    greet: (socket) => {
      const write = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'a')));
      }
      socket.on('drain', write)
      write()
    },
  },
} satisfies Record<string, Behavior>
