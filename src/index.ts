import * as core from '@actions/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { main } from './main.ts'
import { Secrets } from './secrets.ts'
import { createShutdown } from './shutdown.ts'

// Failed until proven successful: whatever ends this process early leaves the step failed.
process.exitCode = 1

const reporting = { toolkit: core, env: process.env, secrets: new Secrets(core.setSecret) }
const { exitWith, ...shutdown } = createShutdown(reporting)

const run = main({
  ...reporting,
  ...shutdown,
  clock: {
    now: () => performance.now(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
  },
  wallClock: Date.now,
  random: Math.random,
})

void exitWith(run)
