import { describe, expect, test } from '@jest/globals'
import type { IncomingHttpHeaders } from 'node:http'
import type { JobResponse } from '../../src/response.ts'
import { readJobResponse } from '../../src/api/jobs.ts'
import { SERVICES } from '../../src/api/service.ts'
import type { NoResponse } from '../../src/http/exchange.ts'
import { contextAt, plain } from './text.ts'

const ID = 'a9767ede-fe0f-4888-9003-e843a4c90514'

function responseTo(
  status: number,
  body: unknown,
  headers: IncomingHttpHeaders = {},
  bodyError?: string,
): JobResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = { kind: 'response', status, headers, body: text, bodyError } as const
  return readJobResponse(response, ID, contextAt(Date.UTC(2026, 0, 1)))
}

/** The result of HTTP 200 from another database service. */
function responseOf(service: keyof typeof SERVICES, body: unknown): JobResponse {
  const response = {
    kind: 'response',
    status: 200,
    headers: {},
    body: JSON.stringify(body),
    bodyError: undefined,
  } as const
  return readJobResponse(response, ID, { ...contextAt(0), service: SERVICES[service] })
}

function messageOf(response: JobResponse): string {
  return 'detail' in response ? plain(response.detail.message) : ''
}

function hintOf(response: JobResponse): string | undefined {
  return 'detail' in response ? response.detail.hint : undefined
}

const error = (error_code: string, error_msg = 'text') => ({ error_code, error_msg })

describe('HTTP 200', () => {
  test('with the requested job is that job, ignoring the case of its ID', () => {
    expect(responseTo(200, { job: { id: ID.toUpperCase(), status: 'Running' } }).kind).toBe('job')
  })

  test('with an ID that equals the requested ID only through Unicode lower case is about another job', () => {
    const body = JSON.stringify({ job: { id: '\u212A1', status: 'Completed' } })
    const response = { kind: 'response', status: 200, headers: {}, body, bodyError: undefined } as const
    expect(readJobResponse(response, 'k1', contextAt(0))).toMatchObject({ reason: 'other-job' })
  })

  test('with another job is about another job', () => {
    const response = responseTo(200, { job: { id: 'another', status: 'Completed' } })
    expect(response).toMatchObject({ kind: 'rejected', reason: 'other-job', scope: 'job' })
    expect(plain('detail' in response ? response.detail.message : [])).toBe(
      'the response is about job another',
    )
  })

  test('with a null job is a job not found yet', () => {
    expect(responseTo(200, { job: null }).kind).toBe('not-found-yet')
    const withError = responseTo(200, { job: null, error_code: 'DBS.1', error_msg: 'text' })
    expect([withError.kind, messageOf(withError)]).toEqual(['not-found-yet', 'HTTP 200 DBS.1 “text”'])
  })

  test.each([{}, { id: null, status: null }, { id: '', status: '', name: null }])(
    'with a job whose fields have no values is a job not found yet: %j',
    (job) => {
      expect(responseTo(200, { job }).kind).toBe('not-found-yet')
    },
  )

  test('with only a message is unusable, and contains it', () => {
    const response = responseTo(200, { error_msg: 'text' })
    expect([response.kind, messageOf(response)]).toEqual(['unusable', 'HTTP 200 “text”'])
  })

  test.each([
    { id: ID },
    { id: ID, status: '' },
    { id: ID, status: null },
    { id: ID.toUpperCase(), status: '', process: '100%' },
  ])('with the requested job, but without its status, is a job not found yet: %j', (job) => {
    const response = responseTo(200, { job })
    expect(response.kind).toBe('not-found-yet')
    expect(messageOf(response)).toBe('HTTP 200 with a job that has no status')
  })

  test.each([
    { error_code: 'DBS.1', error_msg: 'text' },
    { errCode: 'DBS.1', externalMessage: 'text' },
    { job: { error_code: 'DBS.1', error_msg: 'text' } },
  ])('with the error %j is unusable, and the message contains its code and message', (body) => {
    const response = responseTo(200, body)
    expect(response.kind).toBe('unusable')
    expect(messageOf(response)).toBe('HTTP 200 DBS.1 “text”')
  })

  test.each([
    ['HTML', '<html><title>Sign in</title></html>', 'HTTP 200 with the text “Sign in”'],
    ['an empty body', '', 'HTTP 200 without text'],
    ['only markup', '<br>', 'HTTP 200 without text'],
    ['another format', { jobs: [], total_count: 0 }, 'the fields “jobs, total_count”'],
    ['a list', [], 'the fields “”'],
    ['a number', 7, 'the fields “”'],
    ['null', null, 'the fields “”'],
    ['a job that is text', { job: 'x' }, 'the fields “job”'],
    ['a job without an id', { job: { status: 'Completed' } }, 'the fields “job”'],
    ['another job without a status', { job: { id: 'another' } }, 'the fields “job”'],
    ['a status that is not text', { job: { id: ID, status: true } }, 'the fields “job”'],
  ])('with %s is unusable, and the message describes the body', (_body, body, expected) => {
    const response = responseTo(200, body)
    expect(response.kind).toBe('unusable')
    expect(messageOf(response)).toContain(expected)
  })
})

