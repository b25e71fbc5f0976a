import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, type ZlibOptions } from 'node:zlib'

/** Also after decoding, so that a small body can't expand without limit. */
const MAX_BODY_BYTES = 1_048_576
/** Chunks of a body are merged beyond this number: received byte by byte, they would take a hundred times its size. */
const MAX_CHUNKS = 1_000

export interface Body {
  /** Decoded as UTF-8. */
  readonly body: string
  /** Why the body cannot be used, as a clause: `is larger than 1 MiB`. */
  readonly bodyError: string | undefined
}

/** Reads and decodes the body of a response. Rejects if the connection is lost. */
export async function readBody(message: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return TOO_LARGE
    chunks.push(chunk)
    if (chunks.length > MAX_CHUNKS) chunks.splice(0, chunks.length, Buffer.concat(chunks))
  }
  return decode(Buffer.concat(chunks), message.headers['content-encoding'] ?? '')
}

/** No request accepts an encoding, but some gateways compress all the same, even without saying so. */
function decode(bytes: Buffer, encoding: string): Body {
  const given = encoding.trim().toLowerCase() || 'identity'
  const name = given === 'identity' && bytes.indexOf(GZIP) === 0 ? 'gzip' : given
  if (name === 'identity' || bytes.length === 0) return textOf(bytes)
  const decoder = DECODERS.get(name)
  if (decoder === undefined) return { body: '', bodyError: 'has an unknown content encoding' }
  try {
    return textOf(decoder(bytes, { maxOutputLength: MAX_BODY_BYTES }))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ERR_BUFFER_TOO_LARGE' ? TOO_LARGE : { body: '', bodyError: `is not valid ${name}` }
  }
}

const TOO_LARGE: Body = { body: '', bodyError: 'is larger than 1 MiB' }

/** The beginning of everything that gzip compressed. Source: RFC 1952, section 2.3.1. */
const GZIP = Buffer.from([0x1f, 0x8b])

const DECODERS: ReadonlyMap<string, typeof inflate> = new Map([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['deflate', inflate],
])

/** Some servers leave out the header of zlib, whose first byte ends with 8. Source: RFC 9110, section 8.4.1.2. */
function inflate(bytes: Buffer, options: ZlibOptions): Buffer {
  return ((bytes[0] ?? 0) % 16 === 8 ? inflateSync : inflateRawSync)(bytes, options)
}

function textOf(bytes: Buffer): Body {
  return { body: new TextDecoder().decode(bytes), bodyError: isUtf8(bytes) ? undefined : 'is not UTF-8' }
}
