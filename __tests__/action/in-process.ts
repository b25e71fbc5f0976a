import * as core from '@actions/core'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { main } from '../../src/main.ts'
import { Secrets } from '../../src/secrets.ts'
import type { Clock } from '../../src/wait/wait.ts'

/** `main` in the test's own process, with the real toolkit and real files: a hundred runs in a second. */

export interface Run {
  readonly isGreen: boolean
  /** All that was printed. */
  readonly log: string
  /** The file of outputs, as written. */
  readonly outputs: string
  readonly summary: string
}

export interface RunOptions {
  readonly inputs: Readonly<Record<string, string>>
  readonly debug?: boolean
  /** Seconds that pass for the action in one real second; 1 by default. */
  readonly speed?: number
  /** Hears what is printed as it is printed. */
  readonly onPrint?: (text: string) => void
}

const folder = mkdtempSync(join(tmpdir(), 'in-process-'))
const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') }

/** Call it once after all runs. */
export function cleanUp(): void {
  rmSync(folder, { recursive: true })
}

/**
 * A clock that is many times as fast as the real one, and stands still while the action computes: else a millisecond
 * of work would be a minute, and signs of life would be late for ever.
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

/** Runs `main` once; one run at a time, for the toolkit prints to this process's stdout. */
export async function runMain({ inputs, debug = false, speed = 1, onPrint }: RunOptions): Promise<Run> {
  for (const file of Object.values(files)) writeFileSync(file, '')
  const variables = Object.entries(inputs).map(
    ([name, value]) => [`INPUT_${name.toUpperCase()}`, value] as const,
  )
  const env: Record<string, string> = {
    ...Object.fromEntries(variables),
    ...files,
    // Colours are one more thing that texts from outside could hide in.
    GITHUB_ACTIONS: 'true',
    NO_COLOR: '',
    ...(debug ? { RUNNER_DEBUG: '1' } : {}),
  }
  const before = { ...process.env }
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back below, never called
  const write = process.stdout.write
  let log = ''
  process.stdout.write = (text) => {
    log += String(text)
    onPrint?.(String(text))
    return true
  }
  Object.assign(process.env, env)
  try {
    const isGreen = await main({
      toolkit: core,
      env: process.env,
      secrets: new Secrets(core.setSecret),
      clock: fastClock(speed),
      wallClock: Date.now,
      random: () => 0.5,
      signal: new AbortController().signal,
      onReport: () => undefined,
    })
    const [outputs, summary] = [files.GITHUB_OUTPUT, files.GITHUB_STEP_SUMMARY].map((file) =>
      readFileSync(file, 'utf8'),
    )
    return { isGreen, log, outputs: outputs ?? '', summary: summary ?? '' }
  } finally {
    process.stdout.write = write
    for (const name of Object.keys(env)) {
      const value = before[name]
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  }
}
