import { lookup } from 'node:dns'
import { createConnection, type LookupFunction } from 'node:net'
import { formatAddress, type Address } from './address.ts'
import { SECOND } from './duration.ts'
import type { ConnectionResponse } from './response.ts'
import type { Secrets } from './secrets.ts'

/** Prepares connecting to a database. The function that it returns makes one attempt, and never rejects. */
export type Connect = (address: Address) => (signal: AbortSignal) => Promise<ConnectionResponse>

/** A server may look up the name of its client before it sends the handshake. */
const MAX_ATTEMPT_MS = 5 * SECOND
/** From here on, the next attempt may begin: a server that has started meanwhile may respond only to a new one. */
const SILENT_AFTER_MS = 1 * SECOND
/** For each address of a name, so that an attempt also reaches the second one. */
const MAX_ADDRESS_MS = 1 * SECOND
/** Longer packets are not a handshake. */
const MAX_PACKET_BYTES = 1_024

/** Connects to a MySQL server, reads its first packet, and closes the connection. Nothing is sent. */
export function databaseConnector(secrets: Secrets, find: LookupFunction = sharedLookup()): Connect {
  return (address) => {
    /** Accepted by an attempt that was silent at first. */
    let accepted: Seen | undefined
    return async (signal) => {
      const { promise, resolve } = Promise.withResolvers<Seen>()
      const onSeen = (seen: Seen) => {
        if (seen.isAccepted) accepted = seen
        resolve(accepted ?? seen)
      }
      if (accepted === undefined) attempt(address, find, signal, onSeen)
      const { isAccepted, label } = accepted ?? (await promise)
      const shown = secrets.text(formatAddress(address))
      return { kind: 'connection', address: shown, isAccepted, label: secrets.text(label) }
    }
  }
}

/** What an attempt has led to. */
interface Seen {
  readonly isAccepted: boolean
  readonly label: string
}

/** Looks up a name only once at a time: each lookup blocks a thread, and the report needs one of the few threads. */
function sharedLookup(): LookupFunction {
  const waiting = new Map<string, Parameters<LookupFunction>[2][]>()
  return (name, options, callback) => {
    const callbacks = waiting.get(name) ?? []
    if (callbacks.push(callback) > 1) return
    waiting.set(name, callbacks)
    lookup(name, options, (...found) => {
      waiting.delete(name)
      for (const each of callbacks) each(...found)
    })
  }
}

/** Calls `onSeen` when the attempt is silent for a second, and when it ends. */
function attempt(
  { host, port }: Address,
  find: LookupFunction,
  signal: AbortSignal,
  onSeen: (seen: Seen) => void,
): void {
  const socket = createConnection({
    host,
    port,
    lookup: find,
    autoSelectFamilyAttemptTimeout: MAX_ADDRESS_MS,
  })
  let received: Buffer = Buffer.alloc(0)
  const end = (label: string, isAccepted = false) => {
    clearTimeout(silence)
    clearTimeout(limit)
    signal.removeEventListener('abort', onAbort)
    socket.destroy()
    onSeen({ isAccepted, label })
  }
  const silent = () => (socket.connecting ? 'no connection' : 'no handshake')
  const onAbort = () => {
    end(silent())
  }
  const silence = setTimeout(() => {
    onSeen({ isAccepted: false, label: silent() })
  }, SILENT_AFTER_MS)
  const limit = setTimeout(onAbort, MAX_ATTEMPT_MS)
  signal.addEventListener('abort', onAbort)
  socket.on('error', ({ code = '', message }: NodeJS.ErrnoException) => {
    end(ERRORS.get(code) ?? (code || message))
  })
  socket.on('close', () => {
    end('connection closed')
  })
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    const packet = readPacket(received)
    if (packet !== undefined) end(packet.label, packet.isAccepted)
  })
  if (signal.aborted) onAbort()
}

const ERRORS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection closed'],
  ['ETIMEDOUT', 'no connection'],
  ['ENOTFOUND', 'unknown host'],
])

/**
 * Reads the first packet of a server; undefined if it is incomplete. Source: MySQL documentation, "Protocol Basics",
 * "Protocol::HandshakeV10" and "ERR_Packet".
 */
export function readPacket(bytes: Buffer): Seen | undefined {
  if (bytes.length < 5) return undefined
  const [length, sequence, kind] = [bytes.readUIntLE(0, 3), bytes[3], bytes[4]]
  const isPacket = length > 0 && length <= MAX_PACKET_BYTES && sequence === 0
  if (!isPacket || (kind !== HANDSHAKE_V10 && kind !== ERROR)) return NOT_MYSQL
  if (bytes.length < 4 + length) return undefined
  const payload = bytes.subarray(5, 4 + length)
  if (kind === ERROR) {
    if (payload.length < 2) return NOT_MYSQL
    const message = payload.toString('utf8', 2).replace(/^#.{5}/, '')
    return { isAccepted: false, label: `error ${payload.readUInt16LE(0)}: ${message}` }
  }
  // After the version: the connection ID, eight bytes of authentication data, and a zero.
  const end = payload.indexOf(0)
  if (end < 1 || payload[end + 13] !== 0) return NOT_MYSQL
  return { isAccepted: true, label: `handshake of ${payload.toString('utf8', 0, end)}` }
}

const HANDSHAKE_V10 = 10
const ERROR = 0xff
const NOT_MYSQL: Seen = { isAccepted: false, label: 'no MySQL handshake' }
