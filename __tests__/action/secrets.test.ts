import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ApiResponse } from '../../simulator/response.ts'
import { runStep } from '../../simulator/runner.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { commandsIn } from '../model/runner-commands.ts'
import { cleanUp, runMain, type Run } from './in-process.ts'

/** A service that echoes the token: the action itself redacts it, and does not rely on the runner's mask. */

/** The length from which a substring of a secret counts as a leak. */
const LEAK_LENGTH = 8

/** One as IAM issues them, one with characters that each format escapes differently. */
const TOKENS = [
  'MIIFaketoken0123456789+abcdefghij/KLMNOPQRST-uvwxyz98765+43210zyxwvut/SRQPONMLKJ==',
  'MIIQuotedtoken"0123456789\\abcdefghij<KLMNOPQRST>uvwxyz&98765%43210\'zyxwvut/n',
] as const

/** The forms in which a service may echo it. */
const FORMS = {
  unchanged: (token) => token,
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (token) =>
    encodeURIComponent(token).replace(/%../g, (escape) => escape.toLowerCase()),
  'percent-encoded except for unreserved characters': (token) =>
    token.replace(/[^\w.~-]/g, (sign) => `%${hexOf(sign)}`),
  'in base64': (token) => Buffer.from(token).toString('base64'),
  'in base64 without padding': (token) => Buffer.from(token).toString('base64').replace(/=+$/, ''),
  'as JSON': (token) => JSON.stringify(token).slice(1, -1),
  'as JSON with all special characters escaped': (token) =>
    token.replace(/["\\<>&'+=]/g, (sign) => `\\u00${hexOf(sign).toLowerCase()}`).replaceAll('/', '\\/'),
  'as HTML': (token) => token.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`),
  'as HTML with named references': (token) =>
    token.replace(/[&<>"]/g, (sign) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt' }[sign] ?? 'quot'};`),
  'as HTML with all special characters escaped': (token) =>
    token.replace(/[^\w.~-]/g, (sign) => `&#x${hexOf(sign)};`),
} satisfies Record<string, (token: string) => string>

function hexOf(sign: string): string {
  return sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}

/** Fields of a job, or a response without a job. */
type Place = { readonly fields: Readonly<Record<string, unknown>> } | { readonly response: ApiResponse }

/** The places where a service may echo it. */
const PLACES = {
  fail_reason: (echo) => ({ fields: { fail_reason: echo } }),
  'structured fail_reason': (echo) => ({ fields: { fail_reason: { message: echo } } }),
  name: (echo) => ({ fields: { name: echo } }),
  status: (echo) => ({ fields: { status: echo } }),
  'instance ID and name': (echo) => ({ fields: { instance: { id: echo, name: echo } } }),
  dates: (echo) => ({ fields: { created: echo, ended: echo } }),
  process: (echo) => ({ fields: { process: echo } }),
  'keys of entities': (echo) => ({ fields: { entities: { a: { [echo]: 1 } } } }),
  'values of entities': (echo) => ({ fields: { entities: { a: [{ b: echo }] } } }),
  'endpoint of the instance': (echo) => ({ fields: { entities: { instance: { endpoint: echo } } } }),
  'ID of another job': (echo) => ({ fields: { id: echo } }),
  'error message': (echo) => error(400, { error_code: 'DBS.200001', error_msg: echo }),
  'error code': (echo) => error(403, { error_code: echo, error_msg: 'no' }),
  'message of a transient fault': (echo) => error(503, { error_code: 'DBS.200001', error_msg: echo }),
  'request ID of a body': (echo) => error(400, { request_id: echo }, { 'x-request-id': '' }),
  'header with the request ID': (echo) => error(400, {}, { 'x-request-id': echo }),
  'location of a redirect': (echo) => error(302, {}, { location: `https://iam.example/?token=${echo}` }),
  'page with 403': (echo) => page(403, echo),
  'page with 502': (echo) => page(502, echo),
  'page with 200': (echo) => page(200, echo),
  'names of unknown fields': (echo) => error(200, { [echo]: 1 }),
} satisfies Record<string, (echo: string) => Place>

function error(
  status: number,
  fields: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Place {
  return { response: { status, headers, body: JSON.stringify(fields) } }
}

function page(status: number, echo: string): Place {
  const text = `<title>No</title><input value="${echo}"><p>Your token ${echo} is bad.</p>`
  return { response: { status, body: `<html>${text}</html>` } }
}

afterAll(cleanUp)

/** Runs a step against a service that always responds with the echo. */
async function run(
  token: string,
  place: Place,
  onPrint?: (text: string, requests: number) => void,
): Promise<Run> {
  // Debug lines contain the project ID, which must not look like a part of a token.
  const simulator = await startSimulator({ token, projectId: 'f'.repeat(32) })
  try {
    const override = 'fields' in place ? place.fields : {}
    const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0, outcome: 'Failed', override })
    if ('response' in place) simulator.injectFault(place.response, { times: 'always' })
    return await runMain({
      inputs: {
        endpoint: simulator.endpoint,
        'project-id': simulator.projectId,
        token,
        'job-id': id,
        timeout: '3m',
      },
      debug: true,
      // Unknown statuses and transient faults last until the timeout.
      speed: 'status' in override || 'response' in place ? 1_000 : 1,
      onPrint: (text) => onPrint?.(text, simulator.requests.length),
    })
  } finally {
    await simulator.close()
  }
}

