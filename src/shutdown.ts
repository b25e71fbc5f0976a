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
export class Shutdown {
  readonly #deps: PublishDependencies
  readonly #controller = new AbortController()
  readonly #writing = new AbortController()
  /** Aborts when the wait must end; after an internal error, the reason is an {@link InternalError}. */
  readonly signal = this.#controller.signal
  /** Aborts when no time is left to write the report. */
  readonly reportSignal = this.#writing.signal
  #isReporting = false
  /** Who reports an internal error: the run, together with its results, or this class if the run cannot. */
  #errorReporter: 'run' | 'shutdown' | undefined

  constructor(deps: Omit<PublishDependencies, 'reportSignal'>) {
    this.#deps = { ...deps, reportSignal: this.reportSignal }
    // To cancel, the runner sends SIGINT, 7.5 s later SIGTERM, and kills the process 2.5 s after that. The others come
    // when a terminal or a service manager ends: SIGBREAK only on Windows.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']) {
      process.on(signal, () => {
        this.#controller.abort()
        this.#limitTime(MAX_SHUTDOWN_MS)
      })
    }
    process.on('uncaughtException', (error) => void this.#fail(error))
    process.on('unhandledRejection', (error) => void this.#fail(error))
    process.once('beforeExit', () => void this.#fail('Node.js had nothing left to do before the wait ended'))
  }

  /** Call this when only the report is left to write. */
  readonly onReport = (): void => {
    this.#isReporting = true
    this.#limitTime(MAX_REPORT_MS)
  }

  /** Exits at the end of the run, whose result is whether the step succeeds. */
  async exitWith(run: Promise<boolean>): Promise<void> {
    try {
      const succeeded = await flushed(run)
      if (this.#errorReporter !== 'shutdown') exit(succeeded && !this.signal.aborted ? 0 : 1)
    } catch (error) {
      await this.#fail(error)
    }
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#errorReporter !== undefined) return
    this.#errorReporter = this.#isReporting ? 'shutdown' : 'run'
    this.#limitTime(MAX_REPORT_MS)
    if (this.#errorReporter === 'run') {
      this.#controller.abort(new InternalError(error))
      await sleep(MAX_SHUTDOWN_MS / 2)
      // If the run has not even begun to report the error, it cannot.
      if (this.#isReporting) return
      this.#errorReporter = 'shutdown'
    }
    try {
      await flushed(publishInternalError(error, this.#deps))
    } finally {
      exit(1)
    }
  }

  #limitTime(ms: number): void {
    setTimeout(() => {
      this.#writing.abort()
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
