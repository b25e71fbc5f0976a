import { describe, expect, test } from '@jest/globals'
import { jobListApi, listQuery, readListResponse } from '../../src/api/job-list.ts'
import { HOUR, MINUTE } from '../../src/duration.ts'
import type { HttpResponse } from '../../src/http/exchange.ts'
import { restOf } from '../../src/wait/time-window.ts'
import { listResponse } from './responses.ts'
import { tokenCredentials } from '../../src/credentials/credentials.ts'
import { contextAt, plain } from './text.ts'

/** The job list: its query, and the meaning of its responses. */

const entry = {
  job_id: 'Job-1',
  status: 'Running',
  process: '40%',
  order_id: 'CS1',
  created_time: '2026-01-01T08:00:00+0800',
  instance_id: 'i1',
}

function read(body: unknown, status = 200) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response: HttpResponse = { kind: 'response', status, headers: {}, body: text, bodyError: undefined }
  return readListResponse(response, contextAt(0))
}

const list = (...jobs: unknown[]) => ({ jobs, total_count: jobs.length })

function idsOf(body: unknown) {
  const response = read(body)
  return response.kind === 'list' ? response.entries.map(({ id }) => id.value) : response.kind
}

test('the query contains the time window in whole seconds, with each + encoded', () => {
  const window = { since: Date.UTC(2026, 0, 1), until: Date.UTC(2026, 0, 1, 12) + 999 }
  expect(listQuery(window)).toBe(
    'start_time=2026-01-01T00%3A00%3A00%2B0000&end_time=2026-01-01T12%3A00%3A00%2B0000&limit=50',
  )
})

