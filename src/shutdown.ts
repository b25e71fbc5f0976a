import { setTimeout as sleep } from 'node:timers/promises'
import { publishInternalError, type PublishDependencies } from './report/publish.ts'
import { InternalError } from './wait/poll-loop.ts'

/** Time to write the report: the runner's files may be slow. After a signal, the process must end within two seconds. */
const MAX_REPORT_MS = 10_000
const MAX_SHUTDOWN_MS = 1_500
/** Writing ends this long before, so that the process can still report that. */
const MARGIN_MS = 300

/** Work in threads that delays `process.exit`. FSReqPromise can be the summary, so it counts only after the time limit. */
const BLOCKING = /^(GetAddrInfo|GetNameInfo|FSReqCallback)/
const BLOCKING_AFTER_LIMIT = /^(GetAddrInfo|GetNameInfo|FSReq)/

/** Ends the process in limited time: with the result of the run, after a signal, or after an internal error. */
export function createShutdown(deps: Omit<PublishDependencies, 'reportSignal'>) {
  /** Aborts when the wait must end; after an internal error, the reason is an {@link InternalError}. */
  const waiting = new AbortController()
  /** Aborts when no time is left to write the report. */
  const writing = new AbortController()
  let isReporting = false
  /** Who reports an internal error: the run, together with its results, or this function if the run cannot. */
  let errorReporter: 'run' | 'shutdown' | undefined

  // To cancel, the runner sends SIGINT, 7.5 s later SIGTERM, and kills the process 2.5 s after that. The others come
  // when a terminal or a service manager ends: SIGBREAK only on Windows.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']) {
    process.on(signal, () => {
      waiting.abort()
      limitTime(MAX_SHUTDOWN_MS)
    })
  }
  process.on('uncaughtException', (error) => void fail(error))
  process.on('unhandledRejection', (error) => void fail(error))
  process.once('beforeExit', () => void fail('Node.js had nothing left to do before the wait ended'))
  return { signal: waiting.signal, reportSignal: writing.signal, onReport, exitWith }

  /** Call this when only the report is left to write. */
  function onReport(): void {
    isReporting = true
    limitTime(MAX_REPORT_MS)
  }

  /** Exits at the end of the run, whose result is whether the step succeeds. */
  async function exitWith(run: Promise<boolean>): Promise<void> {
    try {
      const succeeded = await flushed(run)
      if (errorReporter !== 'shutdown') exit(succeeded && !waiting.signal.aborted ? 0 : 1)
    } catch (error) {
      await fail(error)
    }
  }

  async function fail(error: unknown): Promise<void> {
    if (errorReporter !== undefined) return
    errorReporter = isReporting ? 'shutdown' : 'run'
    limitTime(MAX_REPORT_MS)
    if (errorReporter === 'run') {
      waiting.abort(new InternalError('internal error', { cause: error }))
      await sleep(MAX_SHUTDOWN_MS / 2)
      // If the run has not even begun to report the error, it cannot.
      if (isReporting) return
      errorReporter = 'shutdown'
    }
    try {
      await flushed(publishInternalError(error, { ...deps, reportSignal: writing.signal }))
    } finally {
      exit(1)
    }
  }

  function limitTime(ms: number): void {
    setTimeout(() => {
      writing.abort()
    }, ms - MARGIN_MS)
    setTimeout(exit, ms, 1, BLOCKING_AFTER_LIMIT)
  }
}

/** Also waits for stdout, which is asynchronous on some systems. Source: Node.js, "A note on process I/O". */
async function flushed<T>(work: Promise<T>): Promise<T> {
  const result = await work
  await new Promise((resolve) => process.stdout.write('', resolve))
  return result
}

/** Exits now. If a blocked thread would delay `process.exit`, a failed step ends by SIGKILL instead. */
function exit(code: 0 | 1, blocking = BLOCKING): void {
  const isBlocked = process.getActiveResourcesInfo().some((name) => blocking.test(name))
  if (isBlocked && code !== 0) process.kill(process.pid, 'SIGKILL')
  process.exit(code)
}
