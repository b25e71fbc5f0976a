import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runStep, type Step, type StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { withCode } from './preload.ts'

/** The built action, as the runner cancels it: SIGINT, after 7.5 s SIGTERM, after 2.5 s it kills. */

let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(async () => {
  await simulator.close()
})

interface Cancelled extends StepResult {
  /** Milliseconds from the first signal to the end. */
  readonly farewell: number
}

/** Sends the signals, 100 ms apart, as soon as a line of the log fits. */
async function cancel(
  jobId: string,
  signals: readonly NodeJS.Signals[],
  when: RegExp,
  more: Partial<Step> = {},
): Promise<Cancelled> {
  let child: ChildProcess | undefined
  let since: number | undefined
  const result = await runStep({
    with: {
      endpoint: simulator.endpoint,
      'project-id': simulator.projectId,
      token: simulator.token,
      'job-id': jobId,
      'poll-interval': '1s',
    },
    ...more,
    onStart: (started) => {
      child = started
    },
    onLine: (line) => {
      if (since !== undefined || !when.test(line)) return
      since = performance.now()
      for (const [index, signal] of signals.entries()) setTimeout(() => child?.kill(signal), 50 + index * 100)
    },
  })
  if (since === undefined) throw new Error(`no line fits ${when}:\n${result.log}`)
  return { ...result, farewell: performance.now() - since }
}

function expectFarewell({ exitCode, log, farewell, outputs, summary }: Cancelled, jobId: string): void {
  expect(exitCode).toBe(1)
  expect(farewell).toBeLessThan(2_000)
  expect(outputs).toMatchObject({ result: 'interrupted', 'job-id': jobId })
  const annotations = log.split('\n').filter((line) => line.startsWith('::error'))
  expect(annotations).toEqual([
    expect.stringContaining(
      `goes on in the cloud. To wait for it again, run a step with the same job-id: ${jobId}`,
    ),
  ])
  expect(summary).toContain('The wait was interrupted')
}

const running = () => simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 1_000_000 })

const ORDERS: readonly (readonly NodeJS.Signals[])[] = [
  ['SIGINT'],
  ['SIGTERM'],
  ['SIGINT', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
]

describe.each(ORDERS.map((signals) => ({ name: signals.join(', then '), signals })))(
  '$name',
  ({ signals }) => {
    test('during a pause', async () => {
      const id = running()
      const result = await cancel(id, signals, /Running/)
      expectFarewell(result, id)
      expect(result.outputs['status']).toBe('Running')
    })

    test('during an exchange that stalls', async () => {
      const id = running()
      simulator.misbehave('stall-in-body', { jobId: id, times: 'for ever' })
      expectFarewell(await cancel(id, signals, /Waiting for/), id)
    })

    test('during the final writing of a red step', async () => {
      const id = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0, outcome: 'Failed' })
      const result = await cancel(id, signals, /^::error/, SLOW_DISK)
      expect(result.exitCode).toBe(1)
      expect(result.farewell).toBeLessThan(2_000)
      expect(result.outputs['result']).toBe('failed')
      expect(result.summary).toContain('The job failed')
    })

    test('during the final writing of a step that would have been green', async () => {
      const id = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0 })
      const result = await cancel(id, signals, /100% {2}Completed/, SLOW_DISK)
      expect(result.exitCode).toBe(1)
      expect(result.farewell).toBeLessThan(2_000)
      expect(result.outputs['result']).toBe('completed')
      expect(result.summary).toContain('The job completed')
    })
  },
)

test('before anything was asked', async () => {
  const id = running()
  expectFarewell(await cancel(id, ['SIGINT'], /add-mask/), id)
})

/** The summary takes a second to be written. */
const SLOW_DISK: Partial<Step> = {
  env: withCode(`
    import fs from 'node:fs'
    const { appendFile } = fs.promises
    fs.promises.appendFile = (...all) => new Promise((resolve) => setTimeout(resolve, 1_000)).then(() => appendFile(...all))
  `),
}

test('several jobs all end as interrupted', async () => {
  const ids = [running(), running(), running()]
  const { outputs } = await cancel(ids.join(), ['SIGINT'], /Running/)
  const jobs = JSON.parse(outputs['jobs'] ?? '') as { result: string }[]
  expect(jobs.map(({ result }) => result)).toEqual(['interrupted', 'interrupted', 'interrupted'])
})

// A thread that is stuck in the name service can't be ended, and Node's exit waits for it; a FIFO without a writer
// is as good a place to be stuck in.
if (process.platform !== 'win32') {
  test('a thread that is stuck does not keep a red step from ending', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stuck-'))
    execFileSync('mkfifo', [`${folder}/fifo`])
    const id = running()
    const result = await cancel(id, ['SIGINT'], /Running/, {
      env: withCode(`import fs from 'node:fs'; fs.open('${folder}/fifo', () => {})`),
    })
    rmSync(folder, { recursive: true })
    expect(result.farewell).toBeLessThan(2_000)
    expect(result.exitCode).not.toBe(0)
    expect(result.outputs['result']).toBe('interrupted')
  })
}
