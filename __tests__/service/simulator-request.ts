import { readFileSync } from 'node:fs'
import { get, type IncomingHttpHeaders } from 'node:http'
import { get as getTls, type RequestOptions } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import type { Simulator } from '../../simulator/simulator.ts'

export const testTls = {
  key: readFileSync(new URL('../fixtures/tls/server.key', import.meta.url), 'utf8'),
  cert: readFileSync(new URL('../fixtures/tls/server.crt', import.meta.url), 'utf8'),
}

export const testCa = readFileSync(new URL('../fixtures/tls/ca.crt', import.meta.url), 'utf8')

/** For requests that are expected to get no (further) response. */
export const SHORT_IDLE_TIMEOUT_MS = 100

/** Gets a job with a valid token. */
export function getJob(simulator: Simulator, jobId: string, idleTimeoutMs?: number): Promise<HttpResult> {
  return httpGet(jobUrl(simulator, jobId), { headers: { 'x-auth-token': simulator.token } }, idleTimeoutMs)
}

/** Sends one request on its own connection with a plain HTTP client. Never rejects: `end` contains the error's code. */
export function httpGet(url: string, options: Options = {}, idleTimeoutMs = 4_000): Promise<HttpResult> {
  return new Promise((resolve) => {
    const result: { status?: number; headers?: IncomingHttpHeaders; body: string } = { body: '' }
    const settle = (end: string): void => {
      clearTimeout(timer)
      resolve({ ...result, end })
      request.destroy()
    }
    const request = (url.startsWith('https:') ? getTls : get)(url, { agent: false, ca: testCa, ...options })
    let timer = setTimeout(settle, idleTimeoutMs, 'idle timeout')
    request.on('error', (error: NodeJS.ErrnoException) => {
      settle(error.code ?? error.message)
    })
    request.on('upgrade', ({ statusCode }) => {
      settle(`upgraded with ${statusCode ?? 0}`)
    })
    request.on('information', ({ statusCode }) => {
      result.body += `(${statusCode}) `
    })
    request.on('response', (response) => {
      result.status = response.statusCode ?? 0
      result.headers = response.headers
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        result.body += text
        clearTimeout(timer)
        timer = setTimeout(settle, idleTimeoutMs, 'idle timeout')
        if (result.body.length > 8 * 1024 * 1024) settle('endless')
      })
      response.on('end', () => {
        settle('complete')
      })
      response.on('error', (error: NodeJS.ErrnoException) => {
        settle(error.code ?? error.message)
      })
    })
  })
}

export interface HttpResult {
  readonly status?: number
  readonly headers?: IncomingHttpHeaders
  readonly body: string
  /** `complete`, `idle timeout`, `endless` (more than 8 MiB), `upgraded with …`, or the code of an error. */
  readonly end: string
}

export function jobIn({ body }: HttpResult): Record<string, unknown> {
  return (JSON.parse(body) as { job: Record<string, unknown> }).job
}

export function jobUrl(simulator: Simulator, jobId: string): string {
  return `${simulator.endpoint}/v3/${simulator.projectId}/jobs?id=${jobId}`
}

/** A clock that stands still until it is advanced. */
export function manualClock(): { now: () => number; advance: (ms: number) => void } {
  let time = 0
  return {
    now: () => time,
    advance: (ms) => {
      time += ms
    },
  }
}

type Options = RequestOptions & Pick<ConnectionOptions, 'socket'>
