import { createServer, type OutgoingHttpHeaders } from 'node:http'
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from '@jest/globals'
import { listen } from '../../simulator/listen.ts'
import { startBrokenServer, startProxy } from '../../simulator/proxy.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { exchange, type ExchangeResult, type HttpRequest } from '../../src/http/exchange.ts'

/**
 * One HTTP exchange over real sockets. Error codes are tested in __tests__/action, because Node.js creates its errors
 * outside the realm in which Jest runs this test.
 */

let open: { close: () => Promise<void> }[] = []
function opened<Server extends { close: () => Promise<void> }>(server: Server): Server {
  open.push(server)
  return server
}
afterEach(async () => {
  delete process.env['https_proxy']
  await Promise.all(open.map((server) => server.close()))
  open = []
})

function get(url: string, signal = new AbortController().signal): Promise<ExchangeResult> {
  const request: HttpRequest = { method: 'GET', url, headers: {}, body: '' }
  return exchange(request, signal)
}

describe('a response', () => {
  test('contains the whole body, even if it is received in thousands of chunks', async () => {
    const server = createServer((_, response) => {
      const chunks = Array.from({ length: 3_000 }, (_, index) => `${index} `)
      const write = (): void => {
        const chunk = chunks.shift()
        if (chunk === undefined) response.end()
        else response.write(chunk, () => setImmediate(write))
      }
      write()
    })
    const { address } = opened(await listen(server))
    const body = Array.from({ length: 3_000 }, (_, index) => `${index} `).join('')
    expect(await get(`http://${address}/`)).toMatchObject({ kind: 'response', status: 200, body })
  })
})

