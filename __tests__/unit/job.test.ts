import { describe, expect, test } from '@jest/globals'
import { jobSchema, toJob, type Job } from '../../src/api/job.ts'
import type { UntrustedText } from '../../src/untrusted-text.ts'
import { noSecrets } from './text.ts'

function jobFrom(fields: Record<string, unknown>): Job {
  return toJob(jobSchema.parse({ id: 'x', status: 'Running', ...fields }), noSecrets)
}

const text = (untrusted: UntrustedText | undefined) => untrusted?.reveal()

test('the example of the API Reference is read completely', () => {
  const job = jobFrom({
    name: 'CreateGaussDBforMySQLInstance',
    status: 'Completed',
    created: '2018-08-06T10:41:14+0800',
    ended: '2018-08-06T16:41:14+0000',
    process: '',
    instance: { id: 'a48e43ff268f4c0e879652d65e63d0fbin07', name: 'DO-NOT-TOUCH-mgr2-mysql-single' },
    entities: { instance: { endpoint: '192.168.1.203:3306', type: 'Cluster' }, resource_ids: ['a'] },
  })
  expect(job.status.meaning).toBe('completed')
  expect(text(job.name)).toBe('CreateGaussDBforMySQLInstance')
  expect(text(job.instanceId?.text)).toBe('a48e43ff268f4c0e879652d65e63d0fbin07')
  expect(text(job.instanceName)).toBe('DO-NOT-TOUCH-mgr2-mysql-single')
  expect(text(job.instanceEndpoint)).toBe('192.168.1.203:3306')
  expect(text(job.entities)).toBe(
    '{"instance":{"endpoint":"192.168.1.203:3306","type":"Cluster"},"resource_ids":["a"]}',
  )
  expect(job.durationSeconds).toBe(14 * 3600)
  expect(job.progress).toBeUndefined()
})

test('only id and status are required; fields that are null or have another type are ignored', () => {
  const invalid = {
    name: 1,
    created: null,
    ended: [],
    process: true,
    start_time: 5,
    end_time: {},
    progress: [],
    fail_reason: [],
    instance: 'x',
    entities: [],
  }
  for (const job of [
    jobFrom({}),
    jobFrom(invalid),
    jobFrom({ instance: { id: 5, name: null }, entities: null }),
  ]) {
    expect({ ...job, status: undefined }).toEqual({ status: undefined, entitiesDropped: false })
  }
})

describe('with the field names of other database services', () => {
  const times = ['2026-01-01T00:00:00+0800', '2026-01-01T00:00:05+0800'] as const

  test('progress, start_time and end_time are read', () => {
    const job = jobFrom({
      status: 'Completed',
      progress: '60%',
      start_time: times[0],
      end_time: times[1],
    })
    expect([text(job.created), text(job.ended)]).toEqual(times)
    expect(job.durationSeconds).toBe(5)
    expect(job.progress).toBe(60)
  })

  test('the field names of TaurusDB take precedence unless they are empty', () => {
    const own = { status: 'Completed', process: '70%', created: times[0], ended: times[1] }
    const other = { status: 'Completed', progress: '60%', start_time: 'x', end_time: 'y' }
    expect(jobFrom({ ...other, ...own })).toEqual(jobFrom(own))
    expect(jobFrom({ ...other, process: '', created: '', ended: null })).toEqual(jobFrom(other))
  })

  test('only the field status determines the status', () => {
    expect(
      jobSchema.safeParse({ id: 'x', state: 'Completed', progress: '100%', end_time: times[1] }).success,
    ).toBe(false)
    expect(jobFrom({ progress: '100%', end_time: times[1] }).status.meaning).toBe('running')
  })
})

test('the name is trimmed', () => {
  expect(text(jobFrom({ name: ' CreateMysqlInstance' }).name)).toBe('CreateMysqlInstance')
})

describe('the status', () => {
  test.each([
    ['Pending', 'pending'],
    ['Running', 'running'],
    ['Completed', 'completed'],
    ['Failed', 'failed'],
    ['Canceled', 'canceled'],
    ['Unauthorized', 'unauthorized'],
    ['completed', 'unknown'],
    ['Completed ', 'unknown'],
    ['COMPLETED', 'unknown'],
    ['Cancelled', 'unknown'],
    ['constructor', 'unknown'],
  ])('%j means %s', (status, meaning) => {
    expect(jobFrom({ status }).status.meaning).toBe(meaning)
  })
})

