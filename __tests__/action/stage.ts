import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Listening } from '../../simulator/listen.ts'
import { startBrokenServer, startProxy } from '../../simulator/proxy.ts'
import { startRelay } from '../../simulator/relay.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import type { FaultCase } from './faults.ts'

const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls')
const tls = certificateOf('server')

/** Makes a process trust the test's certificate authority. */
export const TRUST = { NODE_EXTRA_CA_CERTS: join(TLS, 'ca.crt') }

/** A host name in the test's certificate that is reachable only through a proxy. */
export const BEHIND_PROXY = 'https://gaussdb.simulator.test'

function certificateOf(name: string) {
  return {
    key: readFileSync(join(TLS, `${name}.key`), 'utf8'),
    cert: readFileSync(join(TLS, `${name}.crt`), 'utf8'),
  }
}

/** The jobs API over TLS, with a certificate of the test's authority. */
export function startTlsSimulator(): Promise<Simulator> {
  return startSimulator({ tls })
}

/** What a step needs to reach the jobs API, or the fault in front of it. */
export interface Stage {
  readonly endpoint: string
  readonly env: Readonly<Record<string, string>>
  readonly simulator: Simulator
  readonly close: () => Promise<void>
}

/**
 * Sets up a fault that happens once or every time; behind it is the simulator.
 *
 * @param speed seconds that pass for the action in one real second
 */
export async function setUp({ over, cause }: FaultCase, times: 'once' | 'always', speed = 1): Promise<Stage> {
  const isPlain = over === 'http' || over === 'connect'
  const simulator = await (isPlain ? startSimulator() : startTlsSimulator())
  const closing = [simulator.close]
  const stage = (endpoint: string, env: Record<string, string> = TRUST): Stage => ({
    endpoint,
    env,
    simulator,
    close: async () => {
      await Promise.all(closing.map((close) => close()))
    },
  })
  /** Returns a port that forwards to the fault, only once or every time. */
  const forwardTo = async (fault: Listening | { port: number; close: () => Promise<void> }, then: number) => {
    closing.push(fault.close)
    if (times === 'always') return fault.port
    const relay = await startRelay({ first: fault.port, then })
    closing.push(relay.close)
    return relay.port
  }
  const throughProxy = (port: number) =>
    stage(BEHIND_PROXY, { ...TRUST, https_proxy: `http://127.0.0.1:${port}` })
  const workingProxy = async () => {
    const proxy = await startProxy({ target: `127.0.0.1:${simulator.port}` })
    closing.push(proxy.close)
    return portOf(proxy.url)
  }

  switch (cause.kind) {
    case 'response':
      simulator.injectFault(cause.fault, { times: times === 'once' ? 1 : 'always' })
      return stage(simulator.endpoint)
    case 'refused':
      return stage(`http://127.0.0.1:${await forwardTo(await closedPort(), simulator.port)}`)
    case 'black hole': {
      const hole = await startBlackHole(simulator.port, times === 'once' ? 31_000 / speed : undefined)
      closing.push(hole.close)
      return stage(`http://127.0.0.1:${hole.port}`)
    }
    case 'unknown host':
      // A DNS label has at most 63 characters, so the lookup fails without a name server.
      return stage(`https://${'a'.repeat(64)}.invalid`)
    case 'broken':
      return stage(
        `https://127.0.0.1:${await forwardTo(await startBrokenServer(cause.behavior), simulator.port)}`,
      )
    case 'untrusted certificate':
      return stage(simulator.endpoint, {})
    case 'weak certificate': {
      // OpenSSL's default security level does not let a server use such a key.
      const weak = await startSimulator({ tls: { ...certificateOf('weak'), ciphers: 'DEFAULT@SECLEVEL=1' } })
      closing.push(weak.close)
      return stage(weak.endpoint, { NODE_EXTRA_CA_CERTS: join(TLS, 'weak.crt') })
    }
    case 'untrusted proxy':
      return stage(BEHIND_PROXY, { https_proxy: simulator.endpoint })
    case 'wrong host':
      return { ...throughProxy(await workingProxy()), endpoint: 'https://gaussdb.other.test' }
    case 'no proxy':
      return throughProxy(await forwardTo(await closedPort(), await workingProxy()))
    case 'proxy': {
      const proxy = await startProxy({ behavior: cause.behavior, target: `127.0.0.1:${simulator.port}` })
      return throughProxy(
        await forwardTo({ port: portOf(proxy.url), close: proxy.close }, await workingProxy()),
      )
    }
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}

/** A port on which no server listens. */
async function closedPort() {
  const server = await startBrokenServer()
  await server.close()
  return { port: server.port, close: () => Promise.resolve() }
}

/**
 * A port that neither accepts nor refuses connections, because the kernel drops them while the backlog is full. Its
 * process is stopped until it receives SIGCONT, for example after 31 s, when a request has timed out. Then it forwards
 * connections to the target port.
 */
export async function startBlackHole(target: number, resumeAfterMs?: number) {
  const code = `
    const { connect, createServer } = require('node:net')
    const server = createServer((client) => {
      const upstream = connect(${target}, '127.0.0.1')
      for (const socket of [client, upstream]) socket.on('error', () => undefined)
      client.pipe(upstream).pipe(client)
    })
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line)
  child.kill('SIGSTOP')
  const filling = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
  const timer = setTimeout(() => child.kill('SIGCONT'), resumeAfterMs ?? 2 ** 31 - 1)
  return {
    port,
    pid: child.pid ?? 0,
    close: async () => {
      clearTimeout(timer)
      for (const socket of filling) socket.destroy()
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}
