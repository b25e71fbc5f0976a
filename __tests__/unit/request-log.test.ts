import { describe, expect, test } from '@jest/globals'
import type { ExchangeResult, HttpRequest } from '../../src/http/exchange.ts'
import { RequestLog } from '../../src/report/request-log.ts'
import { Secrets } from '../../src/secrets.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'

const request: HttpRequest = {
  method: 'GET',
  url: 'https://host/v3/project/jobs?id=job-1',
  headers: { 'X-Auth-Token': 'token-not-a-secret' },
  body: '',
}

const reply: ExchangeResult = {
  kind: 'response',
  status: 200,
  headers: { 'x-request-id': 'id-of-token-not-a-secret', 'set-cookie': ['session=1'] },
  body: '{"é":1}',
  bodyError: undefined,
}

const noReply: ExchangeResult = {
  kind: 'no-response',
  reason: 'network',
  phase: 'tls',
  code: 'ECONNRESET\n::error::x',
  message: 'x',
  proxyStatus: undefined,
}

async function told(exchanged: ExchangeResult, isDebug = true) {
  const lines: string[] = []
  const clock = new VirtualClock()
  const secrets = new Secrets(() => undefined)
  secrets.add('token-not-a-secret')
  const send = async () => {
    await clock.sleep(34)
    return exchanged
  }
  const printer = { isDebug: () => isDebug, debug: (line: string) => lines.push(line) }
  const exchanges = new RequestLog(send, printer, secrets, clock)
  const answer = await clock.run(exchanges.exchange(request, new AbortController().signal))
  return { lines, answer, count: exchanges.count }
}

describe('in debug mode each exchange is a line, without a secret and on one line:', () => {
  test.each([
    ['an answer', reply, '200, 8 bytes, request id id-of-***, 34 ms'],
    [
      'one that can’t be read',
      { ...reply, bodyError: 'is not UTF-8' },
      '200, a body that is not UTF-8, request id',
    ],
    ['none', noReply, 'no response, network in phase tls ECONNRESET ::error::x, 34 ms'],
  ])('%s', async (_what, exchanged, line) => {
    const { lines } = await told(exchanged)
    expect(lines).toEqual([expect.stringContaining(`GET https://host/v3/project/jobs: ${line}`)])
  })
})

test('else it is only counted', async () => {
  expect(await told(reply, false)).toEqual({ lines: [], answer: reply, count: 1 })
})