/** Substrings of the secret in log, outputs, and summary, without the lines that mask it. */
function leaksIn(
  { log, outputs, summary }: Pick<Run, 'log' | 'outputs' | 'summary'>,
  token: string,
): string[] {
  const report = [
    log.replace(/^::add-mask::.*$/gm, ''),
    outputs,
    summary,
    unescape(outputs),
    unescape(summary),
  ].join('\n')
  return [token, Buffer.from(token).toString('base64')]
    .flatMap(substringsOf)
    .filter((part) => report.includes(part))
}

function substringsOf(text: string): string[] {
  const length = text.length - LEAK_LENGTH + 1
  return Array.from({ length }, (_, at) => text.slice(at, at + LEAK_LENGTH))
}

/** Unescapes JSON and Markdown as a reader does. */
function unescape(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll('<!-- -->', '')
    .replace(/\\(["\\/])/g, '$1')
}

describe('a token that the service echoes is redacted', () => {
  test.each(Object.entries(FORMS))('%s', async (_form, formOf) => {
    const problems: string[] = []
    for (const [place, placeOf] of Object.entries(PLACES)) {
      for (const token of TOKENS) {
        const result = await run(token, placeOf(` ${formOf(token)} `))
        problems.push(...leaksIn(result, token).map((part) => `${place}: ${part}`))
        if (place !== 'process' && !`${result.log}${result.outputs}`.includes('***')) {
          problems.push(`${place}: nothing was redacted`)
        }
      }
    }
    expect(problems).toEqual([])
  })

  test('where a limit would truncate it', async () => {
    const limits = fc.constantFrom(120, 300, 1_000, 4_000, 4_096, 15_000, 16_000, 100_000)
    const places = fc.constantFrom(...Object.entries(PLACES))
    const forms = fc.constantFrom<keyof typeof FORMS>('unchanged', 'percent-encoded', 'in base64', 'as JSON')
    const tokens = fc.constantFrom(...TOKENS)
    const echo = fc.tuple(places, forms, tokens, limits, fc.nat(), fc.constantFrom('x', 'é', '&', '😀'))
    const isSafe = async (given: typeof echo extends fc.Arbitrary<infer T> ? T : never) => {
      const [[place, placeOf], form, token, limit, part, filler] = given
      const inHeader = place.includes('header') || place.includes('redirect')
      const text = FORMS[form](token)
      const before = Math.min(limit, inHeader ? 4_096 : limit) - 1 - (part % (text.length - 2))
      const pad = inHeader ? 'x' : filler
      const size = part % 2 === 0 ? pad.length : Buffer.byteLength(pad)
      const after = pad.repeat(50)
      const result = await run(token, placeOf(pad.repeat(Math.max(0, before / size)) + text + after))
      expect(leaksIn(result, token)).toEqual([])
    }
    await fc.assert(fc.asyncProperty(echo, isSafe), { seed: 6, numRuns: 200 })
  }, 30_000)

  test('in an internal error of the action', async () => {
    const [token] = TOKENS
    const code = 'setTimeout(() => { throw new TypeError(`bad: ${process.env.INPUT_TOKEN}`) }, 300)'
    const simulator = await startSimulator({ token })
    const { exitCode, log, outputs, summary } = await runStep({
      with: {
        endpoint: simulator.endpoint,
        'project-id': simulator.projectId,
        token,
        'job-id': simulator.addJob(),
      },
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` },
    })
    await simulator.close()
    expect(exitCode).toBe(1)
    expect(log).toContain('bad: ***')
    expect(leaksIn({ log, outputs: JSON.stringify(outputs), summary }, token)).toEqual([])
  })
})

test('each form is masked once, before any request or log line', async () => {
  for (const token of TOKENS) {
    const printed: { text: string; requests: number }[] = []
    await run(token, PLACES.name('x'), (text, requests) => printed.push({ text, requests }))
    const isMask = ({ text }: { text: string }) => text.startsWith('::add-mask::')
    const masks = printed.slice(0, printed.filter(isMask).length)
    expect(masks.every(isMask)).toBe(true)
    expect(masks.map(({ requests }) => requests)).toEqual(masks.map(() => 0))
    const values = commandsIn(masks.map(({ text }) => text).join('')).map(({ data }) => data)
    expect(values[0]).toBe(token)
    expect(values).toEqual(
      expect.arrayContaining([encodeURIComponent(token), Buffer.from(token).toString('base64')]),
    )
    expect(new Set(values).size).toBe(values.length)
    expect(values).not.toContain('')
  }
})

describe('plain HTTP to an address other than loopback is rejected before a connection is opened:', () => {
  const [token] = TOKENS
  const inputs = { 'project-id': '0'.repeat(32), 'job-id': 'job-1', token, timeout: '1s' }

  const opened: unknown[] = []
  const onSocket = (message: unknown) => {
    opened.push(message)
  }
  beforeEach(() => {
    opened.length = 0
    subscribe('net.client.socket', onSocket)
  })
  afterEach(() => {
    unsubscribe('net.client.socket', onSocket)
  })

  test.each([
    'http://192.0.2.1',
    'http://gaussdb.example',
    'HTTP://gaussdb.example:80/mysql',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'http://0.0.0.0:PORT',
    'http://[::]:PORT',
    'http://[::ffff:127.0.0.1]:PORT',
    'http://127.0.0.1@192.0.2.1:PORT',
  ])('%s', async (endpoint) => {
    const simulator = await startSimulator({ token })
    const given = endpoint.replace('PORT', String(simulator.port))
    const { succeeded, log, outputs } = await runMain({ inputs: { ...inputs, endpoint: given } })
    await simulator.close()
    expect(succeeded).toBe(false)
    expect(log).toMatch(/::error title=Invalid inputs::.*- endpoint: /)
    expect(leaksIn({ log, outputs, summary: '' }, token)).toEqual([])
    expect(opened).toEqual([])
    expect(simulator.requests).toEqual([])
  })

  test('whereas a loopback address opens a connection, which this test detects', async () => {
    const simulator = await startSimulator({ token })
    await runMain({ inputs: { ...inputs, endpoint: `http://localhost:${simulator.port}` } })
    await simulator.close()
    expect(opened).not.toEqual([])
    expect(simulator.requests).not.toEqual([])
  })
})
