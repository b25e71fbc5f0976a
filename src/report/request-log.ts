import type { Exchange, ExchangeResult, HttpRequest } from '../http/exchange.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import type { Clock } from '../wait/wait.ts'
import { forLog } from './escape.ts'
import type { Printer } from './log.ts'

/** Counts the exchanges of a run, and tells each in debug mode: never a header's value but the request id, never a body. */
export class RequestLog {
  #count = 0
  readonly #send: Exchange
  readonly #printer: Pick<Printer, 'debug' | 'isDebug'>
  readonly #secrets: Secrets
  readonly #clock: Clock

  constructor(send: Exchange, printer: Pick<Printer, 'debug' | 'isDebug'>, secrets: Secrets, clock: Clock) {
    this.#send = send
    this.#printer = printer
    this.#secrets = secrets
    this.#clock = clock
  }

  get count(): number {
    return this.#count
  }

  readonly exchange: Exchange = async (request, signal) => {
    this.#count += 1
    const start = this.#clock.now()
    const exchanged = await this.#send(request, signal)
    if (this.#printer.isDebug()) {
      const ms = Math.round(this.#clock.now() - start)
      const what = phrase`${this.#question(request)}: ${this.#outcome(exchanged)}, ${ms} ms`
      this.#printer.debug(forLog(what))
    }
    return exchanged
  }

  /** Without the query, which may be anything where the URL is GitHub's. */
  #question({ method, url }: HttpRequest): Phrase {
    return phrase`${method} ${this.#secrets.text(url.replace(/\?.*$/s, ''))}`
  }

  #outcome(exchanged: ExchangeResult): Phrase {
    if (exchanged.kind === 'no-response') {
      const { reason, phase, code } = exchanged
      return phrase`no response, ${reason} in phase ${phase}${code === undefined ? [] : [' ', this.#secrets.text(code)]}`
    }
    const { status, headers, body, bodyError } = exchanged
    const id = headers['x-request-id']
    const requestId = typeof id === 'string' ? phrase`, request id ${this.#secrets.text(id)}` : []
    return phrase`${status}, ${bodyError === undefined ? `${Buffer.byteLength(body)} bytes` : `a body that ${bodyError}`}${requestId}`
  }
}
