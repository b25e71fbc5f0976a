import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Reply } from '../../simulator/reply.ts'
import { runStep } from '../../simulator/runner.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { commandsIn } from '../model/runner-commands.ts'
import { cleanUp, runMain, type Run } from './in-process.ts'

/** A service that echoes the token: nothing of it is seen again, by our own work and not only by the runner's mask. */

/** Shortest piece of a secret that would be too much. */
const PIECE = 8

/** As IAM makes them, and with what is written differently in each format. */
const TOKENS = [
  'MIIFaketoken0123456789+abcdefghij/KLMNOPQRST-uvwxyz98765+43210zyxwvut/SRQPONMLKJ==',
  'MIIQuotedtoken"0123456789\\abcdefghij<KLMNOPQRST>uvwxyz&98765%43210\'zyxwvut/n',
] as const

/** The forms in which a service may echo it. */
const FORMS = {
  'as it is': (token) => token,
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (token) =>
    encodeURIComponent(token).replace(/%../g, (escape) => escape.toLowerCase()),
  'percent-encoded down to the unreserved characters': (token) =>
    token.replace(/[^\w.~-]/g, (sign) => `%${hexOf(sign)}`),
  'in base64': (token) => Buffer.from(token).toString('base64'),
  'in base64 without padding': (token) => Buffer.from(token).toString('base64').replace(/=+$/, ''),
  'as JSON': (token) => JSON.stringify(token).slice(1, -1),
  'as JSON of a careful writer': (token) =>
    token.replace(/["\\<>&'+=]/g, (sign) => `\\u00${hexOf(sign).toLowerCase()}`).replaceAll('/', '\\/'),
  'as HTML': (token) => token.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`),
  'as HTML with names': (token) =>
    token.replace(/[&<>"]/g, (sign) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt' }[sign] ?? 'quot'};`),
  'as HTML of a careful writer': (token) => token.replace(/[^\w.~-]/g, (sign) => `&#x${hexOf(sign)};`),
} satisfies Record<string, (token: string) => string>

function hexOf(sign: string): string {
  return sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}

/** Fields of a job, or an answer instead of one. */
type Place = { readonly fields: Readonly<Record<string, unknown>> } | { readonly reply: Reply }

/** Where a service may echo it. */
const PLACES = {
  fail_reason: (echo) => ({ fields: { fail_reason: echo } }),
  name: (echo) => ({ fields: { name: echo } }),
  status: (echo) => ({ fields: { status: echo } }),
  'instance id and name': (echo) => ({ fields: { instance: { id: echo, name: echo } } }),
  dates: (echo) => ({ fields: { created: echo, ended: echo } }),
  process: (echo) => ({ fields: { process: echo } }),
  'keys of entities': (echo) => ({ fields: { entities: { a: { [echo]: 1 } } } }),
  'values of entities': (echo) => ({ fields: { entities: { a: [{ b: echo }] } } }),
  'endpoint of the instance': (echo) => ({ fields: { entities: { instance: { endpoint: echo } } } }),
  'id of another job': (echo) => ({ fields: { id: echo } }),
  'error message': (echo) => error(400, { error_code: 'DBS.200001', error_msg: echo }),
  'error code': (echo) => error(403, { error_code: echo, error_msg: 'no' }),
  'message of an error that passes': (echo) => error(503, { error_code: 'DBS.200001', error_msg: echo }),
  'request id of a body': (echo) => error(400, { request_id: echo }, { 'x-request-id': '' }),
  'header with the request id': (echo) => error(400, {}, { 'x-request-id': echo }),
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
  return { reply: { status, headers, body: JSON.stringify(fields) } }
}

function page(status: number, echo: string): Place {
  const text = `<title>No</title><input value="${echo}"><p>Your token ${echo} is bad.</p>`
  return { reply: { status, body: `<html>${text}</html>` } }
}

afterAll(cleanUp)

/** A step whose answers are the place's, for ever. */
async function run(
  token: string,
  place: Place,
  onPrint?: (text: string, requests: number) => void,
): Promise<Run> {
  // Debug lines show its id, which must not look like a piece of a token.
  const simulator = await startSimulator({ token, projectId: 'f'.repeat(32) })
  try {
    const override = 'fields' in place ? place.fields : {}
    const id = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0, outcome: 'Failed', override })
    if ('reply' in place) simulator.misbehave(place.reply, { times: 'for ever' })
    return await runMain({
      inputs: {
        endpoint: simulator.endpoint,
        'project-id': simulator.projectId,
        token,
        'job-id': id,
        timeout: '3m',
      },
      debug: true,
      // A status that is unknown, and errors that pass, are waited for to the end.
      speed: 'status' in override || 'reply' in place ? 1_000 : 1,
      onPrint: (text) => onPrint?.(text, simulator.requests.length),
    })
  } finally {
    await simulator.close()
  }
}

