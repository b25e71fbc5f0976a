import { describe, expect, test } from '@jest/globals'
import type { JobResponse } from '../../src/response.ts'
import { annotationOf, inputsAnnotation, noticeOf, type Annotation } from '../../src/report/annotation.ts'
import { TITLES } from '../../src/report/explain.ts'
import type { Outcome } from '../../src/wait/judge.ts'
import type { WaitResult } from '../../src/wait/wait.ts'
import {
  forbidden,
  jobResponse,
  notFoundYet,
  otherJob,
  transient,
  unauthorized,
  unusable,
} from './responses.ts'
import { untrusted, plain } from './text.ts'
import { waitResult } from './wait-results.ts'

const HOUR = 3_600_000

function annotate(...waited: WaitResult[]) {
  return flat(annotationOf(waited, HOUR))
}

function flat(annotation: Annotation | undefined) {
  const { title, lines = [], nextSteps = [] } = annotation ?? {}
  return { title, message: [...lines, nextSteps].map(plain).join('\n') }
}

const running = jobResponse('Running', { process: '40%', name: 'CreateX' })

test('a wait that completed has none', () => {
  expect(annotationOf([waitResult('a', [jobResponse('Completed')])], HOUR)).toBeUndefined()
})

describe('the notice of a wait that completed', () => {
  const notice = (...waited: WaitResult[]) => flat({ ...noticeOf(waited), nextSteps: [] })
  const completed = jobResponse('Completed', {
    name: 'CreateX',
    created: '2026-01-01T00:00:00+0800',
    ended: '2026-01-01T00:05:00+0800',
    instance: { id: 'instance1', name: 'shop' },
    entities: { instance: { endpoint: 'host:3306' } },
  })

  test('says what is there now, as far as it is known', () => {
    expect(notice(waitResult('a', [completed]))).toEqual({
      title: 'The job completed',
      message: 'Job a (CreateX) completed in 5m: instance shop, address host:3306.\n',
    })
    const { message } = notice(waitResult('a', [jobResponse('Completed')]))
    expect(message).toBe('Job a completed.\n')
  })

  test('names ten of many jobs', () => {
    const { title, message } = notice(
      ...Array.from({ length: 12 }, (_, index) => waitResult(`j${index}`, [completed])),
    )
    expect(title).toBe('All 12 jobs completed')
    expect(message.split('\n')).toHaveLength(12)
    expect(message).toMatch(/^- Job j0 \(CreateX\) completed in 5m: .*\n- and 2 more\n$/s)
  })
})

describe('an order without a job', () => {
  const order = (answers: readonly JobResponse[], end?: Outcome) =>
    annotate(waitResult('CS1', answers, end, 'order'))

  test('says after ten minutes what to check', () => {
    const { title, message } = order(Array.from({ length: 11 }, () => notFoundYet))
    expect(title).toBe('The order has no job')
    expect(message).toMatch(/^Order CS1 had no job for 10m: not there\.\n/)
    expect(message).toMatch(/paid for .* expired, and that project-id and endpoint .* same order-id: CS1\.$/)
  })

  test('that timed out, or was interrupted, is to be waited for by its own id', () => {
    expect(order([notFoundYet]).message).toMatch(
      /^Order CS1 had no job after 1h; 1 asked: 1 × not visible\.\nThe order itself goes on.* same order-id /,
    )
    expect(order([notFoundYet], { result: 'interrupted', by: 'signal' }).message).toMatch(
      /^Order CS1 had no job yet, when the wait was interrupted\.\n.* same order-id: CS1\.$/,
    )
  })

  test('whose list is refused says why', () => {
    expect(order([forbidden]).message).toMatch(/^Order CS1 could not be asked for: HTTP 403 DBS\.200010\.\n/)
  })
})

