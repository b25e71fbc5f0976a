import { createServer, type IncomingMessage } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { listen, type Listening } from './listen.ts'
import { drip, writeAndClose } from './wire.ts'

/** Starts an HTTP proxy that supports only CONNECT. It works, or has one fault. */
export async function startProxy(options: ProxyOptions = {}): Promise<Proxy> {
  const { behavior = 'work', target, port, host } = options
  const tunnels: RecordedTunnel[] = []
  const server = createServer((_, response) => {
    response.writeHead(405).end()
  })
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => undefined)
    const requested = request.url ?? ''
    tunnels.push({ target: requested, authorization: request.headers['proxy-authorization'] })
    if (behavior === 'work') openTunnel(socket, target ?? requested)
    else proxyFaults[behavior](socket)
  })
  const listening = await listen(server, port, host)
  return { url: `http://${listening.address}`, tunnels, close: listening.close }
}

/**
 * Starts a TCP server that accepts connections and has one fault, which takes effect when it receives the first bytes. The
 * fault is below HTTP and TLS, so it affects clients of either.
 */
export function startBrokenServer(behavior: BrokenBehavior = 'silent'): Promise<Listening> {
  const server = createTcpServer((socket) => {
    socket.once('data', () => {
      connectionFaults[behavior](socket)
    })
  })
  return listen(server)
}

export interface ProxyOptions {
  readonly behavior?: 'work' | ProxyFault
  /**
   * The `host:port` that every tunnel connects to, whatever the client requests, so that tests can use invented host
   * names.
   */
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
  /** The `host:port` that the client requested. */
  readonly target: string
  readonly authorization: string | undefined
}

export type ProxyFault = keyof typeof proxyFaults

export type BrokenBehavior = keyof typeof connectionFaults

function openTunnel(client: Socket, target: string): void {
  const { hostname, port } = new URL(`http://${target}`)
  // URL drops port 80, the default of http.
  const upstream = connect(Number(port === '' ? 80 : port), hostname.replace(/^\[|\]$/g, ''))
  upstream.once('connect', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    client.pipe(upstream).pipe(client)
  })
  upstream.on('error', () => client.destroy())
  upstream.once('close', () => client.destroy())
  client.once('close', () => upstream.destroy())
}

const connectionFaults = {
  silent: () => undefined,
  reset: (socket: Socket) => {
    socket.resetAndDestroy()
  },
  cut: (socket: Socket) => {
    socket.destroySoon()
  },
  garbage: (socket: Socket) => {
    writeAndClose(socket, 'SSH-2.0-OpenSSH_9.6\r\n\0\x01\x02 not what you expect\r\n')
  },
  drip: (socket: Socket) => {
    drip(socket, 'HTTP/1.1 200 OK\r\n' + 'x-padding: never ends\r\n'.repeat(1000))
  },
}

const proxyFaults = {
  ...connectionFaults,
  '407': (socket: Socket) => {
    const challenge = 'Proxy-Authenticate: Basic realm="simulated proxy"\r\n'
    writeAndClose(
      socket,
      `HTTP/1.1 407 Proxy Authentication Required\r\n${challenge}Content-Length: 0\r\n\r\n`,
    )
  },
  '502': (socket: Socket) => {
    writeAndClose(socket, 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')
  },
  'silent-tunnel': (socket: Socket) => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
  },
  'cut-tunnel': (socket: Socket) => {
    writeAndClose(socket, 'HTTP/1.1 200 Connection established\r\n\r\n')
  },
}
