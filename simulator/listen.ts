import { once } from 'node:events'
import type { Server, Socket } from 'node:net'

/** Starts a server and tracks its connections, so that it can be closed immediately. */
export async function listen(server: Server, port = 0, host = '127.0.0.1'): Promise<Listening> {
  const connections = new Set<Socket>()
  server.on('connection', (socket) => {
    connections.add(socket)
    // Faults make peers disconnect at any time, which is not an error of the server.
    socket.on('error', () => undefined)
    socket.once('close', () => connections.delete(socket))
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new Error('the server does not listen on a TCP port')
  return {
    port: address.port,
    address: `${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    reset: ({ remotePort }) => {
      for (const socket of connections) if (socket.remotePort === remotePort) socket.resetAndDestroy()
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of connections) socket.destroy()
      await closed
    },
  }
}

export interface Listening {
  readonly port: number
  /** `127.0.0.1:8480` */
  readonly address: string
  /** Resets a connection with RST. Only TCP sockets can do that, so a TLS socket is matched by its remote port. */
  readonly reset: (socket: Socket) => void
  /** Closes the server and all its connections. */
  readonly close: () => Promise<void>
}
