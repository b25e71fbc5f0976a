import { connect, createServer, type Socket } from 'node:net'
import { listen, type Listening } from './listen.ts'

/** Forwards the first connection to one local port and all later ones to another, so that a fault happens once. */
export function startRelay(ports: { readonly first: number; readonly then: number }): Promise<Listening> {
  let isFirst = true
  const server = createServer((client) => {
    const upstream = connect(isFirst ? ports.first : ports.then, '127.0.0.1')
    isFirst = false
    client.pipe(upstream).pipe(client)
    forwardEnd(client, upstream)
    forwardEnd(upstream, client)
  })
  return listen(server)
}

/** Ends one side in the same way as the other: with RST, or by closing the connection. */
function forwardEnd(from: Socket, to: Socket): void {
  from.on('error', () => {
    // A reset during an orderly close would fail and leave a socket behind that keeps the process running.
    if (to.writableEnded) to.destroy()
    else to.resetAndDestroy()
  })
  from.once('close', () => {
    to.destroySoon()
  })
}