describe('HTTP 200 of another database service', () => {
  const completed = { id: ID, status: 'Completed' }
  const running = { id: ID, status: 'Running' }
  const other = { id: 'another', status: 'Completed' }

  test.each(['rds', 'dds', 'gaussdb'] as const)('has the format of TaurusDB for %s', (service) => {
    expect(responseOf(service, { job: completed })).toEqual(responseTo(200, { job: completed }))
    expect(responseOf(service, { job: null }).kind).toBe('not-found-yet')
    expect(responseOf(service, { job: other })).toMatchObject({ reason: 'other-job' })
    expect(responseOf(service, { jobs: [completed], total_count: 1 }).kind).toBe('unusable')
  })

  describe('for GeminiDB', () => {
    const list = (...jobs: unknown[]) => responseOf('geminidb', { jobs, total_count: jobs.length })
    const meaning = (response: JobResponse) =>
      response.kind === 'job' ? response.job.status.meaning : response.kind

    test('with a list that contains the job is that job, at any position and ignoring the case of its ID', () => {
      expect(meaning(list(completed))).toBe('completed')
      expect(meaning(list(other, null, 7, {}, { id: 5 }, { ...running, id: ID.toUpperCase() }))).toBe(
        'running',
      )
      expect(meaning(list(running, other))).toBe('running')
    })

    test.each([
      ['no job', []],
      ['other jobs', [other, { id: 'a third', status: 'Completed' }]],
      ['a null job', [null]],
      ['a job that is text', [ID]],
      ['a job without an ID', [{ status: 'Completed' }]],
      ['a list', [[completed]]],
    ])('with a list that contains only %s is a job not found yet', (_entries, jobs) => {
      expect(list(...jobs).kind).toBe('not-found-yet')
      expect(messageOf(list(...jobs))).toBe('HTTP 200 with a list without the job')
    })

    test.each([[[{ id: ID }]], [[{ id: ID, status: '' }]], [[other, { id: ID, status: null }]]])(
      'with a list that contains the job without a status is a job not found yet: %j',
      (jobs) => {
        expect(list(...jobs).kind).toBe('not-found-yet')
        expect(messageOf(list(...jobs))).toBe('HTTP 200 with a job that has no status')
      },
    )

    test.each([
      [completed, running],
      [running, completed],
      [completed, completed],
      [completed, { ...running, id: ID.toUpperCase() }],
      [completed, { id: ID }],
    ])('with a list that contains the job twice, %j and %j, is unusable', (...jobs) => {
      expect(list(...jobs).kind).toBe('unusable')
      expect(messageOf(list(...jobs))).toBe('HTTP 200 with a list that contains the job 2 times')
    })

    test('with a list that contains the job with a status that is not text is unusable', () => {
      const response = list(other, { id: ID, status: ['Completed'] })
      expect(response.kind).toBe('unusable')
      expect(messageOf(response)).toContain('the fields “jobs, total_count”')
    })

    test.each([
      { job: completed },
      { job: null },
      { jobs: completed },
      { jobs: null },
      { jobs: { 0: completed } },
      [completed],
    ])('with %j is unusable, because it is not a list', (body) => {
      expect(responseOf('geminidb', body).kind).toBe('unusable')
    })
  })

  test('with the format of another service is unusable, and the hint names that service', () => {
    for (const service of ['taurusdb', 'rds', 'dds', 'gaussdb'] as const) {
      const response = responseOf(service, { jobs: [completed], total_count: 1 })
      expect(messageOf(response)).toContain('only the fields “jobs, total_count”')
      expect(hintOf(response)).toContain('set service to geminidb')
    }
    expect(hintOf(responseOf('geminidb', { job: completed }))).toContain('TaurusDB, RDS, DDS, and GaussDB')
    for (const body of [{}, [], null, { job: {}, jobs: [] }, { data: { jobs: [] } }]) {
      expect(hintOf(responseOf('rds', body))).toBeUndefined()
    }
    expect(hintOf(responseOf('geminidb', { job: {}, jobs: [null] }))).toBeUndefined()
  })
})

