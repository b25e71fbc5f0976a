import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { startBrokenServer, startProxy, type BrokenBehavior, type ProxyFault } from '../../simulator/proxy.ts'
import { referenceExample } from '../../simulator/reference-example.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { httpGet, SHORT_IDLE_TIMEOUT_MS, testTls } from './simulator-request.ts'

let open: { close: () => Promise<void> }[] = []
function opened<Server extends { close: () => Promise<void> }>(server: Server): Server {
  open.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()))
  open = []
})

/** Requests a tunnel from a proxy. Resolves with the status, or with how the request ended without one. */
function tunnelThrough(
  url: string,
  target: string,
  idleTimeoutMs = 4_000,
): Promise<{ status: number; socket: Socket } | string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const headers = { 'proxy-authorization': 'Basic not-a-secret' }
    const connecting = request({ hostname, port, method: 'CONNECT', path: target, headers, agent: false })
    const timer = setTimeout(() => {
      resolve('idle timeout')
      connecting.destroy()
    }, idleTimeoutMs)
    connecting.on('connect', ({ statusCode = 0 }, socket) => {
      clearTimeout(timer)
      resolve({ status: statusCode, socket })
    })
    connecting.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      resolve(error.code ?? error.message)
    })
    connecting.end()
  })
}

describe('the proxy', () => {
  test('connects a tunnel with TLS to its target, whatever host the client requests', async () => {
    const simulator = opened(await startSimulator({ tls: testTls }))
    const proxy = opened(await startProxy({ target: `127.0.0.1:${simulator.port}` }))
    const tunnel = await tunnelThrough(proxy.url, 'gaussdb.simulator.test:443')
    if (typeof tunnel === 'string') throw new Error(tunnel)
    const path = `/v3/${simulator.projectId}/jobs?id=${referenceExample.jobId}`
    const response = await httpGet(`https://gaussdb.simulator.test${path}`, {
      headers: { 'x-auth-token': simulator.token },
      socket: tunnel.socket,
    })
    expect(response).toMatchObject({ status: 200, body: referenceExample.body })
    expect(proxy.tunnels).toEqual([
      { target: 'gaussdb.simulator.test:443', authorization: 'Basic not-a-secret' },
    ])
  })

  test('connects to the requested host when it has no target', async () => {
    const simulator = opened(await startSimulator())
    const proxy = opened(await startProxy())
    const tunnel = await tunnelThrough(proxy.url, `127.0.0.1:${simulator.port}`)
    expect(tunnel).toMatchObject({ status: 200 })
  })

  test.each<[ProxyFault, unknown]>([
    ['silent', 'idle timeout'],
    ['reset', 'ECONNRESET'],
    ['cut', 'ECONNRESET'],
    ['garbage', 'HPE_INVALID_CONSTANT'],
    ['drip', 'idle timeout'],
    ['407', { status: 407 }],
    ['502', { status: 502 }],
    ['silent-tunnel', { status: 200 }],
    ['cut-tunnel', { status: 200 }],
  ])('with the fault %s opens no usable tunnel', async (behavior, end) => {
    const proxy = opened(await startProxy({ behavior }))
    const tunnel = await tunnelThrough(
      proxy.url,
      'gaussdb.simulator.test:443',
      end === 'idle timeout' ? SHORT_IDLE_TIMEOUT_MS : undefined,
    )
    if (typeof end === 'string') expect(tunnel).toBe(end)
    else expect(tunnel).toMatchObject(end as object)
  })
})

describe('the broken server', () => {
  test.each<[BrokenBehavior, string, string]>([
    ['silent', 'idle timeout', 'idle timeout'],
    ['reset', 'ECONNRESET', 'ECONNRESET'],
    ['cut', 'ECONNRESET', 'ECONNRESET'],
    ['garbage', 'HPE_INVALID_CONSTANT', 'EPROTO'],
    ['drip', 'idle timeout', 'idle timeout'],
  ])(
    'with the fault %s ends a request with %s, and a TLS handshake with %s',
    async (behavior, end, tlsEnd) => {
      const { address } = opened(await startBrokenServer(behavior))
      const idleTimeoutMs = end === 'idle timeout' ? SHORT_IDLE_TIMEOUT_MS : undefined
      expect((await httpGet(`http://${address}/`, {}, idleTimeoutMs)).end).toBe(end)
      expect((await httpGet(`https://${address}/`, {}, idleTimeoutMs)).end).toBe(tlsEnd)
    },
  )
})