/** Pieces of the secret's forms in what a step left behind; the lines that mask them aside. */
function leaksIn(
  { log, outputs, summary }: Pick<Run, 'log' | 'outputs' | 'summary'>,
  token: string,
): string[] {
  const said = [
    log.replace(/^::add-mask::.*$/gm, ''),
    outputs,
    summary,
    unescape(outputs),
    unescape(summary),
  ].join('\n')
  return [token, Buffer.from(token).toString('base64')]
    .flatMap((form) => Array.from({ length: form.length - PIECE + 1 }, (_, at) => form.slice(at, at + PIECE)))
    .filter((piece) => said.includes(piece))
}

/** As a reader of JSON or Markdown sees it. */
function unescape(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll('<!-- -->', '')
    .replace(/\\(["\\/])/g, '$1')
}

describe('a token that the service echoes is seen nowhere:', () => {
  test.each(Object.entries(FORMS))('%s', async (_form, formOf) => {
    const problems: string[] = []
    for (const [place, placeOf] of Object.entries(PLACES)) {
      for (const token of TOKENS) {
        const result = await run(token, placeOf(` ${formOf(token)} `))
        problems.push(...leaksIn(result, token).map((piece) => `${place}: ${piece}`))
        if (place !== 'process' && !`${result.log}${result.outputs}`.includes('***')) {
          problems.push(`${place}: nothing was redacted`)
        }
      }
    }
    expect(problems).toEqual([])
  })

  test('where one of our limits would cut it in two', async () => {
    const limits = fc.constantFrom(120, 300, 1_000, 4_000, 4_096, 15_000, 16_000, 100_000)
    const places = fc.constantFrom(...Object.entries(PLACES))
    const forms = fc.constantFrom<keyof typeof FORMS>('as it is', 'percent-encoded', 'in base64', 'as JSON')
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

  test('where the action itself breaks over it', async () => {
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

test('each form is masked before anything is asked or said, and masked once', async () => {
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

describe('plain http to what is no loopback address is refused before a connection is made:', () => {
  const [token] = TOKENS
  const inputs = { 'project-id': '0'.repeat(32), 'job-id': 'job-1', token, timeout: '1s' }

  const opened: unknown[] = []
  const onSocket = (report: unknown) => {
    opened.push(report)
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
    const { isGreen, log, outputs } = await runMain({ inputs: { ...inputs, endpoint: given } })
    await simulator.close()
    expect(isGreen).toBe(false)
    expect(log).toMatch(/::error title=The inputs are wrong::.*- endpoint: /)
    expect(leaksIn({ log, outputs, summary: '' }, token)).toEqual([])
    expect(opened).toEqual([])
    expect(simulator.requests).toEqual([])
  })

  test('whereas a loopback address opens one, which is noticed', async () => {
    const simulator = await startSimulator({ token })
    await runMain({ inputs: { ...inputs, endpoint: `http://localhost:${simulator.port}` } })
    await simulator.close()
    expect(opened).not.toEqual([])
    expect(simulator.requests).not.toEqual([])
  })
})