describe('a compressed response', () => {
  const MAX_BODY_BYTES = 1_048_576
  const TEXT = JSON.stringify({ job: { id: 'a', status: 'Completed', name: 'é'.repeat(1_000) } })

  /** The body that is read from a server that sends these bytes. */
  async function bodyOf(bytes: Buffer, encoding?: string) {
    let accepted: string | undefined
    const server = createServer((request, response) => {
      accepted = request.headersDistinct['accept-encoding']?.join('; ')
      const headers: OutgoingHttpHeaders = { 'content-length': bytes.length }
      if (encoding !== undefined) headers['content-encoding'] = encoding
      response.writeHead(200, headers).end(bytes)
    })
    const { address } = opened(await listen(server))
    const result = await get(`http://${address}/`)
    expect(accepted).toBe('identity')
    return result.kind === 'response' ? { body: result.body, bodyError: result.bodyError } : result
  }

  test.each<[string, string | undefined, (text: Buffer) => Buffer]>([
    ['no encoding', undefined, (text) => text],
    ['an empty encoding', '', (text) => text],
    ['identity', 'identity', (text) => text],
    ['gzip', 'gzip', (text) => gzipSync(text)],
    ['GZIP in capitals', ' GZIP', (text) => gzipSync(text)],
    ['x-gzip', 'x-gzip', (text) => gzipSync(text)],
    ['deflate', 'deflate', (text) => deflateSync(text)],
    ['deflate without the header of zlib', 'deflate', (text) => deflateRawSync(text)],
    ['deflate, stored', 'deflate', (text) => deflateSync(text, { level: 0 })],
    ['deflate without the header of zlib, stored', 'deflate', (text) => deflateRawSync(text, { level: 0 })],
    ['gzip, but no header that says so', undefined, (text) => gzipSync(text)],
    ['br', 'br', (text) => brotliCompressSync(text)],
  ])('with %s is decoded, although the request accepts no encoding', async (_name, encoding, compress) => {
    expect(await bodyOf(compress(Buffer.from(TEXT)), encoding)).toEqual({ body: TEXT, bodyError: undefined })
  })

  test.each(['gzip', 'deflate', 'br', 'zstd', 'unknown'])(
    'with %s and without a body is empty',
    async (encoding) => {
      expect(await bodyOf(Buffer.alloc(0), encoding)).toEqual({ body: '', bodyError: undefined })
    },
  )

  test.each(['zstd', 'compress', 'gzip, gzip', 'constructor'])(
    'with the encoding %j has a body error',
    async (name) => {
      expect(await bodyOf(gzipSync(TEXT), name)).toEqual({
        body: '',
        bodyError: 'has an unknown content encoding',
      })
    },
  )

  const damaged = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -12), Buffer.alloc(12)])
  test.each([
    ['gzip', 'damaged', damaged(gzipSync(TEXT))],
    ['gzip', 'cut', gzipSync(TEXT).subarray(0, -1)],
    ['gzip', 'not compressed', Buffer.from(TEXT)],
    ['deflate', 'damaged', damaged(deflateSync(TEXT))],
    ['deflate', 'not compressed', Buffer.from(TEXT)],
    ['br', 'cut', brotliCompressSync(TEXT).subarray(0, -1)],
    ['br', 'not compressed', Buffer.from(TEXT)],
  ])('with %s that is %s has a body error', async (encoding, _how, bytes) => {
    expect(await bodyOf(bytes, encoding)).toEqual({ body: '', bodyError: `is not valid ${encoding}` })
  })

  test.each<[string, (text: Buffer) => Buffer]>([
    ['gzip', (text) => gzipSync(text)],
    ['deflate', (text) => deflateSync(text)],
    // By default, Brotli takes seconds for 100 MiB.
    ['br', (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ])('with %s may have up to 1 MiB after decoding', async (encoding, compress) => {
    const largest = Buffer.alloc(MAX_BODY_BYTES, 'x')
    expect(await bodyOf(compress(largest), encoding)).toEqual({
      body: largest.toString(),
      bodyError: undefined,
    })
    for (const size of [MAX_BODY_BYTES + 1, 100 * MAX_BODY_BYTES]) {
      const bomb = compress(Buffer.alloc(size, 'x'))
      expect(await bodyOf(bomb, encoding)).toEqual({ body: '', bodyError: 'is larger than 1 MiB' })
    }
  })

  test('whose text is not UTF-8 has a body error', async () => {
    const { bodyError } = { bodyError: undefined, ...(await bodyOf(gzipSync(Buffer.from([0xff])), 'gzip')) }
    expect(bodyError).toBe('is not UTF-8')
  })
})

describe('there is no response', () => {
  test('if the signal has aborted before, and no connection is opened', async () => {
    const simulator = opened(await startSimulator())
    expect(await get(simulator.endpoint, AbortSignal.abort())).toMatchObject({
      kind: 'no-response',
      reason: 'aborted',
      phase: 'connect',
      code: undefined,
    })
    expect(simulator.requests).toEqual([])
  })

  test('if the signal aborts while the server is silent', async () => {
    const { port } = opened(await startBrokenServer('silent'))
    expect(await get(`http://127.0.0.1:${port}/`, AbortSignal.timeout(200))).toMatchObject({
      kind: 'no-response',
      reason: 'aborted',
      phase: 'headers',
    })
  })

  test.each([
    ['407', 407],
    ['502', 502],
  ] as const)('if the proxy refuses the connection with %s', async (behavior, proxyStatus) => {
    process.env['https_proxy'] = opened(await startProxy({ behavior })).url
    expect(await get('https://gaussdb.simulator.test/')).toMatchObject({
      kind: 'no-response',
      reason: 'network',
      phase: 'proxy',
      proxyStatus,
    })
  })

  test('if the signal aborts while the proxy is silent', async () => {
    process.env['https_proxy'] = opened(await startProxy({ behavior: 'silent' })).url
    expect(await get('https://gaussdb.simulator.test/', AbortSignal.timeout(200))).toMatchObject({
      kind: 'no-response',
      reason: 'aborted',
      phase: 'proxy',
      proxyStatus: undefined,
    })
  })
})
