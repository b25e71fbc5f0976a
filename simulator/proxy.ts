import { createServer, type IncomingMessage } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { listen, type Listening } from './listen.ts'
import { drip, writeAndCut } from './wire.ts'

/** A proxy for CONNECT that works, or fails in one way. */
export async function startProxy(options: ProxyOptions = {}): Promise<Proxy> {
  const { behave = 'work', target, port, host } = options
  const tunnels: RecordedTunnel[] = []
  const server = createServer((_, response) => {
    response.writeHead(405).end()
  })
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => undefined)
    const asked = request.url ?? ''
    tunnels.push({ target: asked, authorization: request.headers['proxy-authorization'] })
    if (behave === 'work') tunnel(socket, target ?? asked)
    else refuse[behave](socket)
  })
  const listening = await listen(server, port, host)
  return { url: `http://${listening.address}`, tunnels, close: listening.close }
}

/** A TCP server that accepts, and fails in one way at the first bytes: below HTTP, and below TLS. */
export function startBrokenServer(behave: BrokenBehaviour = 'silent'): Promise<Listening> {
  const server = createTcpServer((socket) => {
    socket.once('data', () => {
      broken[behave](socket)
    })
  })
  return listen(server)
}

export interface ProxyOptions {
  readonly behave?: 'work' | ProxyFault
  /** `host:port` to which all tunnels lead, whatever was asked for: so that made-up host names work. */
  readonly target?: string
  readonly port?: number
  readonly host?: string
}

export interface Proxy {
  readonly url: string
  readonly tunnels: readonly RecordedTunnel[]
  readonly close: () => Promise<void>
}

export interface RecordedTunnel {
  /** `host:port` as it was asked for. */
  readonly target: string
  readonly authorization: string | undefined
}

export type ProxyFault = keyof typeof refuse

export type BrokenBehaviour = keyof typeof broken

function tunnel(client: Socket, target: string): void {
  const { hostname, port } = new URL(`http://${target}`)
  // URL leaves out the port that is http's own.
  const upstream = connect(Number(port === '' ? 80 : port), hostname.replace(/^\[|\]$/g, ''))
  upstream.once('connect', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    client.pipe(upstream).pipe(client)
  })
  upstream.on('error', () => client.destroy())
  upstream.once('close', () => client.destroy())
  client.once('close', () => upstream.destroy())
}

const broken = {
  silent: () => undefined,
  reset: (socket: Socket) => {
    socket.resetAndDestroy()
  },
  cut: (socket: Socket) => {
    socket.destroySoon()
  },
  garbage: (socket: Socket) => {
    writeAndCut(socket, 'SSH-2.0-OpenSSH_9.6\r\n\0\x01\x02 not what you expect\r\n')
  },
  drip: (socket: Socket) => {
    drip(socket, 'HTTP/1.1 200 OK\r\n' + 'x-padding: never ends\r\n'.repeat(1000))
  },
}

const refuse = {
  ...broken,
  '407': (socket: Socket) => {
    const authenticate = 'Proxy-Authenticate: Basic realm="simulated proxy"\r\n'
    writeAndCut(
      socket,
      `HTTP/1.1 407 Proxy Authentication Required\r\n${authenticate}Content-Length: 0\r\n\r\n`,
    )
  },
  '502': (socket: Socket) => {
    writeAndCut(socket, 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')
  },
  'silent-tunnel': (socket: Socket) => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
  },
  'cut-tunnel': (socket: Socket) => {
    writeAndCut(socket, 'HTTP/1.1 200 Connection established\r\n\r\n')
  },
}
