import { describe, expect, test } from '@jest/globals'
import type { IncomingHttpHeaders } from 'node:http'
import type { JobResponse } from '../../src/response.ts'
import { readJobResponse } from '../../src/api/jobs.ts'
import { SERVICES } from '../../src/api/service.ts'
import type { NoResponse } from '../../src/http/exchange.ts'
import { noSecrets, plain } from './text.ts'

const ID = 'a9767ede-fe0f-4888-9003-e843a4c90514'

function answerTo(
  status: number,
  body: unknown,
  headers: IncomingHttpHeaders = {},
  bodyError?: string,
): JobResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reply = { kind: 'response', status, headers, body: text, bodyError } as const
  return readJobResponse(reply, ID, SERVICES.taurusdb, noSecrets, Date.UTC(2026, 0, 1))
}

/** What an answer of another service is. */
function answerOf(service: keyof typeof SERVICES, body: unknown): JobResponse {
  const reply = {
    kind: 'response',
    status: 200,
    headers: {},
    body: JSON.stringify(body),
    bodyError: undefined,
  } as const
  return readJobResponse(reply, ID, SERVICES[service], noSecrets, 0)
}

function says(answer: JobResponse): string {
  return 'detail' in answer ? plain(answer.detail.message) : ''
}

const error = (error_code: string, error_msg = 'text') => ({ error_code, error_msg })

describe('HTTP 200', () => {
  test('with the job that was asked for is that job, whatever the case of its id', () => {
    expect(answerTo(200, { job: { id: ID.toUpperCase(), status: 'Running' } }).kind).toBe('job')
  })

  test('with a job whose id only looks like it in lower case is about another job', () => {
    const body = JSON.stringify({ job: { id: '\u212A1', status: 'Completed' } })
    const reply = { kind: 'response', status: 200, headers: {}, body, bodyError: undefined } as const
    expect(readJobResponse(reply, 'k1', SERVICES.taurusdb, noSecrets, 0).kind).toBe('other-job')
  })

  test('with another job is about another job', () => {
    const answer = answerTo(200, { job: { id: 'another', status: 'Completed' } })
    expect(answer.kind === 'other-job' && answer.id.reveal()).toBe('another')
  })

  test('with a null job is a job that is not visible', () => {
    expect(answerTo(200, { job: null }).kind).toBe('not-found-yet')
  })

  test.each([
    ['no JSON', '<html><title>Sign in</title></html>', 'HTTP 200 with the text “Sign in”'],
    ['nothing', '', 'HTTP 200 without a text'],
    ['only markup', '<br>', 'HTTP 200 without a text'],
    ['another shape', { jobs: [], total_count: 0 }, 'the fields “jobs, total_count”'],
    ['a list', [], 'the fields “”'],
    ['a number', 7, 'the fields “”'],
    ['null', null, 'the fields “”'],
    ['a job that is text', { job: 'x' }, 'the fields “job”'],
    ['a job without an id', { job: { status: 'Completed' } }, 'the fields “job”'],
    ['a job without a status', { job: { id: ID } }, 'the fields “job”'],
    ['an empty status', { job: { id: ID, status: '' } }, 'the fields “job”'],
    ['a status that is no text', { job: { id: ID, status: true } }, 'the fields “job”'],
  ])('with %s is unusable, and says what came instead', (_what, body, expected) => {
    const answer = answerTo(200, body)
    expect(answer.kind).toBe('unusable')
    expect(says(answer)).toContain(expected)
  })
})

