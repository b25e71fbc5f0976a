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

/** Enough for whoever expects silence. */
export const shortPatienceMs = 100

/** Asks for a job with the right token. */
export function ask(simulator: Simulator, jobId: string, patienceMs?: number): Promise<Heard> {
  return listenTo(jobUrl(simulator, jobId), { headers: { 'x-auth-token': simulator.token } }, patienceMs)
}

export function listenTo(url: string, options: Options = {}, patienceMs = 4_000): Promise<Heard> {
  return new Promise((resolve) => {
    const heard: { status?: number; headers?: IncomingHttpHeaders; body: string } = { body: '' }
    const settle = (end: string): void => {
      clearTimeout(timer)
      resolve({ ...heard, end })
      request.destroy()
    }
    const request = (url.startsWith('https:') ? getTls : get)(url, { agent: false, ca: testCa, ...options })
    let timer = setTimeout(settle, patienceMs, 'silence')
    request.on('error', (error: NodeJS.ErrnoException) => {
      settle(error.code ?? error.message)
    })
    request.on('upgrade', ({ statusCode }) => {
      settle(`upgraded with ${statusCode ?? 0}`)
    })
    request.on('information', ({ statusCode }) => {
      heard.body += `(${statusCode}) `
    })
    request.on('response', (response) => {
      heard.status = response.statusCode ?? 0
      heard.headers = response.headers
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        heard.body += text
        clearTimeout(timer)
        timer = setTimeout(settle, patienceMs, 'silence')
        if (heard.body.length > 8 * 1024 * 1024) settle('endless')
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

/** What one request came to, told by a plain client on a connection of its own. */
export interface Heard {
  readonly status?: number
  readonly headers?: IncomingHttpHeaders
  readonly body: string
  /** `complete`, `silence` (nothing more came while patience lasted), or an error's code. */
  readonly end: string
}

export function jobIn({ body }: Heard): Record<string, unknown> {
  return (JSON.parse(body) as { job: Record<string, unknown> }).job
}

export function jobUrl(simulator: Simulator, jobId: string): string {
  return `${simulator.endpoint}/v3/${simulator.projectId}/jobs?id=${jobId}`
}

/** A clock that stands still until it is turned. */
export function handTurnedClock(): { now: () => number; turn: (ms: number) => void } {
  let time = 0
  return {
    now: () => time,
    turn: (ms) => {
      time += ms
    },
  }
}

type Options = RequestOptions & Pick<ConnectionOptions, 'socket'>
