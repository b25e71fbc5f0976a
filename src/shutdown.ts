import { setTimeout as sleep } from 'node:timers/promises'
import { publishInternalError, type PublishDependencies } from './report/publish.ts'
import { InternalError } from './wait/poll-loop.ts'

/** Time to write the report, so that the process ends within two seconds of a signal. */
const MAX_SHUTDOWN_MS = 1_500

/** Work in threads that delays `process.exit`. FSReqPromise can be the summary, so it counts only after the time limit. */
const BLOCKING = /^(GetAddrInfo|GetNameInfo|FSReqCallback)/
const BLOCKING_AFTER_LIMIT = /^(GetAddrInfo|GetNameInfo|FSReq)/

/** Ends the process in limited time: with the result of the run, after a signal, or after an internal error. */
export class Shutdown {
  readonly #deps: PublishDependencies
  readonly #controller = new AbortController()
  #isReporting = false
  /** Who reports an internal error: the run, together with its results, or this class if the run cannot. */
  #errorReporter: 'run' | 'shutdown' | undefined

  constructor(deps: PublishDependencies) {
    this.#deps = deps
    // To cancel, the runner sends SIGINT, 7.5 s later SIGTERM, and kills the process 2.5 s after that.
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.on(signal, () => {
        this.#controller.abort()
        this.#limitTime()
      })
    }
    process.on('uncaughtException', (error) => void this.#fail(error))
    process.on('unhandledRejection', (error) => void this.#fail(error))
    process.once('beforeExit', () => void this.#fail('Node.js had nothing left to do before the wait ended'))
  }

  /** Aborts when the wait must end; after an internal error, the reason is an {@link InternalError}. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Call this when only the report is left to write. */
  readonly onReport = (): void => {
    this.#isReporting = true
    this.#limitTime()
  }

  /** Exits at the end of the run, whose result is whether the step succeeds. */
  async exitWith(run: Promise<boolean>): Promise<void> {
    try {
      const succeeded = await flushed(run)
      const isErrorReported = this.#errorReporter === 'run' && !succeeded
      if (this.#errorReporter === undefined || isErrorReported) {
        exit(succeeded && !this.signal.aborted ? 0 : 1)
      }
    } catch (error) {
      await this.#fail(error)
    }
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#errorReporter !== undefined) return
    this.#errorReporter = this.#isReporting ? 'shutdown' : 'run'
    this.#limitTime()
    if (this.#errorReporter === 'run') {
      this.#controller.abort(new InternalError(error))
      await sleep(MAX_SHUTDOWN_MS / 2)
      // The process has not exited, so the run cannot report the error.
      this.#errorReporter = 'shutdown'
    }
    try {
      await flushed(publishInternalError(error, this.#deps))
    } finally {
      exit(1)
    }
  }

  #limitTime(): void {
    setTimeout(() => {
      exit(1, BLOCKING_AFTER_LIMIT)
    }, MAX_SHUTDOWN_MS)
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
