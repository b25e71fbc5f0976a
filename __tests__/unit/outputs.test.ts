import { describe, expect, test } from '@jest/globals'
import { outputsOf as outputsOfExplained, EMPTY_OUTPUTS, warningOf } from '../../src/report/outputs.ts'
import { jobResponse, notFoundYet, transient, unauthorized } from './responses.ts'
import type { WaitResult } from '../../src/wait/wait.ts'
import { initialState } from '../../src/judge/judge.ts'
import { plain, untrusted } from './text.ts'
import { jobId } from './virtual-wait.ts'
import { explained, waitResult } from './wait-results.ts'

const outputsOf = (results: readonly WaitResult[]) => outputsOfExplained(explained(results))

const completed = jobResponse('Completed', {
  name: 'CreateGaussDBforMySQLInstance',
  created: '2026-01-01T00:00:00+0800',
  ended: '2026-01-01T00:05:00+0800',
  instance: { id: 'instance-1', name: 'shop' },
  entities: { instance: { endpoint: '192.168.1.203:3306' } },
})
const failed = jobResponse('Failed', { process: '', fail_reason: 'no quota' })

const jobsOf = (json: string) => JSON.parse(json) as Record<string, unknown>[]

test('an order without a job has only the result and the message', () => {
  const outputs = outputsOf([waitResult('CS1', [notFoundYet], { result: 'timed-out' }, 'order')])
  const message = 'No job was found for order CS1 within 1h.'
  expect(outputs).toEqual({ ...EMPTY_OUTPUTS, result: 'timed-out', message })
  expect(outputs.jobs).toBe('[]')
})

test('a completed job sets all outputs', () => {
  const { jobs, ...single } = outputsOf([waitResult('job-1', [completed])])
  expect(single).toEqual({
    status: 'Completed',
    result: 'completed',
    'job-id': 'job-1',
    'instance-id': 'instance-1',
    'instance-name': 'shop',
    'job-name': 'CreateGaussDBforMySQLInstance',
    created: '2026-01-01T00:00:00+0800',
    ended: '2026-01-01T00:05:00+0800',
    'duration-seconds': '300',
    progress: '100',
    'fail-reason': '',
    'instance-endpoint': '192.168.1.203:3306',
    'instance-status': '',
    'instance-host': '192.168.1.203',
    'instance-port': '3306',
    message:
      'Job job-1 (CreateGaussDBforMySQLInstance) completed in 5m: instance shop, address 192.168.1.203:3306.',
    entities: '{"instance":{"endpoint":"192.168.1.203:3306"}}',
  })
  const [job] = jobsOf(jobs)
  expect(Object.entries(job ?? {})).toEqual([
    ['jobId', 'job-1'],
    ['status', 'Completed'],
    ['result', 'completed'],
    ['instanceId', 'instance-1'],
    ['instanceName', 'shop'],
    ['jobName', 'CreateGaussDBforMySQLInstance'],
    ['created', '2026-01-01T00:00:00+0800'],
    ['ended', '2026-01-01T00:05:00+0800'],
    ['durationSeconds', 300],
    ['progress', 100],
    ['failReason', ''],
    ['instanceEndpoint', '192.168.1.203:3306'],
    ['instanceStatus', ''],
    ['instanceHost', '192.168.1.203'],
    ['instancePort', '3306'],
    ['message', single.message],
    ['entities', { instance: { endpoint: '192.168.1.203:3306' } }],
  ])
})

test('a job without a status has only its ID, the result, and the message', () => {
  const { jobs, ...single } = outputsOf([waitResult('job-1', [transient()])])
  const known = Object.entries(single).filter(([, value]) => value !== '')
  expect(known).toEqual([
    ['result', 'timed-out'],
    ['job-id', 'job-1'],
    ['message', 'Job job-1 did not finish within 1h (no status received).'],
  ])
  expect(jobsOf(jobs)[0]).toMatchObject({ status: '', durationSeconds: null, progress: null, entities: null })
})

test('the outputs after invalid inputs are the result error and no jobs', () => {
  const { result, jobs, ...others } = EMPTY_OUTPUTS
  expect([result, jobs]).toEqual(['error', '[]'])
  expect(new Set(Object.values(others))).toEqual(new Set(['']))
})