describe('one job', () => {
  test('that failed shows the service’s reason', () => {
    expect(annotate(waitResult('a', [jobResponse('Failed', { fail_reason: 'no quota' })]))).toEqual({
      title: 'The job failed',
      message: expect.stringMatching(/^Job a failed: “no quota”\.\n/),
    })
  })

  test('that failed without a reason says so', () => {
    expect(annotate(waitResult('a', [jobResponse('Failed')])).message).toContain('the service gave no reason')
  })

  test('that timed out tells status, progress and tally, and how to resume', () => {
    const { title, message } = annotate(
      waitResult('a', [notFoundYet, running, transient(), transient(), running]),
    )
    expect(title).toBe('The wait timed out')
    expect(message).toContain(
      'Job a (CreateX) was not over after 1h, last Running at 40%; 5 asked: 1 × not visible, 2 × Running, 2 × 502.',
    )
    expect(message).toContain('The job goes on in the cloud')
    expect(message).toContain('to create again would make a second instance')
    expect(message).not.toContain('last fault')
  })

  test('that timed out in a fault tells the fault and where to look', () => {
    const fault: JobResponse = {
      kind: 'transient',
      retryAfter: undefined,
      detail: {
        label: 'no connection',
        message: ['no connection: “ECONNREFUSED”'],
        hint: 'Check the endpoint.',
      },
    }
    const { message } = annotate(waitResult('a', [fault]))
    expect(message).toContain(
      'and was never seen; 1 asked: 1 × no connection. The last fault: no connection: “ECONNREFUSED”.',
    )
    expect(message).toContain('Check the endpoint. If the job exists, it goes on')
  })

  test('that was interrupted says that it goes on, and names the id to wait for', () => {
    const { title, message } = annotate(waitResult('a', [running], { result: 'interrupted', by: 'signal' }))
    expect(title).toBe('The wait was interrupted')
    expect(message).toContain('last Running at 40%')
    expect(message).toContain(
      'goes on in the cloud. To wait for it again, run a step with the same job-id: a.',
    )
  })

  test.each([
    [[jobResponse('Canceled')], 'The job was canceled', 'run the step that made the job again'],
    [[running, notFoundYet, notFoundYet, notFoundYet], 'The job vanished', 'the instance was deleted'],
    [[notFoundYet, notFoundYet, notFoundYet], 'The job was not found', 'belong together'],
    [[otherJob], 'The answer is about another job', 'job-2'],
    [[unauthorized], 'The credentials were refused', 'HTTP 401 APIGW.0301'],
    [[forbidden], 'The permission is missing', 'gaussdbformysql:task:list'],
    [Array.from({ length: 5 }, () => unusable), 'The answers hold no job', 'no job'],
  ])('after %j: %s', (answers, title, part) => {
    const annotation = annotate(waitResult('a', answers))
    expect(annotation.title).toBe(title)
    expect(annotation.message).toContain(part)
  })

  test.each(['redirect', 'certificate', 'proxy', 'request', 'defect'] as const)(
    '%s has a cure of its own',
    (reason) => {
      const end: Outcome = { result: 'error', reason, detail: { label: 'x', message: ['what came'] } }
      const annotation = annotate(waitResult('a', [], end))
      expect(annotation.title).toBe(TITLES[reason])
      expect(annotation.message).toMatch(/^Job a .*: what came\.\n.{20}/)
    },
  )
})

describe('several jobs', () => {
  const failed = (id: string) => waitResult(id, [jobResponse('Failed', { fail_reason: `reason ${id}` })])
  const completed = waitResult('ok', [jobResponse('Completed')])

  test('of which one failed are explained as that one', () => {
    expect(annotate(completed, failed('b')).title).toBe('The job failed')
  })

  test('name those that did not complete', () => {
    const { title, message } = annotate(completed, failed('b'), waitResult('c', [running]))
    expect(title).toBe('Several jobs did not complete')
    expect(message).toMatch(/^2 of 3 jobs did not complete:\n- Job b failed: “reason b”\.\n- Job c .*\n/)
    expect(message).not.toContain('Job ok')
  })

  test('that ended alike share a title and what to do', () => {
    const annotation = annotate(failed('a'), failed('b'))
    expect(annotation.title).toBe('The job failed')
    expect(annotation.message).toContain('The task center in the console')
  })

  test('that fail-fast ended are counted, and the cause gives the title and what to do', () => {
    const givenUp = waitResult('c', [running], { result: 'interrupted', by: 'fail-fast' })
    const { title, message } = annotate(completed, failed('b'), givenUp, givenUp)
    expect(title).toBe('The job failed')
    expect(message).toMatch(
      /^3 of 4 jobs did not complete:\n- Job b failed: “reason b”\.\n- 2 no longer waited for, since fail-fast is on\n/,
    )
    expect(message).toContain('The task center in the console')
  })

  test('are named ten at most, and then counted', () => {
    const { message } = annotate(...Array.from({ length: 500 }, (_, index) => failed(`j${index}`)))
    expect(message.match(/^- Job/gm)).toHaveLength(10)
    expect(message).toContain('- and 490 more')
  })
})

test('wrong inputs are all named in one annotation', () => {
  const { title, message } = flat(inputsAnnotation(['a: is missing.', 'b: is wrong.']))
  expect(title).toBe('The inputs are wrong')
  expect(message).toContain('- a: is missing.\n- b: is wrong.')
})

test('outside text in a message stays outside text', () => {
  const lines = annotationOf(
    [waitResult('a', [jobResponse('Failed', { fail_reason: '::x::' })])],
    HOUR,
  )?.lines
  const parts = lines?.flat() ?? []
  expect(parts.some((part) => typeof part === 'string' && part.includes('::x::'))).toBe(false)
  expect(parts).toContainEqual(untrusted('::x::'))
})
