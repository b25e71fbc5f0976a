import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { startDatabase } from '../../simulator/database.ts'
import { runStep } from '../../simulator/runner.ts'
import { startSimulator } from '../../simulator/simulator.ts'

const PRELOAD = new URL('../../simulator/fast-time.ts', import.meta.url).href

/** Runs code in a process whose time is 20 times as fast, and returns what it prints as JSON. */
async function run(code: string, speed = '20'): Promise<unknown> {
  const options = ['--import', PRELOAD, '--input-type=module', '--eval', code]
  const env = { ...process.env, FAST_TIME: speed, NODE_OPTIONS: '' }
  const { stdout } = await promisify(execFile)(process.execPath, options, { env })
  return JSON.parse(stdout)
}

/** `hrtime` is the only clock that stays real. */
const MEASURE = `
import { performance as imported } from 'node:perf_hooks'
import * as timers from 'node:timers'
import { scheduler, setInterval as ticks, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
const clocks = {
  performance: () => performance.now(),
  imported: () => imported.now(),
  now: () => Date.now(),
  date: () => new Date().getTime(),
  text: () => Date.parse(Date()),
}
const real = () => Number(process.hrtime.bigint()) / 1e6
async function measure(wait) {
  const before = Object.values(clocks).map((clock) => clock())
  const start = real()
  await wait()
  const ms = real() - start
  const times = Object.values(clocks).map((clock, index) => clock() - before[index])
  return { ms, ...Object.fromEntries(Object.keys(clocks).map((name, index) => [name, times[index]])) }
}
`

const WAITS: Record<string, string> = {
  setTimeout: '() => new Promise((resolve) => setTimeout(resolve, 4_000))',
  'setTimeout of node:timers': '() => new Promise((resolve) => timers.setTimeout(resolve, 4_000))',
  'setTimeout of node:timers/promises': '() => sleep(4_000)',
  'setTimeout, promisified': '() => promisify(setTimeout)(4_000)',
  setInterval: `() => new Promise((resolve) => {
    let times = 0
    const timer = setInterval(() => {
      times += 1
      if (times < 4) return
      clearInterval(timer)
      resolve()
    }, 1_000)
  })`,
  'setInterval of node:timers': `() => new Promise((resolve) => {
    const timer = timers.setInterval(() => {
      timers.clearInterval(timer)
      resolve()
    }, 4_000)
  })`,
  'setInterval of node:timers/promises': `async () => {
    for await (const _ of ticks(4_000)) break
  }`,
  'scheduler.wait': '() => scheduler.wait(4_000)',
  'AbortSignal.timeout': `() => new Promise((resolve) => {
    // A timer of AbortSignal does not keep the process running.
    const timer = setTimeout(() => undefined, 60_000)
    AbortSignal.timeout(4_000).onabort = () => {
      clearTimeout(timer)
      resolve()
    }
  })`,
}

test.each(Object.entries(WAITS))('%s and all clocks run 20 times as fast', async (_, wait) => {
  const code = `${MEASURE}console.log(JSON.stringify(await measure(${wait})))`
  const { ms = 0, text = 0, ...times } = (await run(code)) as Record<string, number>
  expect(ms).toBeGreaterThanOrEqual(195)
  expect(ms).toBeLessThan(2_000)
  for (const time of Object.values(times)) expect(Math.abs(time - ms * 20)).toBeLessThan(1_000)
  // This one has whole seconds.
  expect(Math.abs(text - ms * 20)).toBeLessThan(2_000)
  expect(Object.keys(times)).toEqual(['performance', 'imported', 'now', 'date'])
})

test('timers keep their arguments, their signal, and a missing delay', async () => {
  const code = `
    import { setTimeout as sleep } from 'node:timers/promises'
    const controller = new AbortController()
    const aborted = sleep(60_000, 'value', { signal: controller.signal }).catch(({ name }) => name)
    controller.abort()
    const values = await Promise.all([
      new Promise((resolve) => setTimeout(resolve, 10, 'argument')),
      new Promise((resolve) => setTimeout(resolve)),
      sleep(10, 'value'),
      sleep(),
      aborted,
    ])
    console.log(JSON.stringify(values))`
  expect(await run(code)).toEqual(['argument', null, 'value', null, 'AbortError'])
})

test('dates stay dates', async () => {
  const code = `
    const then = new Date('2026-01-01T00:00:00Z')
    console.log(JSON.stringify([
      new Date() instanceof Date,
      structuredClone(then) instanceof Date,
      then,
      new Date(2026, 0).getMonth(),
      Date.UTC(2026, 0),
      typeof Date(),
      Date.name,
    ]))`
  const then = '2026-01-01T00:00:00.000Z'
  expect(await run(code)).toEqual([true, true, then, 0, Date.parse(then), 'string', 'Date'])
})

test('the clocks start at the real time', async () => {
  const [date, performanceNow] = (await run(
    'console.log(JSON.stringify([Date.now(), performance.now()]))',
  )) as [number, number]
  // The process started only a moment ago, even if that moment is 20 times as long.
  expect(Math.abs(date - Date.now())).toBeLessThan(60_000)
  expect(performanceNow).toBeLessThan(60_000)
})

test('network connections stay real', async () => {
  const database = await startDatabase({ behavior: 'late-handshake' })
  try {
    const code = `
      import { connect } from 'node:net'
      import { once } from 'node:events'
      const start = process.hrtime.bigint()
      const socket = connect(${database.port}, '127.0.0.1')
      await once(socket, 'data')
      socket.destroy()
      console.log(Number(process.hrtime.bigint() - start) / 1e6)`
    expect(await run(code)).toBeGreaterThan(1_900)
  } finally {
    await database.close()
  }
})

test.each(['', 'fast', '0'])('FAST_TIME=%j is rejected', async (speed) => {
  await expect(run('', speed)).rejects.toThrow('FAST_TIME must be a number above 0')
})

test('a step can run faster, together with the simulator and with a preload of its own', async () => {
  const simulator = await startSimulator({ speed: 50 })
  const jobId = simulator.addJob({ notFoundMs: 0, runningMs: 100_000 })
  const { endpoint, projectId, token } = simulator
  const result = await runStep({
    with: { endpoint, 'project-id': projectId, token, 'job-id': jobId, 'poll-interval': '10s' },
    env: { NODE_OPTIONS: '--import=data:text/javascript,console.log(%22preloaded%22)' },
    speed: 50,
  })
  await simulator.close()
  expect(result).toMatchObject({ exitCode: 0, outputs: { result: 'completed' } })
  expect(result.log).toContain('preloaded')
  // With the real time, the second request would come 500 simulated seconds after the first one.
  expect(simulator.requests.length).toBeGreaterThan(5)
  expect(simulator.requests.at(-1)?.elapsedMs).toBeGreaterThan(100_000)
})