test('HTTP 200 with a body error is unusable, even with a completed job', () => {
  const response = responseTo(200, { job: { id: ID, status: 'Completed' } }, {}, 'is larger than 1 MiB')
  expect(response.kind).toBe('unusable')
  expect(messageOf(response)).toBe('HTTP 200 with a body that is larger than 1 MiB')
})

test.each([201, 202, 204, 206])('HTTP %d is unusable, even with a completed job', (status) => {
  expect(responseTo(status, { job: { id: ID, status: 'Completed' } }).kind).toBe('unusable')
})

describe('a job is not found yet after', () => {
  test.each([
    [400, error('DBS.200543', 'The job does not exist.')],
    [400, { errors: [{ error_code: 'DBS.200543', error_msg: 'text' }] }],
    [400, { code: 400, error: { error_code: 'DBS.200543' } }],
    [400, { errorcode: 'DBS.200543 ', errormsg: 'text' }],
    [400, JSON.stringify(JSON.stringify({ error_code: 'DBS.200543' }))],
    [200, error('DBS.200543')],
    [404, error('DBS.200543')],
    [404, ''],
    [404, '<html>Not found</html>'],
  ])('%d with %j', (status, body) => {
    expect(responseTo(status, body).kind).toBe('not-found-yet')
  })
})

describe('a request is rejected after', () => {
  test.each([
    [400, error('DBS.280001'), 'request'],
    [400, '', 'request'],
    [401, error('APIGW.0301'), 'credentials'],
    [403, error('DBS.280056', 'Invalid token.'), 'credentials'],
    [403, error('DBS.200010'), 'permission'],
    [404, error('APIGW.0101', 'The API does not exist'), 'request'],
    [404, error('APIG.0101'), 'request'],
    [407, '', 'proxy'],
    [410, '', 'request'],
    [301, '', 'redirect'],
    [302, '', 'redirect'],
    [304, '', 'redirect'],
    [307, '', 'redirect'],
  ])('%d with %j, for the reason %s', (status, body, reason) => {
    const response = responseTo(status, body)
    expect(response.kind === 'rejected' && response.reason).toBe(reason)
    // Requests for other jobs would use the same credentials.
    expect(response.kind === 'rejected' && response.scope).toBe(reason === 'credentials' ? 'all' : 'job')
  })

  describe('401, with a clock difference', () => {
    const NOW = Date.UTC(2026, 10, 25, 12)
    const responseAt = (status: number, headers: Record<string, string>) =>
      readJobResponse(
        { kind: 'response', status, headers, body: '', bodyError: undefined },
        'job-1',
        contextAt(NOW),
      )
    test.each([
      ['Wed, 25 Nov 2026 12:06:00 GMT', "; this runner's clock is 6m behind the service's clock"],
      ['Wed, 25 Nov 2026 11:53:30 GMT', "; this runner's clock is 6m30s ahead of the service's clock"],
      ['Wed, 25 Nov 2026 12:05:00 GMT', ''],
      ['Wed, 25 Nov 2026 11:56:00 GMT', ''],
      ['never', ''],
      ['', ''],
    ])('for the date %j that is reported as %j', (date, difference) => {
      expect(messageOf(responseAt(401, { date }))).toBe(`HTTP 401${difference}`)
      expect(messageOf(responseAt(403, { date }))).toBe('HTTP 403')
    })

    test('that is unknown without a date', () => {
      expect(messageOf(responseAt(401, {}))).toBe('HTTP 401')
    })
  })

  test.each([431, 494])('%d, and the hint is about the size of the token and the headers', (status) => {
    const response = responseTo(status, '')
    expect(response.kind === 'rejected' && response.reason).toBe('request')
    expect(hintOf(response)).toMatch(/^The token or another header is too large for the gateway\..*nocatalog/)
    expect(hintOf(responseTo(400, ''))).toBeUndefined()
  })

  test('a redirect, and the message contains its target', () => {
    expect(messageOf(responseTo(302, '', { location: 'https://elsewhere.example' }))).toBe(
      'HTTP 302 to https://elsewhere.example',
    )
  })
})