describe('HTTP 200 of a sister service', () => {
  const completed = { id: ID, status: 'Completed' }
  const running = { id: ID, status: 'Running' }
  const other = { id: 'another', status: 'Completed' }

  test.each(['rds', 'dds', 'gaussdb'] as const)('of %s is read as TaurusDB’s', (service) => {
    expect(answerOf(service, { job: completed })).toEqual(answerTo(200, { job: completed }))
    expect(answerOf(service, { job: null }).kind).toBe('not-found-yet')
    expect(answerOf(service, { job: other }).kind).toBe('other-job')
    expect(answerOf(service, { jobs: [completed], total_count: 1 }).kind).toBe('unusable')
  })

  describe('of GeminiDB', () => {
    const list = (...jobs: unknown[]) => answerOf('geminidb', { jobs, total_count: jobs.length })
    const meaning = (answer: JobResponse) => (answer.kind === 'job' ? answer.job.status.meaning : answer.kind)

    test('with the job in a list is that job, wherever it stands, whatever the case of its id', () => {
      expect(meaning(list(completed))).toBe('completed')
      expect(meaning(list(other, null, 7, {}, { id: 5 }, { ...running, id: ID.toUpperCase() }))).toBe(
        'running',
      )
      expect(meaning(list(running, other))).toBe('running')
    })

    test('with an empty list is a job that is not visible', () => {
      expect(list().kind).toBe('not-found-yet')
      expect(says(list())).toBe('HTTP 200 with an empty list')
    })

    test('with a list without the job is about another job', () => {
      const answer = list(other, { id: 'a third', status: 'Completed' })
      expect(answer.kind === 'other-job' && answer.id.reveal()).toBe('another')
    })

    test.each([
      [completed, running],
      [running, completed],
      [completed, completed],
      [completed, { ...running, id: ID.toUpperCase() }],
      [completed, { id: ID }],
    ])('with the job twice, %j and %j, is unusable: nobody knows which one counts', (...jobs) => {
      expect(list(...jobs).kind).toBe('unusable')
      expect(says(list(...jobs))).toBe('HTTP 200 with a list that holds the job 2 times')
    })

    test.each([
      ['a null job', [null]],
      ['a job that is text', [ID]],
      ['a job without a status', [{ id: ID }]],
      ['a job without a status, and another', [other, { id: ID }]],
      ['a job without an id', [{ status: 'Completed' }]],
      ['a status that is no text', [{ id: ID, status: ['Completed'] }]],
      ['a list in the list', [[completed]]],
    ])('with %s in the list is unusable', (_what, jobs) => {
      expect(list(...jobs).kind).toBe('unusable')
      expect(says(list(...jobs))).toContain('the fields “jobs, total_count”')
    })

    test.each([
      { job: completed },
      { job: null },
      { jobs: completed },
      { jobs: null },
      { jobs: { 0: completed } },
      [completed],
    ])('with %j is unusable: only a list counts', (body) => {
      expect(answerOf('geminidb', body).kind).toBe('unusable')
    })
  })

  test('in the shape of another one is unusable, and says which service to give', () => {
    const checkOf = (answer: JobResponse) => ('detail' in answer ? answer.detail.hint : undefined)
    for (const service of ['taurusdb', 'rds', 'dds', 'gaussdb'] as const) {
      const answer = answerOf(service, { jobs: [completed], total_count: 1 })
      expect(says(answer)).toContain('only the fields “jobs, total_count”')
      expect(checkOf(answer)).toContain('give service: geminidb')
    }
    expect(checkOf(answerOf('geminidb', { job: completed }))).toContain('TaurusDB, RDS, DDS and GaussDB')
    for (const body of [{}, [], null, { job: {}, jobs: [] }, { data: { jobs: [] } }]) {
      expect(checkOf(answerOf('rds', body))).toBeUndefined()
    }
    expect(checkOf(answerOf('geminidb', { job: {}, jobs: [null] }))).toBeUndefined()
  })
})

test('HTTP 200 with a body that is not what was sent is unusable, even with a completed job', () => {
  const answer = answerTo(200, { job: { id: ID, status: 'Completed' } }, {}, 'is larger than 1 MiB')
  expect(answer.kind).toBe('unusable')
  expect(says(answer)).toBe('HTTP 200 with a body that is larger than 1 MiB')
})

test.each([201, 202, 204, 206])('another success, %d, is unusable, even with a completed job', (status) => {
  expect(answerTo(status, { job: { id: ID, status: 'Completed' } }).kind).toBe('unusable')
})

describe('not visible is', () => {
  test.each([
    [400, error('DBS.200543', 'The job does not exist.')],
    [404, error('DBS.200543')],
    [404, ''],
    [404, '<html>Not found</html>'],
  ])('%d with %j', (status, body) => {
    expect(answerTo(status, body).kind).toBe('not-found-yet')
  })
})

describe('refused is', () => {
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
  ])('%d with %j: %s', (status, body, why) => {
    const answer = answerTo(status, body)
    expect(answer.kind === 'rejected' && answer.reason).toBe(why)
    // Other jobs would not fare better with the same credentials.
    expect(answer.kind === 'rejected' && answer.scope).toBe(why === 'credentials' ? 'all' : 'job')
  })

  describe('credentials, with a clock', () => {
    const NOW = Date.UTC(2026, 10, 25, 12)
    const answerAt = (status: number, headers: Record<string, string>) =>
      readJobResponse(
        { kind: 'response', status, headers, body: '', bodyError: undefined },
        'job-1',
        SERVICES.taurusdb,
        noSecrets,
        NOW,
      )
    test.each([
      ['Wed, 25 Nov 2026 12:06:00 GMT', '; the clock of this runner is 6m behind the service’s'],
      ['Wed, 25 Nov 2026 11:53:30 GMT', '; the clock of this runner is 6m30s ahead of the service’s'],
      ['Wed, 25 Nov 2026 12:05:00 GMT', ''],
      ['Wed, 25 Nov 2026 11:56:00 GMT', ''],
      ['never', ''],
      ['', ''],
    ])('%j says %j', (date, says_) => {
      expect(says(answerAt(401, { date }))).toBe(`HTTP 401${says_}`)
      expect(says(answerAt(403, { date }))).toBe('HTTP 403')
    })

    test('that is not told says nothing of it', () => {
      expect(says(answerAt(401, {}))).toBe('HTTP 401')
    })
  })

  test('a redirect, which tells where it leads', () => {
    expect(says(answerTo(302, '', { location: 'https://elsewhere.example' }))).toBe(
      'HTTP 302 to https://elsewhere.example',
    )
  })
})

