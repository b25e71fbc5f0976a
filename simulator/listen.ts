import { once } from 'node:events'
import type { Server, Socket } from 'node:net'

/** Starts a server and keeps its connections at hand, so that it can be closed at once. */
export async function listen(server: Server, port = 0, host = '127.0.0.1'): Promise<Listening> {
  const connections = new Set<Socket>()
  server.on('connection', (socket) => {
    connections.add(socket)
    // A peer that goes away in the middle is what faults are about, not an error of ours.
    socket.on('error', () => undefined)
    socket.once('close', () => connections.delete(socket))
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
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
  /** Ends a connection with RST, which only TCP can: a TLS socket's connection is found by its port. */
  readonly reset: (socket: Socket) => void
  readonly close: () => Promise<void>
}
