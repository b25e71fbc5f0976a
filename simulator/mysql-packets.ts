/**
 * The packets that a MySQL server sends first on a connection. Source: "Protocol::Packet", "Protocol::HandshakeV10", and
 * "ERR_Packet" in the MySQL source code documentation.
 */

/** The initial handshake of a server that is ready for a client's login. */
export function handshakePacket(connectionId: number, version = '8.0.22-231003'): Buffer {
  // Fixed in place of random bytes: nobody logs in here.
  const scramble = Buffer.from('NotASecretScramble20')
  return packet(
    Buffer.concat([
      Buffer.from([10]),
      nullTerminated(version),
      littleEndian(connectionId, 4),
      scramble.subarray(0, 8),
      Buffer.from([0]),
      littleEndian(CAPABILITIES & 0xffff, 2),
      Buffer.from([UTF8MB4_0900_AI_CI]),
      littleEndian(SERVER_STATUS_AUTOCOMMIT, 2),
      littleEndian(CAPABILITIES >>> 16, 2),
      Buffer.from([scramble.length + 1]),
      Buffer.alloc(10),
      nullTerminated(scramble.subarray(8).toString()),
      nullTerminated('mysql_native_password'),
    ]),
  )
}

/** An error before the handshake. It has no SQL state, because the client's capabilities are not known yet. */
export function errorPacket(code: number, message: string): Buffer {
  return packet(Buffer.concat([Buffer.from([0xff]), littleEndian(code, 2), Buffer.from(message)]))
}

/** A payload behind its header: the length in three bytes, and the sequence number 0. */
function packet(payload: Buffer): Buffer {
  return Buffer.concat([littleEndian(payload.length, 3), Buffer.from([0]), payload])
}

function littleEndian(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntLE(value, 0, bytes)
  return buffer
}

function nullTerminated(text: string): Buffer {
  return Buffer.from(`${text}\0`)
}

/** LONG_PASSWORD, FOUND_ROWS, LONG_FLAG, CONNECT_WITH_DB, PROTOCOL_41, SSL, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH. */
const CAPABILITIES =
  (1 << 0) | (1 << 1) | (1 << 2) | (1 << 3) | (1 << 9) | (1 << 11) | (1 << 13) | (1 << 15) | (1 << 19)

const UTF8MB4_0900_AI_CI = 255
const SERVER_STATUS_AUTOCOMMIT = 2