describe('to be tried again is', () => {
  test.each([408, 429, 500, 502, 503, 504, 599])('%d', (status) => {
    expect(answerTo(status, '').kind).toBe('transient')
  })

  test.each([
    ['7', 7_000],
    ['0', undefined],
    ['-5', undefined],
    ['soon', undefined],
    ['1e3', undefined],
    ['999999999999', 300_000],
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
    ['Thursday, 01-Jan-26 00:01:30 GMT', 90_000],
    ['Thu Jan  1 00:01:30 2026', 90_000],
    ['Thu, 01 Jan 2026 10:00:00 GMT', 300_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', undefined],
    ['', undefined],
  ])('429 with Retry-After %j after %p ms', (header, ms) => {
    const answer = answerTo(429, '', { 'retry-after': header })
    expect(answer.kind === 'transient' && answer.retryAfter).toBe(ms)
  })
})

describe('an error tells code, message and request id', () => {
  const expected = 'HTTP 500 X.1 “text” (request id r1)'
  test.each([
    ['the service', { error_code: 'X.1', error_msg: 'text' }, { 'x-request-id': 'r1' }],
    ['the gateway', { error_code: 'X.1', error_msg: 'text', request_id: 'r1' }, {}],
    ['older services', { errorCode: 'X.1', errorMsg: 'text' }, { 'x-request-id': 'r1' }],
    ['newer services', { code: 'X.1', message: 'text', request_id: 'r1' }, {}],
    ['IAM', { error: { code: 'X.1', message: 'text', title: 'T' } }, { 'x-iam-trace-id': 'r1' }],
    ['IAM without a message', { error: { code: 'X.1', title: 'text' } }, { 'x-iam-trace-id': 'r1' }],
  ])('in the shape of %s', (_who, body, headers) => {
    expect(says(answerTo(500, body, headers))).toBe(expected)
  })

  test('with a code that is a number', () => {
    expect(says(answerTo(500, { error: { code: 500, message: 'text' } }))).toBe('HTTP 500 500 “text”')
  })

  test('of a web page only what a person reads of it', () => {
    const page =
      '<html><head><style>b{}</style></head><body><h1>502</h1>\n<p>The backend server is unreachable</p></body></html>'
    expect(says(answerTo(502, page))).toBe('HTTP 502 “502 The backend server is unreachable”')
  })

  test.each(['"no such host"', '["no"]'])('of JSON that is no object, %s, all', (body) => {
    expect(says(answerTo(500, body))).toBe(`HTTP 500 “${body}”`)
  })

  test.each(['', '{}', '{"error":"x"}', '{"error_code":{}}'])('and nothing of %j', (body) => {
    expect(says(answerTo(500, body))).toBe('HTTP 500')
  })
})

describe('without a reply', () => {
  const noReply: NoResponse = {
    kind: 'no-response',
    reason: 'network',
    phase: 'connect',
    code: 'ECONNREFUSED',
    message: 'connect ECONNREFUSED',
    proxyStatus: undefined,
  }
  const read = (failure: Partial<NoResponse>) =>
    readJobResponse({ ...noReply, ...failure }, ID, SERVICES.taurusdb, noSecrets, 0)

  test.each([
    ['connect', 'no connection: “connect ECONNREFUSED”'],
    ['proxy', 'no way through the proxy: “connect ECONNREFUSED”'],
    ['tls', 'the TLS handshake failed: “connect ECONNREFUSED”'],
    ['headers', 'the connection broke before an answer: “connect ECONNREFUSED”'],
    ['body', 'the answer was cut: “connect ECONNREFUSED”'],
  ] as const)('it is tried again, and the phase %s is named', (phase, expected) => {
    const answer = read({ phase })
    expect(answer.kind).toBe('transient')
    expect(says(answer)).toBe(expected)
  })

  test('for lack of time, it is tried again', () => {
    const answer = read({ reason: 'timeout', phase: 'headers' })
    expect(answer.kind).toBe('transient')
    expect(says(answer)).toBe('no answer came in time')
  })

  test('because of a certificate, it is refused', () => {
    const answer = read({ reason: 'certificate', phase: 'tls', message: 'self-signed certificate' })
    expect(answer.kind === 'rejected' && answer.reason).toBe('certificate')
  })

  test.each([
    [407, 'rejected'],
    [403, 'rejected'],
    [408, 'transient'],
    [429, 'transient'],
    [502, 'transient'],
    [302, 'rejected'],
  ])('because the proxy answered %d, it is %s', (proxyStatus, kind) => {
    expect(read({ phase: 'proxy', proxyStatus }).kind).toBe(kind)
  })
})