describe('the progress', () => {
  test.each([
    ['60%', 60],
    ['60', 60],
    [' 7 % ', 7],
    ['99.99%', 99],
    ['0%', 0],
    ['100%', 100],
    ['101%', undefined],
    ['-1%', undefined],
    ['1e2%', undefined],
    ['', undefined],
    ['many', undefined],
    [60, 60],
    [99.99, 99],
    [0, 0],
    [101, undefined],
    [-1, undefined],
    [true, undefined],
  ])('%j is %p', (process, progress) => {
    expect(jobFrom({ process }).progress).toBe(progress)
  })
})

test('a progress of a megabyte of spaces is read within two seconds', () => {
  const start = performance.now()
  for (const process of [`1${' '.repeat(1_048_576)}x`, `${' '.repeat(1_048_576)}1 % x`]) {
    expect(jobFrom({ process }).progress).toBeUndefined()
  }
  expect(performance.now() - start).toBeLessThan(2_000)
})

test('the label of a status is truncated, the status itself is not', () => {
  const { status } = jobFrom({ status: 'x'.repeat(1_000) })
  expect([text(status.text)?.length, text(status.label)?.length]).toEqual([1_000, 120])
})

describe('the duration in seconds', () => {
  test.each([
    ['2026-01-01T00:00:00+0800', '2025-12-31T16:00:01+0000', 1],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:10:00.900Z', 600],
    ['2026-01-01T00:00:00+08:00', '2026-01-01T00:00:00+0800', 0],
    ['2026-01-01T00:00:00Z', '', undefined],
    ['', '2026-01-01T00:00:00Z', undefined],
    ['2026-01-01', '2026-01-02', undefined],
    ['2026-01-01T00:00:00', '2026-01-01T00:00:10', 10],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:10', undefined],
    ['2026-01-01T00:00:00', '2026-01-01T00:00:10+0800', undefined],
    ['2026-99-01T00:00:00Z', '2026-01-01T00:00:00Z', undefined],
    ['2026-01-01T00:00:10Z', '2026-01-01T00:00:00Z', undefined],
  ])('from %s to %s is %p', (created, ended, seconds) => {
    expect(jobFrom({ status: 'Completed', created, ended }).durationSeconds).toBe(seconds)
  })
})

describe('the end and the duration', () => {
  const times = { created: '2026-01-01T00:00:00Z', ended: '2026-01-01T00:00:10Z' }

  test.each(['Completed', 'Failed', 'Canceled'])('are those of a job that is %s', (status) => {
    const job = jobFrom({ status, ...times })
    expect([text(job.ended), job.durationSeconds]).toEqual([times.ended, 10])
  })

  test.each(['Pending', 'Running', 'Unauthorized', 'Archived'])(
    'are unknown while the job is %s',
    (status) => {
      for (const ended of [{ ended: times.ended }, { end_time: times.ended }]) {
        const job = jobFrom({ status, created: times.created, ...ended })
        expect([job.ended, job.durationSeconds]).toEqual([undefined, undefined])
      }
    },
  )
})

describe('the reason of a failure', () => {
  const reasonOf = (fail_reason: unknown) => text(jobFrom({ status: 'Failed', fail_reason }).failReason)

  test('that is an object is compact JSON', () => {
    expect(reasonOf({ code: 'DBS.1', detail: { message: 'no quota' } })).toBe(
      '{"code":"DBS.1","detail":{"message":"no quota"}}',
    )
  })

  test.each([[{}], [[]], [5], [null], ['']])('is unknown if it is %j', (reason) => {
    expect(reasonOf(reason)).toBeUndefined()
  })
})

describe('entities', () => {
  test('above 100 kB are dropped, and the job records it', () => {
    const job = jobFrom({ entities: { a: 'x'.repeat(100_000) } })
    expect(job.entities).toBeUndefined()
    expect(job.entitiesDropped).toBe(true)
  })

  test('without a valid endpoint leave the instance endpoint undefined', () => {
    expect(jobFrom({ entities: { instance: { endpoint: 5 } } }).instanceEndpoint).toBeUndefined()
    expect(jobFrom({ entities: { instance: [] } }).instanceEndpoint).toBeUndefined()
  })
})
