import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import { runStep, type StepResult } from '../../simulator/runner.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { exhaustConnections, firstHandshake, prepareServer, SERVER, type DatabaseServer } from './server.ts'

/** The built action waits for a real database server. Only the jobs API is simulated, and only time is faster. */

const SPEED = 20

/** The instance must be ACTIVE for 60 s before the action connects; after 120 s, it has tried several times. */
const UNTIL_CONNECTING_MS = 120_000 / SPEED

/** In real time: the interval between two attempts, and the end of the process. */
const MAX_DELAY_MS = 2_000

let closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

async function prepare(options?: readonly string[]): Promise<DatabaseServer> {
  const server = await prepareServer(options)
  closing.push(server.close)
  return server
}

interface RunningStep {
  readonly result: Promise<StepResult>
  /** When the step ended, on the clock of `performance.now()`; undefined while it is running. */
  readonly endedAt: () => number | undefined
}

/** Starts a step that waits for a job that has just completed, and then for this port. */
async function startStep(port: number): Promise<RunningStep> {
  const simulator = await startSimulator({ speed: SPEED })
  closing.push(simulator.close)
  const jobId = simulator.addJob({
    notFoundMs: 0,
    pendingMs: 0,
    runningMs: 0,
    instanceBehavior: { backupMs: 0 },
  })
  const { endpoint, projectId, token } = simulator
  let child: ChildProcess | undefined
  let endedAt: number | undefined
  const result = runStep({
    with: {
      endpoint,
      'project-id': projectId,
      token,
      'job-id': jobId,
      'wait-until': 'connectable',
      'connect-to': `127.0.0.1:${port}`,
    },
    speed: SPEED,
    onStart: (started) => {
      child = started
    },
  }).finally(() => {
    endedAt = performance.now()
  })
  closing.unshift(async () => {
    child?.kill('SIGKILL')
    await result
  })
  return { result, endedAt: () => endedAt }
}

const describeWithServer = SERVER === undefined ? describe.skip : describe

describeWithServer('with a real database server, a step', () => {
  test('that started before the server succeeds as soon as the server accepts connections', async () => {
    const server = await prepare()
    const step = await startStep(server.port)
    await sleep(UNTIL_CONNECTING_MS)
    expect(step.endedAt()).toBeUndefined()
    server.start()
    const connectable = await firstHandshake(server.port)
    const { exitCode, outputs } = await step.result
    expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 0, result: 'completed' })
    expect(step.endedAt()).toBeGreaterThan(connectable)
    expect(step.endedAt()).toBeLessThan(connectable + MAX_DELAY_MS)
  })

  test('succeeds at once if the server accepts connections, and receives only one handshake', async () => {
    const server = await prepare()
    server.start()
    await firstHandshake(server.port)
    const step = await startStep(server.port)
    await sleep(45_000 / SPEED)
    expect(step.endedAt()).toBeUndefined()
    expect((await step.result).exitCode).toBe(0)
    // The server counts a handshake without a login as an error, and blocks a client after 100 of them.
    const withoutLogin = server.log().match(/Aborted connection .*unauthenticated/g) ?? []
    const own = 1
    expect(withoutLogin).toHaveLength(own + 1)
  })

  test('waits while the server has too many connections', async () => {
    // This many connections, and one more for an administrator.
    const server = await prepare(['--max-connections=10', '--connect-timeout=600'])
    server.start()
    await firstHandshake(server.port)
    const sockets = await exhaustConnections(server.port)
    const refusals = (): number => server.log().match(/Too many connections/g)?.length ?? 0
    const own = refusals()
    const step = await startStep(server.port)
    await sleep(UNTIL_CONNECTING_MS)
    expect(step.endedAt()).toBeUndefined()
    expect(refusals()).toBeGreaterThan(own)
    for (const socket of sockets) socket.destroy()
    const connectable = await firstHandshake(server.port)
    expect((await step.result).exitCode).toBe(0)
    expect(step.endedAt()).toBeGreaterThan(connectable)
    expect(step.endedAt()).toBeLessThan(connectable + MAX_DELAY_MS)
  })
})
