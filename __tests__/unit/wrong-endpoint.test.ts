import { describe, expect, test } from '@jest/globals'
import { MINUTE, SECOND } from '../../src/duration.ts'
import type { ExchangeResult, HttpRequest, HttpResponse, NoResponse } from '../../src/http/exchange.ts'
import { detectWrongEndpoints } from '../../src/http/wrong-endpoint.ts'

/** Which failures are final because the endpoint is probably wrong. The clock is turned by hand. */

const NO_RESPONSE: NoResponse = {
  kind: 'no-response',
  reason: 'network',
  phase: 'connect',
  code: undefined,
  message: '',
  proxyStatus: undefined,
}
const unknownHost: NoResponse = {
  ...NO_RESPONSE,
  code: 'ENOTFOUND',
  message: 'getaddrinfo ENOTFOUND host.example',
}
const unknownProxy: NoResponse = {
  ...NO_RESPONSE,
  phase: 'proxy',
  message: 'tunneling socket could not be established, cause=getaddrinfo ENOTFOUND proxy.example',
}
const noTls: NoResponse = { ...NO_RESPONSE, phase: 'tls', code: 'EPROTO', message: 'wrong version number' }
const refused: NoResponse = { ...NO_RESPONSE, code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }
const timeout: NoResponse = { ...NO_RESPONSE, reason: 'timeout', code: 'ABORT_ERR' }
const aborted: NoResponse = { ...NO_RESPONSE, reason: 'aborted', code: 'ABORT_ERR' }
const response: HttpResponse = {
  kind: 'response',
  status: 502,
  headers: {},
  body: '',
  bodyError: undefined,
}

function start() {
  let [at, next]: [number, ExchangeResult] = [1_000_000, response]
  const exchange = detectWrongEndpoints(
    () => Promise.resolve(next),
    () => at,
  )
  return {
    /** Sends a request after some time; returns how it ended. */
    send: async (
      result: ExchangeResult,
      after = 0,
      url = 'https://host.example/v3/p/jobs?id=a',
    ): Promise<string> => {
      at += after
      next = result
      const request: HttpRequest = { method: 'GET', url, headers: {}, body: '' }
      const sent = await exchange(request, new AbortController().signal)
      expect(sent).toEqual({ ...result, ...('reason' in sent && { reason: sent.reason }) })
      return sent.kind === 'response' ? 'response' : sent.reason
    },
  }
}

describe.each([
  ['a host name', unknownHost],
  ['the host name of a proxy', unknownProxy],
])('%s that does not exist', (_what, unknown) => {
  test('is final after 2 minutes, not before', async () => {
    const { send } = start()
    expect(await send(unknown)).toBe('network')
    expect(await send(unknown, MINUTE)).toBe('network')
    expect(await send(unknown, MINUTE - 1)).toBe('network')
    expect(await send(unknown, 1)).toBe('unknown-host')
  })

  test('is never final once the origin has sent a response, whatever its status', async () => {
    const { send } = start()
    await send(unknown)
    expect(await send(response, MINUTE)).toBe('response')
    for (let times = 0; times < 10; times++) expect(await send(unknown, MINUTE)).toBe('network')
  })

  test.each([
    ['a refused connection', refused],
    ['a timeout', timeout],
    ['a port without TLS', noTls],
  ])('counts from the beginning after %s', async (_fault, fault) => {
    const { send } = start()
    await send(unknown)
    await send(fault, MINUTE)
    expect(await send(unknown, MINUTE)).toBe('network')
    expect(await send(unknown, 2 * MINUTE - 1)).toBe('network')
    expect(await send(unknown, 1)).toBe('unknown-host')
  })

  test('is counted on after an aborted exchange', async () => {
    const { send } = start()
    await send(unknown)
    expect(await send(aborted, MINUTE)).toBe('aborted')
    expect(await send(unknown, MINUTE)).toBe('unknown-host')
  })
})

test.each([
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
])('a port that does not speak TLS (%s) is final after five times in a row', async (code) => {
  const { send } = start()
  for (let times = 0; times < 4; times++) expect(await send({ ...noTls, code }, 0)).toBe('network')
  expect(await send({ ...noTls, code }, SECOND)).toBe('no-tls')
})

test('the port of a proxy that does not speak TLS is final after five times in a row', async () => {
  const { send } = start()
  const message =
    'tunneling socket could not be established, cause=write EPROTO 00:error:0A00010B:SSL routines'
  const proxy = { ...noTls, phase: 'proxy', code: 'ECONNRESET', message } as const
  for (let times = 0; times < 4; times++) expect(await send(proxy)).toBe('network')
  expect(await send(proxy)).toBe('no-tls')
})

test('a server that rejects the TLS handshake does speak TLS', async () => {
  const { send } = start()
  const message =
    'write EPROTO 00:error:0A00042E:SSL routines:tlsv1 alert protocol version:SSL alert number 70'
  for (let times = 0; times < 9; times++) expect(await send({ ...noTls, message })).toBe('network')
})

describe('a port that does not speak TLS', () => {
  test.each([
    ['a refused connection', refused],
    ['an unknown host', unknownHost],
    ['a timeout', timeout],
    ['a TLS error of another kind', { ...noTls, code: 'ECONNRESET' }],
    ['an untrusted certificate', { ...noTls, reason: 'certificate' } as const],
  ])('counts from the beginning after %s', async (_fault, fault) => {
    const { send } = start()
    for (let times = 0; times < 4; times++) await send(noTls)
    await send(fault)
    for (let times = 0; times < 4; times++) expect(await send(noTls)).toBe('network')
    expect(await send(noTls)).toBe('no-tls')
  })

  test('is counted on after an aborted exchange', async () => {
    const { send } = start()
    for (let times = 0; times < 4; times++) await send(noTls)
    await send(aborted)
    expect(await send(noTls)).toBe('no-tls')
  })

  test('is never final once the origin has sent a response', async () => {
    const { send } = start()
    await send(response)
    for (let times = 0; times < 10; times++) expect(await send(noTls)).toBe('network')
  })
})

test('other failures are never final', async () => {
  const { send } = start()
  for (let times = 0; times < 10; times++) {
    expect(await send(refused, MINUTE)).toBe('network')
    expect(await send({ ...refused, code: 'EAI_AGAIN' }, MINUTE)).toBe('network')
    expect(await send(timeout, MINUTE)).toBe('timeout')
  }
})

test('origins are separate, paths of one origin are not', async () => {
  const { send } = start()
  const [jobs, sts, port] = ['https://host.example/a', 'https://sts.example/a', 'https://host.example:8443/a']
  await send(unknownHost, 0, jobs)
  await send(response, 0, sts)
  await send(unknownHost, 0, port)
  expect(await send(unknownHost, 2 * MINUTE, 'https://host.example/b?c')).toBe('unknown-host')
  expect(await send(unknownHost, 0, port)).toBe('unknown-host')
  await send(response, 0, port)
  expect(await send(unknownHost, 0, port)).toBe('network')
  expect(await send(unknownHost, 0, jobs)).toBe('unknown-host')
  expect(await send(unknownHost, 2 * MINUTE, sts)).toBe('network')
  expect(await send(unknownHost, 2 * MINUTE, sts)).toBe('network')
})
