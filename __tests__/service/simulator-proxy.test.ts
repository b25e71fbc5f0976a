import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import {
  startBrokenServer,
  startProxy,
  type BrokenBehaviour,
  type ProxyFault,
} from '../../simulator/proxy.ts'
import { referenceExample } from '../../simulator/reference-example.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { listenTo, shortPatienceMs, testTls } from './simulator-request.ts'

let open: { close: () => Promise<void> }[] = []
function opened<Server extends { close: () => Promise<void> }>(server: Server): Server {
  open.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()))
  open = []
})

/** Asks a proxy for a tunnel: its status, or how it ended without one. */
function tunnelThrough(
  url: string,
  target: string,
  patienceMs = 4_000,
): Promise<{ status: number; socket: Socket } | string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const headers = { 'proxy-authorization': 'Basic not-a-secret' }
    const asked = request({ hostname, port, method: 'CONNECT', path: target, headers, agent: false })
    const timer = setTimeout(() => {
      resolve('silence')
      asked.destroy()
    }, patienceMs)
    asked.on('connect', ({ statusCode = 0 }, socket) => {
      clearTimeout(timer)
      resolve({ status: statusCode, socket })
    })
    asked.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      resolve(error.code ?? error.message)
    })
    asked.end()
  })
}

describe('the proxy', () => {
  test('leads through a tunnel with TLS to wherever its target is, whatever name was asked for', async () => {
    const simulator = opened(await startSimulator({ tls: testTls }))
    const proxy = opened(await startProxy({ target: `127.0.0.1:${simulator.port}` }))
    const tunnel = await tunnelThrough(proxy.url, 'gaussdb.simulator.test:443')
    if (typeof tunnel === 'string') throw new Error(tunnel)
    const path = `/v3/${simulator.projectId}/jobs?id=${referenceExample.jobId}`
    const heard = await listenTo(`https://gaussdb.simulator.test${path}`, {
      headers: { 'x-auth-token': simulator.token },
      socket: tunnel.socket,
    })
    expect(heard).toMatchObject({ status: 200, body: referenceExample.body })
    expect(proxy.tunnels).toEqual([
      { target: 'gaussdb.simulator.test:443', authorization: 'Basic not-a-secret' },
    ])
  })

  test('leads to the host that was asked for when it has no target', async () => {
    const simulator = opened(await startSimulator())
    const proxy = opened(await startProxy())
    const tunnel = await tunnelThrough(proxy.url, `127.0.0.1:${simulator.port}`)
    expect(tunnel).toMatchObject({ status: 200 })
  })

  test.each<[ProxyFault, unknown]>([
    ['silent', 'silence'],
    ['reset', 'ECONNRESET'],
    ['cut', 'ECONNRESET'],
    ['garbage', 'HPE_INVALID_CONSTANT'],
    ['drip', 'silence'],
    ['407', { status: 407 }],
    ['502', { status: 502 }],
    ['silent-tunnel', { status: 200 }],
    ['cut-tunnel', { status: 200 }],
  ])('that behaves %s gives no way through', async (behave, end) => {
    const proxy = opened(await startProxy({ behave }))
    const tunnel = await tunnelThrough(
      proxy.url,
      'gaussdb.simulator.test:443',
      end === 'silence' ? shortPatienceMs : undefined,
    )
    if (typeof end === 'string') expect(tunnel).toBe(end)
    else expect(tunnel).toMatchObject(end as object)
  })
})

describe('the broken server', () => {
  test.each<[BrokenBehaviour, string, string]>([
    ['silent', 'silence', 'silence'],
    ['reset', 'ECONNRESET', 'ECONNRESET'],
    ['cut', 'ECONNRESET', 'ECONNRESET'],
    ['garbage', 'HPE_INVALID_CONSTANT', 'EPROTO'],
    ['drip', 'silence', 'silence'],
  ])('that behaves %s ends a request with %s, and a TLS handshake with %s', async (behave, end, tlsEnd) => {
    const { address } = opened(await startBrokenServer(behave))
    const patienceMs = end === 'silence' ? shortPatienceMs : undefined
    expect((await listenTo(`http://${address}/`, {}, patienceMs)).end).toBe(end)
    expect((await listenTo(`https://${address}/`, {}, patienceMs)).end).toBe(tlsEnd)
  })
})
