import { describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runStep, type StepResult } from '../../simulator/runner.ts'
import { FAULTS, type FaultCase } from './faults.ts'
import { withCode } from './preload.ts'
import { setUp } from './stage.ts'

/** All faults of faults.ts, on the built action as the runner starts it. */

/** Processes that start or work at once, so that each has its share of two cores. */
const AT_ONCE = 6
/** After this long, a process that waits for the exchange's limit of 30 s only sleeps. */
const STARTED = 1_500

type Times = 'once' | 'for ever'

interface Run extends StepResult {
  readonly timeout: number
  /** Peak resident memory, bytes. */
  readonly memory: number
}

async function run(fault: FaultCase, times: Times): Promise<Run> {
  const timeout = times === 'once' ? 60 : fault.forEver === 'error' ? 20 : 3
  const folder = mkdtempSync(join(tmpdir(), 'fault-'))
  const memoryFile = join(folder, 'memory')
  const atExit = `process.on('exit', () => process.getBuiltinModule('fs').writeFileSync(${JSON.stringify(memoryFile)}, String(process.resourceUsage().maxRSS)))`
  const stage = await setUp(fault, times)
  const result = await runStep({
    with: {
      endpoint: stage.endpoint,
      'project-id': stage.simulator.projectId,
      'job-id': stage.simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0 }),
      token: stage.simulator.token,
      timeout: `${timeout}s`,
      'poll-interval': '1s',
    },
    env: { ...stage.env, ...withCode(atExit) },
  })
  await stage.close()
  const memory = Number(readFileSync(memoryFile, 'utf8')) * 1024
  rmSync(folder, { recursive: true })
  return { ...result, timeout: timeout * 1_000, memory }
}

const start = pool(AT_ONCE)
/** All runs begin here, those of 30 s first. */
const runs = FAULTS.flatMap((fault) =>
  (['once', 'for ever'] as const)
    .filter((times) => canHappen(fault, times))
    .map((times) => ({
      name: `${fault.fault}, ${times}`,
      fault,
      times,
      isLong: fault.isSlow && times === 'once',
    })),
)
  .toSorted((a, b) => Number(b.isLong) - Number(a.isLong))
  .map((entry) => ({
    ...entry,
    result: start(() => run(entry.fault, entry.times), entry.isLong ? STARTED : Infinity),
  }))
for (const { result } of runs) result.catch(() => undefined)

describe.each(['connect', 'tls', 'proxy', 'http', 'https'] as const)('over %s', (over) => {
  const here = runs.filter(({ fault }) => fault.over === over)

  test.each(here.filter(({ times }) => times === 'once'))(
    '$name, ends as $fault.once',
    async ({ fault, result }) => {
      const { exitCode, outputs, memory, milliseconds } = await result
      expect({ exitCode, result: outputs['result'] }).toEqual({
        exitCode: fault.once === 'completed' ? 0 : 1,
        result: fault.once,
      })
      expect(milliseconds).toBeLessThan(40_000)
      expect(memory).toBeLessThan(200e6)
    },
    120_000,
  )

  test.each(here.filter(({ times }) => times === 'for ever'))(
    '$name, ends red as $fault.forEver',
    async ({ fault, result }) => {
      const { exitCode, outputs, log, memory, milliseconds, timeout } = await result
      expect({ exitCode, result: outputs['result'] }).toEqual({ exitCode: 1, result: fault.forEver })
      const annotations = log.split('\n').filter((line) => line.startsWith('::error'))
      expect(annotations).toEqual([expect.stringMatching(fault.says)])
      expect(milliseconds).toBeLessThan(timeout + 2_000)
      expect(memory).toBeLessThan(200e6)
    },
    120_000,
  )
})

/** A name that is unknown can't become known; a full backlog that drops connections is Linux's. */
function canHappen({ cause }: FaultCase, times: Times): boolean {
  if (cause.kind === 'unknown host') return times === 'for ever'
  return cause.kind !== 'black hole' || process.platform === 'linux'
}

/** Runs at most so many tasks at once, in the order given; a task gives up its place when it ends, or after `ms`. */
function pool(most: number) {
  const waiting: (() => void)[] = []
  let free = most
  const leave = () => {
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
    void Promise.race([ended, ms < Infinity ? sleep(ms) : ended]).then(leave)
    return result
  }
}
