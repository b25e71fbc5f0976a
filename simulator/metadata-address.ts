import { Socket } from 'node:net'

/**
 * A preload that redirects connections to the metadata service of an ECS, 169.254.169.254:80, to a port on this machine:
 * `node --import …/metadata-address.ts`, with METADATA_PORT=8480. All other connections, and everything that is sent, stay
 * as they are.
 */
const target = { host: '127.0.0.1', port: Number(process.env['METADATA_PORT']) }
if (!(target.port > 0)) throw new Error('METADATA_PORT must be the port of the simulator')

const METADATA_HOST = '169.254.169.254'

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with `this` below
const realConnect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket

/** Every client of Node.js connects here: http, https, tls, and net.connect, which passes its arguments as an array. */
Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  const [first, host] = args
  if (Array.isArray(first)) first[0] = redirect(first[0])
  else if (typeof first === 'object') args[0] = redirect(first)
  else if (Number(first) === 80 && host === METADATA_HOST) args.splice(0, 2, target.port, target.host)
  return realConnect.apply(this, args)
}

/** The options of a connection, with another address if it leads to the metadata service. */
function redirect(options: unknown): unknown {
  const { host, port } = (options ?? {}) as { host?: unknown; port?: unknown }
  return host === METADATA_HOST && Number(port) === 80 ? { ...(options as object), ...target } : options
}
