import { describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runStep, type StepResult } from '../../simulator/runner.ts'
import { FAULTS, type FaultCase } from './faults.ts'
import { withCode } from './preload.ts'
import { setUp } from './stage.ts'

/** Every fault of faults.ts, with the built action as a runner starts it. */

/** How much faster the action's clock runs: its limit of 30 s per exchange takes five. */
const SPEED = { once: 6, always: 1.5 }
/** Concurrent processes, so that two cores are enough. */
const MAX_PROCESSES = 6
/** After this time, a process that waits for a limit sleeps most of the time. */
const STARTUP_MS = 1_500

/**
 * So long after its timeout, a process hangs: on a busy machine, starting it can take seconds. Together with the timeout, it
 * is less than the 20 s that the limit per exchange takes, so that a timeout that does not end a request is noticed.
 */
const HANG_MS = 12_000

type Times = 'once' | 'always'

interface Run extends StepResult {
  /** Real milliseconds. */
  readonly timeout: number
  /** Peak resident memory, bytes. */
  readonly memory: number
}

async function run(fault: FaultCase, times: Times): Promise<Run> {
  // The final poll has a tenth of a short timeout, which must be enough for a response on a busy machine.
  const timeout = times === 'once' ? 60 : fault.forEver === 'error' ? 20 : 10
  const speed = SPEED[times]
  const folder = mkdtempSync(join(tmpdir(), 'fault-'))
  const memoryFile = join(folder, 'memory')
  // On Linux, maxRSS begins with the memory of the process that started this one; VmHWM does not.
  const atExit = `process.on('exit', () => {
    const { existsSync, readFileSync, writeFileSync } = process.getBuiltinModule('fs')
    const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : ''
    const peak = /^VmHWM:\\s+(\\d+)/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS
    writeFileSync(${JSON.stringify(memoryFile)}, String(peak))
  })`
  const stage = await setUp(fault, times, speed)
  const result = await runStep({
    with: {
      endpoint: stage.endpoint,
      'project-id': stage.simulator.projectId,
      'job-id': stage.simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 }),
      token: stage.simulator.token,
      timeout: `${timeout}s`,
      'poll-interval': '1s',
    },
    env: { ...stage.env, ...withCode(atExit) },
    speed,
  })
  await stage.close()
  const memory = Number(readFileSync(memoryFile, 'utf8')) * 1024
  expect(memory).toBeGreaterThan(20e6)
  rmSync(folder, { recursive: true })
  return { ...result, timeout: (timeout * 1_000) / speed, memory }
}

const start = pool(MAX_PROCESSES)
/** All runs, started in this order: long ones first. */
const runs = FAULTS.flatMap((fault) =>
  (['once', 'always'] as const)
    .filter((times) => canHappen(fault, times))
    .map((times) => ({
      name: `${fault.fault}, ${times}`,
      fault,
      times,
      isLong: times === 'once' ? fault.isSlow : fault.forEver === 'timed-out',
    })),
)
  .toSorted((a, b) => Number(b.isLong) - Number(a.isLong))
  .map((entry) => ({
    ...entry,
    result: start(() => run(entry.fault, entry.times), entry.isLong ? STARTUP_MS : Infinity),
  }))
for (const { result } of runs) result.catch(() => undefined)

describe.each(['connect', 'tls', 'proxy', 'http', 'https'] as const)('over %s', (over) => {
  const here = runs.filter(({ fault }) => fault.over === over)

  test.each(here.filter(({ times }) => times === 'once'))(
    '$name: the result is $fault.once',
    async ({ fault, result }) => {
      const { exitCode, outputs, memory, milliseconds } = await result
      expect({ exitCode, result: outputs['result'] }).toEqual({
        exitCode: fault.once === 'completed' ? 0 : 1,
        result: fault.once,
      })
      expect(milliseconds).toBeLessThan(60_000 / SPEED.once + HANG_MS)
      expect(memory).toBeLessThan(200e6)
    },
    120_000,
  )

  test.each(here.filter(({ times }) => times === 'always'))(
    '$name: the step fails with the result $fault.forEver',
    async ({ fault, result }) => {
      const { exitCode, outputs, log, memory, milliseconds, timeout } = await result
      expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 1, result: fault.forEver })
      const annotations = log.split('\n').filter((line) => line.startsWith('::error'))
      expect(annotations).toEqual([expect.stringMatching(fault.annotation)])
      if (fault.once === 'error') expect(log).toContain('Requests sent: 1\n')
      expect(milliseconds).toBeLessThan(timeout + HANG_MS)
      expect(memory).toBeLessThan(200e6)
    },
    120_000,
  )
})

/** An unknown host stays unknown, and only Linux drops connections when the backlog is full. */
function canHappen({ cause }: FaultCase, times: Times): boolean {
  if (cause.kind === 'unknown host') return times === 'always'
  return cause.kind !== 'black hole' || process.platform === 'linux'
}

/** Runs up to `max` tasks concurrently, in order. A task frees its place when it ends, or after `ms`. */
function pool(max: number) {
  const waiting: (() => void)[] = []
  let free = max
  const release = () => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return async <T>(task: () => Promise<T>, ms: number): Promise<T> => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    const result = task()
    const ended = result.then(
      () => undefined,
      () => undefined,
    )
    void Promise.race([ended, ms < Infinity ? sleep(ms) : ended]).then(release)
    return result
  }
}
