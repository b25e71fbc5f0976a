import * as core from '@actions/core'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { main } from '../../src/main.ts'
import { Secrets } from '../../src/secrets.ts'
import type { Clock } from '../../src/wait/poll-loop.ts'

/** Runs `main` in the test's own process with the real toolkit and real files, about a hundred times per second. */

export interface Run {
  /** The result of `main`: whether the step succeeds. */
  readonly succeeded: boolean
  /** Everything that was printed. */
  readonly log: string
  /** The content of the file GITHUB_OUTPUT. */
  readonly outputs: string
  readonly summary: string
}

export interface RunOptions {
  readonly inputs: Readonly<Record<string, string>>
  readonly debug?: boolean
  /** Seconds that pass for the action in one real second. Default: 1. */
  readonly speed?: number
  /** Called whenever something is printed. */
  readonly onPrint?: (text: string) => void
}

const folder = mkdtempSync(join(tmpdir(), 'in-process-'))
const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') }

/** Call this once, after all runs. */
export function cleanUp(): void {
  rmSync(folder, { recursive: true })
}

/**
 * A clock that is many times as fast as the real one, and stops while the action computes: otherwise a millisecond of
 * work would take a minute, and heartbeats would always be late.
 */
function fastClock(speed: number): Clock {
  let now = performance.now() * speed
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      await sleep(ms / speed, undefined, { signal }).catch(() => undefined)
      now = performance.now() * speed
    },
  }
}

/** Runs `main` once. Runs must not overlap, because the toolkit prints to this process's stdout. */
export async function runMain({ inputs, debug = false, speed = 1, onPrint }: RunOptions): Promise<Run> {
  for (const file of Object.values(files)) writeFileSync(file, '')
  const variables = Object.entries(inputs).map(
    ([name, value]) => [`INPUT_${name.toUpperCase()}`, value] as const,
  )
  const env: Record<string, string> = {
    ...Object.fromEntries(variables),
    ...files,
    // Enables colors, because untrusted text could hide in them, too.
    GITHUB_ACTIONS: 'true',
    NO_COLOR: '',
    ...(debug ? { RUNNER_DEBUG: '1' } : {}),
  }
  const before = { ...process.env }
  // eslint-disable-next-line @typescript-eslint/unbound-method -- restored below, never called
  const write = process.stdout.write
  let log = ''
  process.stdout.write = (text) => {
    log += String(text)
    onPrint?.(String(text))
    return true
  }
  Object.assign(process.env, env)
  try {
    const succeeded = await main({
      toolkit: core,
      env: process.env,
      secrets: new Secrets(core.setSecret),
      clock: fastClock(speed),
      wallClock: Date.now,
      random: () => 0.5,
      signal: new AbortController().signal,
      reportSignal: new AbortController().signal,
      onReport: () => undefined,
    })
    const [outputs, summary] = [files.GITHUB_OUTPUT, files.GITHUB_STEP_SUMMARY].map((file) =>
      readFileSync(file, 'utf8'),
    )
    return { succeeded, log, outputs: outputs ?? '', summary: summary ?? '' }
  } finally {
    process.stdout.write = write
    for (const name of Object.keys(env)) {
      const value = before[name]
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  }
}