describe('a request is retried after', () => {
  test.each([408, 418, 429, 500, 502, 503, 504, 599])('%d', (status) => {
    expect(responseTo(status, '').kind).toBe('transient')
  })

  test('418, and the hint names a web application firewall', () => {
    expect(hintOf(responseTo(418, ''))).toContain('a web application firewall in front of the endpoint')
    expect(hintOf(responseTo(503, ''))).toBeUndefined()
  })

  test.each([
    ['7', 7_000],
    ['2.0', 2_000],
    ['2.5', 2_500],
    ['2s', 2_000],
    ['0', 1_000],
    ['-5', undefined],
    ['soon', undefined],
    ['1e3', undefined],
    ['999999999999', 300_000],
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
    ['Thursday, 01-Jan-26 00:01:30 GMT', 90_000],
    ['Thu Jan  1 00:01:30 2026', 90_000],
    ['Thu, 01 Jan 2026 10:00:00 GMT', 300_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 1_000],
    ['', undefined],
  ])('429 with Retry-After %j, in %p ms', (header, ms) => {
    const response = responseTo(429, '', { 'retry-after': header })
    expect(response.kind === 'transient' && response.retryAfter).toBe(ms)
  })

  test.each(['Wed, 31 Dec 2025 23:50:00 GMT', 'Thu, 01 Jan 2026 00:10:00 GMT'])(
    '429 with a Retry-After whose date is measured by the clock of the service, at %s',
    (date) => {
      const retryAfter = new Date(Date.parse(date) + 90_000).toUTCString()
      const response = responseTo(429, '', { date, 'retry-after': retryAfter })
      expect(response.kind === 'transient' && response.retryAfter).toBe(90_000)
    },
  )
})

