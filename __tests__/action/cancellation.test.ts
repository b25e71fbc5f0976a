import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runStep, type Step, type StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { withCode } from './preload.ts'

/** The built action when the runner cancels it: with SIGINT, 7.5 s later SIGTERM, and 2.5 s after that SIGKILL. */

let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(async () => {
  await simulator.close()
})

interface Canceled extends StepResult {
  /** From the first signal to the end of the process. */
  readonly shutdownMs: number
}

/** Sends the signals, 100 ms apart, as soon as a line of the log matches. */
async function cancel(
  jobId: string,
  signals: readonly NodeJS.Signals[],
  pattern: RegExp,
  more: Partial<Step> = {},
): Promise<Canceled> {
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
      if (since !== undefined || !pattern.test(line)) return
      since = performance.now()
      for (const [index, signal] of signals.entries()) setTimeout(() => child?.kill(signal), 50 + index * 100)
    },
  })
  if (since === undefined) throw new Error(`no line matches ${pattern}:\n${result.log}`)
  return { ...result, shutdownMs: performance.now() - since }
}

function expectShutdown({ exitCode, log, shutdownMs, outputs, summary }: Canceled, jobId: string): void {
  expect(exitCode).toBe(1)
  expect(shutdownMs).toBeLessThan(2_000)
  expect(outputs).toMatchObject({ result: 'interrupted', 'job-id': jobId })
  const annotations = log.split('\n').filter((line) => line.startsWith('::error'))
  expect(annotations).toEqual([
    expect.stringMatching(
      `Job ${jobId} .*still running in the cloud\\. To resume waiting, run a step with the same job-id\\.`,
    ),
  ])
  expect(summary).toContain('The wait was interrupted')
}

const running = () => simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 1_000_000 })

const SIGNALS: readonly (readonly NodeJS.Signals[])[] = [
  ['SIGINT'],
  ['SIGTERM'],
  ['SIGINT', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
]

describe.each(SIGNALS.map((signals) => ({ name: signals.join(', then '), signals })))(
  '$name',
  ({ signals }) => {
    test('between two polls, interrupts the wait within two seconds', async () => {
      const id = running()
      const result = await cancel(id, signals, /Running/)
      expectShutdown(result, id)
      expect(result.outputs['status']).toBe('Running')
    })

    test('during a request that stalls, interrupts the wait within two seconds', async () => {
      const id = running()
      simulator.injectFault('stall-in-body', { jobId: id, times: 'always' })
      expectShutdown(await cancel(id, signals, /Waiting up to/), id)
    })

    test('while the report of a failed job is written, ends the step within two seconds', async () => {
      const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0, outcome: 'Failed' })
      const result = await cancel(id, signals, /^::error/, SLOW_DISK)
      expect(result.exitCode).toBe(1)
      expect(result.shutdownMs).toBeLessThan(2_000)
      expect(result.outputs['result']).toBe('failed')
      expect(result.summary).toContain('The job failed')
    })

    test('while the report of a completed job is written, fails the step within two seconds', async () => {
      const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
      const result = await cancel(id, signals, /100% {2}Completed/, SLOW_DISK)
      expect(result.exitCode).toBe(1)
      expect(result.shutdownMs).toBeLessThan(2_000)
      expect(result.outputs['result']).toBe('completed')
      expect(result.summary).toContain('The job completed')
    })
  },
)

test('SIGINT before the first request interrupts the wait', async () => {
  const id = running()
  expectShutdown(await cancel(id, ['SIGINT'], /add-mask/), id)
})

/** Writing the summary takes one second. */
const SLOW_DISK: Partial<Step> = {
  env: withCode(`
    import fs from 'node:fs'
    const { open } = fs.promises
    fs.promises.open = async (path, ...rest) => {
      const ms = path === process.env.GITHUB_STEP_SUMMARY ? 1_000 : 0
      await new Promise((resolve) => setTimeout(resolve, ms))
      return open(path, ...rest)
    }
  `),
}

test('SIGINT interrupts the waits for all of several jobs', async () => {
  const ids = [running(), running(), running()]
  const { outputs } = await cancel(ids.join(), ['SIGINT'], /Running/)
  const jobs = JSON.parse(outputs['jobs'] ?? '') as { result: string }[]
  expect(jobs.map(({ result }) => result)).toEqual(['interrupted', 'interrupted', 'interrupted'])
})

// process.exit waits for a thread that is blocked in DNS. A FIFO without a writer blocks a thread in the same way.
if (process.platform !== 'win32') {
  test('a blocked thread does not keep a failed step from ending', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'blocked-'))
    execFileSync('mkfifo', [`${folder}/fifo`])
    const id = running()
    const result = await cancel(id, ['SIGINT'], /Running/, {
      env: withCode(`import fs from 'node:fs'; fs.open('${folder}/fifo', () => {})`),
    })
    rmSync(folder, { recursive: true })
    expect(result.shutdownMs).toBeLessThan(2_000)
    expect(result.exitCode).not.toBe(0)
    expect(result.outputs['result']).toBe('interrupted')
  })
}
