import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The path of an installed MariaDB server; undefined if there is none. */
export const SERVER = ['mariadbd', 'mysqld'].flatMap(pathsOf).find(isMariaDb)

/** A MariaDB server with its own empty data folder and a free port on loopback. It has to be started. */
export async function prepareServer(options: readonly string[] = []): Promise<DatabaseServer> {
  const folder = mkdtempSync(join(tmpdir(), 'database-'))
  const data = join(folder, 'data')
  mkdirSync(data)
  const port = await freePort()
  let child: ChildProcess | undefined
  let log = ''
  return {
    port,
    log: () => log,
    start: () => {
      child = spawn(
        SERVER ?? 'mariadbd',
        [
          '--no-defaults',
          `--datadir=${data}`,
          `--socket=${join(folder, 'socket')}`,
          `--pid-file=${join(folder, 'pid')}`,
          `--port=${port}`,
          '--bind-address=127.0.0.1',
          // Without grant tables, the server needs no system tables, and starts in an empty folder in half a second.
          '--skip-grant-tables',
          // The server refuses to run as root unless this is explicit.
          ...(process.getuid?.() === 0 ? [`--user=${userInfo().username}`] : []),
          ...options,
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      )
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log += text
      })
    },
    close: async () => {
      if (child?.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        child.kill()
        await exited
      }
      rmSync(folder, { recursive: true })
    },
  }
}

export interface DatabaseServer {
  readonly port: number
  /** What the server has logged so far. */
  readonly log: () => string
  readonly start: () => void
  /** Stops the server and removes its data. */
  readonly close: () => Promise<void>
}

/** Connects until the server sends its handshake, and returns when that was, on the clock of `performance.now()`. */
export async function firstHandshake(port: number): Promise<number> {
  for (;;) {
    const { socket, hasHandshake } = await connectOnce(port)
    const now = performance.now()
    socket.destroy()
    if (hasHandshake) return now
    await sleep(1)
  }
}

/** Opens connections until the server has no more, and returns them. */
export async function exhaustConnections(port: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = []
  for (;;) {
    const { socket, hasHandshake } = await connectOnce(port)
    if (!hasHandshake) return sockets
    sockets.push(socket)
  }
}

/** Connects and waits for the first bytes, or for the end. The protocol version 10 follows the header of four bytes. */
async function connectOnce(port: number): Promise<{ socket: Socket; hasHandshake: boolean }> {
  const socket = connect(port, '127.0.0.1')
  const hasHandshake = await new Promise<boolean>((resolve) => {
    socket.once('data', (bytes) => {
      resolve(bytes[4] === 10)
    })
    socket.on('error', () => {
      resolve(false)
    })
    socket.once('close', () => {
      resolve(false)
    })
  })
  return { socket, hasHandshake }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A server is often not in the PATH of a user. */
function pathsOf(name: string): string[] {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name))
}

/** Excludes MySQL, which needs system tables and other options. */
function isMariaDb(path: string): boolean {
  try {
    const version = execFileSync(path, ['--no-defaults', '--version'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return version.includes('MariaDB')
  } catch {
    return false
  }
}
