import { describe, expect, test } from '@jest/globals'
import type { ExchangeResult, HttpRequest } from '../../src/http/exchange.ts'
import { logRequests } from '../../src/report/request-log.ts'
import { Secrets } from '../../src/secrets.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'

const request: HttpRequest = {
  method: 'GET',
  url: 'https://host/v3/project/jobs?id=job-1',
  headers: { 'X-Auth-Token': 'token-not-a-secret' },
  body: '',
}

const response: ExchangeResult = {
  kind: 'response',
  status: 200,
  headers: { 'x-request-id': 'id-of-token-not-a-secret', 'set-cookie': ['session=1'] },
  body: '{"é":1}',
  bodyError: undefined,
}

const noResponse: ExchangeResult = {
  kind: 'no-response',
  reason: 'network',
  phase: 'tls',
  code: 'ECONNRESET\n::error::x',
  message: 'x',
  proxyStatus: undefined,
}

async function send(result: ExchangeResult, isDebug = true) {
  const lines: string[] = []
  const clock = new VirtualClock()
  const secrets = new Secrets(() => undefined)
  secrets.add('token-not-a-secret')
  const slowExchange = async () => {
    await clock.sleep(34)
    return result
  }
  const printer = { isDebug: () => isDebug, debug: (line: string) => lines.push(line) }
  const requests = logRequests(slowExchange, printer, secrets, clock)
  const received = await clock.run(requests.exchange(request, new AbortController().signal))
  return { lines, received, count: requests.count() }
}

describe('in debug mode, each request is logged on one line without secrets:', () => {
  test.each([
    ['a response', response, '200, 8 bytes, request ID id-of-***, 34 ms'],
    [
      'a response with a body error',
      { ...response, bodyError: 'is not UTF-8' },
      '200, a body that is not UTF-8, request ID',
    ],
    ['a response without a request ID', { ...response, headers: {} }, '200, 8 bytes, 34 ms'],
    [
      'no response for no known reason',
      { ...noResponse, code: undefined },
      'no response (network in phase tls), 34 ms',
    ],
    ['no response', noResponse, 'no response (network in phase tls, ECONNRESET ::error::x), 34 ms'],
  ])('%s', async (_name, result, line) => {
    const { lines } = await send(result)
    expect(lines).toEqual([expect.stringContaining(`GET https://host/v3/project/jobs: ${line}`)])
  })
})

test('without debug mode, a request is only counted', async () => {
  expect(await send(response, false)).toEqual({ lines: [], received: response, count: 1 })
})