describe('the end of the time window', () => {
  const NOW = Date.UTC(2026, 0, 1, 12)
  const window = { since: NOW - HOUR, until: NOW + 15 * MINUTE }
  const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}+0000`

  /** The window of each request, to a service whose clock differs by `skew`. */
  async function windowsSent(skew: number | undefined, windows = [window, window], status = 200, body = '') {
    const sent: (readonly (string | null)[])[] = []
    let now = NOW
    const listJobs = jobListApi({
      ...contextAt(0),
      wallClock: () => now,
      endpoint: 'https://host.example',
      getProject: () => Promise.resolve({ kind: 'project', id: 'p' }),
      language: 'en-us',
      credentials: tokenCredentials('fake-token'),
      exchange: ({ url }) => {
        const { searchParams } = new URL(url)
        sent.push([searchParams.get('start_time'), searchParams.get('end_time')])
        const date = skew === undefined ? 'never' : new Date(now + skew).toUTCString()
        return Promise.resolve({
          kind: 'response',
          status,
          headers: { date },
          body,
          bodyError: undefined,
        })
      },
    })
    for (const each of windows) {
      await listJobs(each, new AbortController().signal)
      now += MINUTE
    }
    return sent
  }

  test('is not in the future by the clock of this runner at first, then by that of the service', async () => {
    for (const [skew, status] of [
      [-10 * MINUTE, 200],
      [0, 200],
      [5 * MINUTE, 200],
      [-10 * MINUTE, 400],
    ] as const) {
      expect(await windowsSent(skew, [window, window], status)).toEqual([
        [time(window.since), time(NOW)],
        [time(window.since), time(NOW + MINUTE + skew)],
      ])
    }
  })

  test('is the requested one if that is not in the future', async () => {
    const past = { since: NOW - HOUR, until: NOW - MINUTE }
    expect(await windowsSent(HOUR, [window, past, window])).toEqual([
      [time(window.since), time(NOW)],
      [time(past.since), time(past.until)],
      [time(window.since), time(window.until)],
    ])
  })

  test('is not before its beginning', async () => {
    const since = NOW + MINUTE
    expect(await windowsSent(-HOUR, [{ since, until: since + HOUR }])).toEqual([[time(since), time(since)]])
  })

  test('is not before a job that was seen, even if the date of the service is', async () => {
    const created = NOW - 2 * MINUTE
    const body = JSON.stringify(list({ ...entry, created_time: time(created) }))
    expect(await windowsSent(-HOUR, [window, window], 200, body)).toEqual([
      [time(window.since), time(NOW)],
      [time(window.since), time(created + 1_000)],
    ])
    // The date of a job can be wrong, too.
    const future = JSON.stringify(list({ ...entry, created_time: time(NOW + 8 * HOUR) }))
    const [, [, end]] = (await windowsSent(0, [window, window], 200, future)) as [unknown, [string, string]]
    expect(end).toBe(time(NOW + MINUTE))
  })

  test('follows the clock of this runner if the service sends no valid date', async () => {
    expect(await windowsSent(undefined)).toEqual([
      [time(window.since), time(NOW)],
      [time(window.since), time(NOW + MINUTE)],
    ])
  })
})

describe('a response', () => {
  test('contains an entry for each job', () => {
    expect(read(list(entry))).toMatchObject({
      kind: 'list',
      isWhole: true,
      entries: [
        { id: { value: 'Job-1' }, orderId: 'CS1', created: Date.UTC(2026, 0, 1), job: { progress: 40 } },
      ],
    })
  })

  test('contains the same fields as a job response, except entities', () => {
    const detail = {
      status: 'Failed',
      ended_time: '2026-01-01T08:00:09+0800',
      fail_reason: 'why',
      instance_name: 'n1',
      job_name: 'j1',
    }
    const response = read(list({ ...entry, ...detail }))
    const job = response.kind === 'list' ? response.entries[0]?.job : undefined
    const texts = [job?.ended, job?.failReason, job?.instanceId?.text, job?.instanceName, job?.name]
    expect(texts.map((text) => text?.reveal())).toEqual(['2026-01-01T08:00:09+0800', 'why', 'i1', 'n1', 'j1'])
    expect(job?.durationSeconds).toBe(9)
  })

  test('is incomplete if total_count is larger than the number of jobs', () => {
    expect(read({ ...list(entry), total_count: 2 })).toMatchObject({ isWhole: false })
  })

  test.each([
    [49, undefined, true],
    [50, undefined, false],
    [50, null, false],
    [50, 'many', false],
    [50, '50', true],
    [50, '51', false],
    [1, '1', true],
    [1, '2', false],
    [0, undefined, true],
    [0, '0', true],
  ])('of %d jobs with the total_count %j is complete: %p', (count, total_count, isWhole) => {
    const jobs = Array.from({ length: count }, (_, index) => ({ ...entry, job_id: `job-${index}` }))
    expect(read({ jobs, total_count })).toMatchObject({ kind: 'list', isWhole })
  })

  test('may contain order IDs that are numbers', () => {
    expect(read(list({ ...entry, order_id: 2026 }))).toMatchObject({ entries: [{ orderId: '2026' }] })
    expect(read(list({ ...entry, order_id: ['CS1'] }))).toMatchObject({ entries: [{ orderId: undefined }] })
  })

  test('with an error is unusable, and the message contains its code and message', () => {
    const response = read({ errCode: 'DBS.1', externalMessage: 'text' })
    expect(response.kind === 'unusable' && plain(response.detail.message)).toBe('HTTP 200 DBS.1 “text”')
  })

  test('is complete even if some of its entries are invalid', () => {
    expect(read(list(entry, {}))).toMatchObject({ isWhole: true })
  })

  test('with another 2xx status or an incomplete body is unusable', () => {
    const body = JSON.stringify(list(entry))
    expect(read(body, 201).kind).toBe('unusable')
    const cut: HttpResponse = {
      kind: 'response',
      status: 200,
      headers: {},
      body,
      bodyError: 'is more than 1 MiB',
    }
    expect(readListResponse(cut, contextAt(0)).kind).toBe('unusable')
  })

  test('loses invalid entries, and jobs that are listed twice with different statuses, ignoring case', () => {
    expect(idsOf(list(null, 7, {}, { job_id: 'a b', status: 'x' }, { job_id: 'x' }, entry))).toEqual([
      'Job-1',
    ])
    expect(idsOf(list(entry, { ...entry, job_id: 'JOB-1', status: 'Completed' }))).toEqual([])
    expect(idsOf(list(entry, { ...entry, job_id: 'JOB-1' }))).toEqual(['Job-1'])
  })

  test('contains a job once for each instance and order', () => {
    const on = (instance_id: string) => ({ ...entry, instance_id })
    expect(read(list(on('i1'), on('i2'), on('i1')))).toMatchObject({
      entries: [{ job: { instanceId: { value: 'i1' } } }, { job: { instanceId: { value: 'i2' } } }],
      unusable: [],
    })
  })

  test.each([-1, 0, 1, '0', 49])('with 50 jobs and the total %j may not be whole', (total_count) => {
    const jobs = Array.from({ length: 50 }, (_, index) => ({ ...entry, job_id: `job-${index}` }))
    expect(read({ jobs, total_count })).toMatchObject({ isWhole: false })
    expect(read({ jobs: jobs.slice(1), total_count })).toMatchObject({ isWhole: true })
  })

  test('with very many entries is unusable', () => {
    expect(read({ jobs: Array.from({ length: 1_001 }, () => 0) }).kind).toBe('unusable')
  })

  test('names the owners of jobs whose entries cannot be used', () => {
    const owner = { job_id: 'x', order_id: 7, instance_id: 'i' }
    const pending = { ...entry, order_id: 'CS1', instance_id: 'i1', status: 'Pending' }
    const contradicting = [pending, { ...pending, status: 'Running' }]
    expect(read(list(null, { ...owner, status: '' }, ...contradicting))).toMatchObject({
      entries: [],
      unusable: [
        { orderId: undefined, instanceId: undefined },
        { orderId: '7', instanceId: 'i' },
        { orderId: 'CS1', instanceId: 'i1' },
        { orderId: 'CS1', instanceId: 'i1' },
      ],
    })
  })

  test.each(['<html>', '', '[]', { jobs: {} }, { total_count: 0 }])('%j is unusable', (body) => {
    expect(read(body).kind).toBe('unusable')
  })

  test.each([
    [204, 'unusable'],
    [302, 'rejected'],
    [400, 'rejected'],
    [403, 'rejected'],
    [404, 'rejected'],
    [429, 'transient'],
    [502, 'transient'],
  ])('%d is %s', (status, kind) => {
    expect(read('', status).kind).toBe(kind)
  })

  test('with 403 and the code of an invalid token rejects the credentials', () => {
    expect(read({ error_code: 'DBS.280056', error_msg: 'Invalid token.' }, 403)).toMatchObject({
      kind: 'rejected',
      reason: 'credentials',
      scope: 'all',
    })
  })
})

describe('the rest of a time window with an incomplete list', () => {
  const window = { since: 0, until: 100_000 }
  const restAfter = (...seconds: number[]) => {
    const response = listResponse(
      seconds.map((second, index) => ({ id: `${index}`, status: 'x', created: second * 1_000 })),
      false,
    )
    return restOf(window, response)
  }

  test('begins after its last entry', () => {
    expect(restAfter(90, 40)).toEqual({ since: 0, until: 40_000, requests: 1 })
    expect(restAfter(10, 41)).toEqual({ since: 41_000, until: 100_000, requests: 1 })
  })

  test('is known only if an entry determines where it begins', () => {
    expect(restAfter()).toBeUndefined()
    expect(restAfter(Number.NaN)).toBeUndefined()
    expect(restAfter(100, 100)).toBeUndefined()
    expect(restAfter(200, 150)).toBeUndefined()
  })

  test('is unknown if the list is not sorted by time', () => {
    expect(restAfter(90, 20, 40)).toBeUndefined()
    expect(restAfter(10, 80, 41)).toBeUndefined()
    // In one second, the order is unknown.
    expect(restAfter(50, 50)).toBeUndefined()
  })

  test('is known although jobs have no date', () => {
    expect(restAfter(Number.NaN, 90, Number.NaN, 40)).toEqual({ since: 0, until: 40_000, requests: 1 })
    expect(restAfter(10, 41, Number.NaN)).toEqual({ since: 41_000, until: 100_000, requests: 1 })
  })
})
