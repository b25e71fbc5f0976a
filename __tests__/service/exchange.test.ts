import { createServer } from 'node:http'
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

describe('there is no response', () => {
  test('if the signal has aborted before, and no connection is opened', async () => {
    const simulator = opened(await startSimulator())
    expect(await get(simulator.endpoint, AbortSignal.abort())).toMatchObject({
      kind: 'no-response',
      reason: 'aborted',
      phase: 'connect',
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
