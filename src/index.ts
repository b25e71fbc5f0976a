import * as core from '@actions/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { main } from './main.ts'
import { internalErrorAnnotation } from './report/annotation.ts'
import { publishError } from './report/publish.ts'
import { Secrets } from './secrets.ts'
import { InternalError } from './wait/wait.ts'

// Red until proven green: whatever ends this process before the last line of `run` leaves it red.
process.exitCode = 1

/** From when only the report is left to be written. A cancelling runner sends SIGTERM after 7.5 s, and then kills. */
const LONGEST_FAREWELL = 1_500

const stop = new AbortController()
/** Whether the wait has begun to report, and so can no longer be told of a defect. */
let isReporting = false
/** Who reports a defect: the wait, with what is known by then, or we. */
let brokenIn: 'nothing' | 'wait' | 'report' = 'nothing'
const secrets = new Secrets(core.setSecret)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stop.abort()
    limitFarewell()
  })
}
process.on('uncaughtException', (error) => void endByDefect(error))
process.on('unhandledRejection', (error) => void endByDefect(error))
process.once('beforeExit', () => void endByDefect('nothing was left to do before the wait was over'))

void run().catch(endByDefect)

async function run(): Promise<void> {
  const isGreen = await main({
    toolkit: core,
    env: process.env,
    secrets,
    clock: { now: () => performance.now(), sleep: sleepUntilAborted },
    wallClock: Date.now,
    random: Math.random,
    signal: stop.signal,
    onReport: () => {
      isReporting = true
      limitFarewell()
    },
  })
  await flush()
  // A defect that no report has told of yet ends the process after its own.
  const isTold = brokenIn === 'nothing' || (brokenIn === 'wait' && !isGreen)
  if (isTold) leave(isGreen && !stop.signal.aborted ? 0 : 1)
}

async function sleepUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** Resolves when the log has left this process, which on some systems is later than it was written. */
async function flush(): Promise<void> {
  await new Promise((resolve) => process.stdout.write('', resolve))
}

async function endByDefect(error: unknown): Promise<void> {
  if (brokenIn !== 'nothing') return
  brokenIn = isReporting ? 'report' : 'wait'
  limitFarewell()
  if (brokenIn === 'wait') {
    stop.abort(new InternalError(error))
    await sleep(LONGEST_FAREWELL / 2)
    // The process is still here: the wait itself is lost.
    brokenIn = 'report'
  }
  try {
    const annotation = internalErrorAnnotation(secrets.error(error))
    await publishError(annotation, { toolkit: core, env: process.env, secrets })
    await flush()
  } finally {
    leave(1)
  }
}

function limitFarewell(): void {
  setTimeout(() => {
    leave(1, /^(GetAddrInfo|GetNameInfo|FSReq)/)
  }, LONGEST_FAREWELL)
}

/**
 * Ends the process now. Node's exit waits for a thread that is stuck in the name service or a file system; where there
 * is one, a red step ends by a signal instead. The summary's own writing (FSReqPromise) counts only after its time.
 */
function leave(exitCode: 0 | 1, stuck = /^(GetAddrInfo|GetNameInfo|FSReqCallback)/): void {
  const isStuck = process.getActiveResourcesInfo().some((name) => stuck.test(name))
  if (isStuck && exitCode !== 0) process.kill(process.pid, 'SIGKILL')
  process.exit(exitCode)
}