describe('the message of an error contains code, message, and request ID', () => {
  const expected = 'HTTP 500 X.1 “text” (request ID r1)'
  test.each([
    ['the service', { error_code: 'X.1', error_msg: 'text' }, { 'x-request-id': 'r1' }],
    ['the gateway', { error_code: 'X.1', error_msg: 'text', request_id: 'r1' }, {}],
    ['older services', { errorCode: 'X.1', errorMsg: 'text' }, { 'x-request-id': 'r1' }],
    ['newer services', { code: 'X.1', message: 'text', request_id: 'r1' }, {}],
    ['IAM', { error: { code: 'X.1', message: 'text', title: 'T' } }, { 'x-iam-trace-id': 'r1' }],
    ['the console', { errCode: 'X.1', externalMessage: 'text' }, { 'x-request-id': 'r1' }],
    ['OpenStack', { badRequest: { code: 'X.1', message: 'text' } }, { 'x-request-id': 'r1' }],
    ['OpenStack for 404', { itemNotFound: { message: 'text', code: 'X.1' } }, { 'x-request-id': 'r1' }],
    ['a nested error', { data: null, fault: { errCode: 'X.1', errorMsg: 'text', request_id: 'r1' } }, {}],
    ['a gateway', { ErrorCode: 'X.1', ErrorMessage: 'text', RequestId: 'r1' }, {}],
    ['a list of errors', { errors: [{ code: 'X.1', message: 'text' }] }, { 'x-request-id': 'r1' }],
    ['a short message', { errCode: 'X.1', errMsg: 'text' }, { 'x-request-id': 'r1' }],
    [
      'a code beside the status',
      { code: 500, msg: 'text', error: { code: 'X.1' } },
      { 'x-request-id': 'r1' },
    ],
    ['IAM without a message', { error: { code: 'X.1', title: 'text' } }, { 'x-iam-trace-id': 'r1' }],
  ])('in the format of %s', (_service, body, headers) => {
    expect(messageOf(responseTo(500, body, headers))).toBe(expected)
  })

  test('and all of an error whose message is unknown', () => {
    const body = { error_code: 'X.1', detail: 'text' }
    expect(messageOf(responseTo(500, body))).toBe(`HTTP 500 X.1 “${JSON.stringify(body)}”`)
    expect(messageOf(responseTo(500, { error_code: 'X.1', request_id: 'r1' }))).toBe(
      'HTTP 500 X.1 (request ID r1)',
    )
  })

  test('with a code that is a number', () => {
    expect(messageOf(responseTo(500, { error: { code: 500, message: 'text' } }))).toBe('HTTP 500 500 “text”')
  })

  test('and only the readable text of a web page', () => {
    const page =
      '<html><head><style>b{}</style></head><body><h1>502</h1>\n<p>The backend server is unreachable</p></body></html>'
    expect(messageOf(responseTo(502, page))).toBe('HTTP 502 “502 The backend server is unreachable”')
  })

  test.each(['"no such host"', '["no"]'])('and all of JSON that is not an object: %s', (body) => {
    expect(messageOf(responseTo(500, body))).toBe(`HTTP 500 “${body}”`)
  })

  test.each(['', '{}', ' { } ', '<br>'])('and nothing of the body %j', (body) => {
    expect(messageOf(responseTo(500, body))).toBe('HTTP 500')
  })

  test.each([
    '{"error":"x"}',
    '{"error_code":{}}',
    '{"a":{"b":{"error_code":"X.1","error_msg":"two levels down"}}}',
    '{"detail":"<b>no</b>"}',
  ])('and compact text of any other JSON object: %s', (body) => {
    const indented = JSON.stringify(JSON.parse(body), undefined, 2)
    expect(messageOf(responseTo(500, indented))).toBe(`HTTP 500 “${body}”`)
  })

  test('and a part of a JSON object that is too long', () => {
    const message = messageOf(responseTo(500, { detail: 'x'.repeat(100_000) }))
    expect(message).toMatch(/^HTTP 500 “\{"detail":"x+”$/)
    expect(message.length).toBeLessThan(17_000)
  })

  test.each([
    '<script>if (a < b) { run("secret") }</script>Bad gateway',
    '<SCRIPT type="module">"<p>secret</p>"</SCRIPT >Bad gateway',
    '<style>a < b { content: "secret" }</style>Bad gateway',
    '<script>1</script>Bad gateway<style>secret',
    'Bad gateway<script src="x">for (;i<secret;) {}',
  ])('and nothing of scripts and styles of the web page %j', (page) => {
    expect(messageOf(responseTo(502, page))).toBe('HTTP 502 “Bad gateway”')
  })

  test.each(['<script', '<script>', '<style <', '</script', '<script></script'])(
    'within a second for a page of 100,000 times %j',
    (part) => {
      const start = performance.now()
      responseTo(502, part.repeat(100_000))
      expect(performance.now() - start).toBeLessThan(1_000)
    },
  )
})

describe('without a response', () => {
  const noResponse: NoResponse = {
    kind: 'no-response',
    reason: 'network',
    phase: 'connect',
    code: 'ECONNREFUSED',
    message: 'connect ECONNREFUSED',
    proxyStatus: undefined,
  }
  const read = (failure: Partial<NoResponse>) =>
    readJobResponse({ ...noResponse, ...failure }, ID, contextAt(0))

  test.each([
    ['connect', 'connection failed: “connect ECONNREFUSED”'],
    ['proxy', 'connection through the proxy failed: “connect ECONNREFUSED”'],
    ['tls', 'TLS handshake failed: “connect ECONNREFUSED”'],
    ['headers', 'connection lost before the response: “connect ECONNREFUSED”'],
    ['body', 'connection lost during the response: “connect ECONNREFUSED”'],
  ] as const)('because of a network error in the phase %s, it is retried', (phase, expected) => {
    const response = read({ phase })
    expect(response.kind).toBe('transient')
    expect(messageOf(response)).toBe(expected)
  })

  test('because of a timeout, it is retried', () => {
    const response = read({ reason: 'timeout', phase: 'headers' })
    expect(response.kind).toBe('transient')
    expect(messageOf(response)).toBe('timed out while waiting for the response')
  })

  test('because of a certificate, it is rejected', () => {
    const response = read({ reason: 'certificate', phase: 'tls', message: 'self-signed certificate' })
    expect(response.kind === 'rejected' && response.reason).toBe('certificate')
  })

  test.each([
    ['unknown-host', 'connect', 'Check the spelling of the endpoint'],
    ['no-tls', 'tls', 'Check the port, also that of https_proxy: it must use TLS.'],
  ] as const)('because the endpoint is wrong (%s), it is rejected for all jobs', (reason, phase, hint) => {
    const response = read({ reason, phase, message: 'text' })
    expect(response.kind === 'rejected' && [response.reason, response.scope]).toEqual(['endpoint', 'all'])
    expect(messageOf(response)).toMatch(/failed: “text”$/)
    expect(hintOf(response)).toContain(hint)
  })

  test.each([
    [407, 'rejected'],
    [403, 'rejected'],
    [408, 'transient'],
    [429, 'transient'],
    [502, 'transient'],
    [302, 'rejected'],
  ])('because the proxy returned %d, it is %s', (proxyStatus, kind) => {
    expect(read({ phase: 'proxy', proxyStatus }).kind).toBe(kind)
  })
})