describe('with several jobs, the single-valued outputs describe', () => {
  const canceled = jobResponse('Canceled')
  test.each([
    ['the first that failed or was canceled', [[completed], [unauthorized], [canceled], [failed]], 'job-3'],
    ['otherwise the first that did not complete', [[completed], [transient()], [unauthorized]], 'job-2'],
    ['otherwise the first', [[completed], [completed]], 'job-1'],
  ])('%s', (_name, responses, id) => {
    const outputs = outputsOf(responses.map((list, index) => waitResult(`job-${index + 1}`, list)))
    expect(outputs['job-id']).toBe(id)
    expect(jobsOf(outputs.jobs).map(({ jobId }) => jobId)).toEqual(
      responses.map((_, index) => `job-${index + 1}`),
    )
  })
})

describe('the limits on outputs', () => {
  /** Each character takes six in JSON. */
  const nasty = '\u0001'.repeat(20_000)
  const huge = jobResponse('Failed', {
    name: nasty,
    created: nasty,
    ended: nasty,
    fail_reason: nasty,
    instance: { id: nasty, name: nasty },
    entities: { instance: { endpoint: nasty.slice(0, 10_000) }, more: 'x'.repeat(30_000) },
  })

  test('limit texts and entities in jobs to 140 kB, and the JSON stays valid', () => {
    for (const count of [1, 2, 10, 500]) {
      const results = Array.from({ length: count }, (_, index) => waitResult(`job-${index}`, [huge]))
      const { jobs } = outputsOf(results)
      expect(jobsOf(jobs)).toHaveLength(count)
      expect(Buffer.byteLength(jobs)).toBeLessThan(140_000 + count * 300)
    }
  })

  const lengthOf = (results: readonly WaitResult[]) =>
    Object.entries(outputsOf(results)).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  const longId = (index: number) => `${index}`.padStart(128, 'x')

  test('keep all outputs of 500 hostile jobs below 500,000 characters', () => {
    expect(
      lengthOf(Array.from({ length: 500 }, (_, index) => waitResult(longId(index), [huge]))),
    ).toBeLessThan(500_000)
  })

  test('keep all outputs below 500,000 characters if everything in them is as long as possible', () => {
    const long = 'x'.repeat(20_000)
    const texts = {
      name: long,
      created: long,
      ended: long,
      fail_reason: long,
      instance: { id: long, name: long },
    }
    // Entities may have 100 kB.
    const entities = { instance: { endpoint: long }, more: 'x'.repeat(79_900) }
    const first = waitResult(longId(0), [jobResponse('Failed', { ...texts, entities, process: '100%' })])
    const others = Array.from({ length: 499 }, (_, index) => {
      const running = jobResponse(long, { ...texts, process: '100%' })
      return waitResult(longId(index + 1), [running], { result: 'interrupted', by: 'fail-fast' })
    })
    const status = untrusted('x'.repeat(120))
    const instance = {
      ...initialState(jobId('instance-1'), 'instance'),
      instance: {
        status: { text: status, label: status, meaning: 'unknown' as const },
        name: undefined,
        address: undefined,
        endpoint: undefined,
      },
    }
    const results = [first, ...others].map((result) => ({ ...result, instance }))
    const { 'instance-status': instanceStatus, message, entities: shown } = outputsOf(results)
    expect([instanceStatus.length, message.length]).toEqual([120, 1_000])
    expect(shown.length).toBeGreaterThan(99_900)
    expect(lengthOf(results)).toBeLessThan(500_000)
  })

  test('truncate only long texts', () => {
    const results = [
      waitResult('job-1', [failed]),
      ...Array.from({ length: 9 }, () => waitResult('x', [huge])),
    ]
    expect(jobsOf(outputsOf(results).jobs)[0]).toMatchObject({ failReason: 'no quota', status: 'Failed' })
  })

  test('give entities the remaining bytes, in order', () => {
    const with60kB = jobResponse('Completed', { entities: { a: 'x'.repeat(60_000) } })
    const small = jobResponse('Completed', { entities: { a: 1 } })
    const results = [with60kB, with60kB, with60kB, small].map((response) => waitResult('job', [response]))
    const kept = jobsOf(outputsOf(results).jobs).map(({ entities }) => entities !== null)
    expect(kept).toEqual([true, true, false, true])
  })

  test('cause a warning if entities are dropped', () => {
    const dropped = jobResponse('Completed', { entities: { a: 'x'.repeat(100_000) } })
    expect(outputsOf([waitResult('job-1', [dropped])]).entities).toBe('')
    expect(plain(warningOf([waitResult('job-1', [dropped])]))).toContain('job job-1 are larger than 100 kB')
    expect(plain(warningOf([waitResult('job-1', [dropped]), waitResult('job-2', [dropped])]))).toContain(
      'and 1 more',
    )
    expect(warningOf([waitResult('job-1', [completed])])).toBeUndefined()
  })
})
