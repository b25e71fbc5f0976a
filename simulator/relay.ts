import { connect, createServer, type Socket } from 'node:net'
import { listen, type Listening } from './listen.ts'

/** Leads its first connection to one port of this machine and all others to another: so a fault can happen once. */
export function startRelay(ports: { readonly first: number; readonly then: number }): Promise<Listening> {
  let isFirst = true
  const server = createServer((client) => {
    const upstream = connect(isFirst ? ports.first : ports.then, '127.0.0.1')
    isFirst = false
    client.pipe(upstream).pipe(client)
    carry(client, upstream)
    carry(upstream, client)
  })
  return listen(server)
}

/** What ends one side ends the other alike. */
function carry(from: Socket, to: Socket): void {
  from.on('error', () => {
    // A reset in the middle of an orderly end would fail, and leave a socket behind that keeps the process busy.
    if (to.writableEnded) to.destroy()
    else to.resetAndDestroy()
  })
  from.once('close', () => {
    to.destroySoon()
  })
}
