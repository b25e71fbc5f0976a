import { describe, expect, test } from '@jest/globals'
import type { JobResponse } from '../../src/response.ts'
import { annotationOf, inputsAnnotation } from '../../src/report/annotation.ts'
import type { Annotation } from '../../src/report/explain.ts'
import { TITLES } from '../../src/report/titles.ts'
import type { Outcome } from '../../src/judge/judge.ts'
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
import { explained, waitResult } from './wait-results.ts'

function annotate(...results: WaitResult[]) {
  return flat(annotationOf(explained(results)))
}

function flat({ title, lines, nextSteps }: Annotation) {
  return { title, message: [...lines.map(plain), nextSteps].join('\n') }
}

const running = jobResponse('Running', { process: '40%', name: 'CreateX' })

test('only a wait in which every job completed is a success', () => {
  const results = explained([waitResult('a', [jobResponse('Completed')]), waitResult('b', [running])])
  expect(results.map(({ isSuccess }) => isSuccess)).toEqual([true, false])
})

describe('the notice', () => {
  const completed = jobResponse('Completed', {
    name: 'CreateX',
    created: '2026-01-01T00:00:00+0800',
    ended: '2026-01-01T00:05:00+0800',
    instance: { id: 'instance1', name: 'shop' },
    entities: { instance: { endpoint: 'host:3306' } },
  })

  test('contains the instance, its address, and the duration if they are known', () => {
    expect(annotate(waitResult('a', [completed]))).toEqual({
      title: 'The job completed',
      message: 'Job a (CreateX) completed in 5m: instance shop, address host:3306.\n',
    })
    const { message } = annotate(waitResult('a', [jobResponse('Completed')]))
    expect(message).toBe('Job a completed.\n')
  })

  test('names ten jobs and counts the others', () => {
    const { title, message } = annotate(
      ...Array.from({ length: 12 }, (_, index) => waitResult(`j${index}`, [completed])),
    )
    expect(title).toBe('All 12 jobs completed')
    expect(message.split('\n')).toHaveLength(12)
    expect(message).toMatch(/^- Job j0 \(CreateX\) completed in 5m: .*\n- and 2 more\n$/s)
  })
})

describe('an order without a job', () => {
  const order = (responses: readonly JobResponse[], outcome?: Outcome) =>
    annotate(waitResult('CS1', responses, outcome, 'order'))

  test('fails after ten minutes and lists what to check', () => {
    const { title, message } = order(Array.from({ length: 11 }, () => notFoundYet))
    expect(title).toBe('No job found for the order')
    expect(message).toMatch(/^No job was found for order CS1 within 10m: not there\.\n/)
    expect(message).toMatch(/paid .* expired, and that project-id and endpoint .* same order-id\.$/)
  })

  test('that timed out or was interrupted can be resumed with the same order-id', () => {
    expect(order([notFoundYet]).message).toMatch(
      /^No job was found for order CS1 within 1h\. 1 request: 1 × not found yet\.\nThe order may still create a job\..* same order-id /,
    )
    expect(order([notFoundYet], { result: 'interrupted', by: 'signal' }).message).toMatch(
      /^No job was found for order CS1 before the wait was interrupted\.\n.* same order-id\.$/,
    )
  })

  test('whose job list is rejected contains the error', () => {
    expect(order([forbidden]).message).toMatch(
      /^Could not get the jobs of order CS1: HTTP 403 DBS\.200010\.\n/,
    )
  })
})

describe('one job', () => {
  test('that failed contains the reason from the service', () => {
    expect(annotate(waitResult('a', [jobResponse('Failed', { fail_reason: 'no quota' })]))).toEqual({
      title: 'The job failed',
      message: expect.stringMatching(/^Job a failed: “no quota”\.\n/),
    })
  })

  test('that failed without a reason states that there is none', () => {
    expect(annotate(waitResult('a', [jobResponse('Failed')])).message).toContain(
      'Job a failed. The service returned no reason.',
    )
  })

  test('that timed out contains status, progress, and tally, and how to resume waiting', () => {
    const { title, message } = annotate(
      waitResult('a', [notFoundYet, running, transient(), transient(), running]),
    )
    expect(title).toBe('The wait timed out')
    expect(message).toContain(
      'Job a (CreateX) did not finish within 1h (last status: Running, 40%). 5 requests: 1 × not found yet, 2 × Running, 2 × 502.',
    )
    expect(message).toContain('The job is still running in the cloud.')
    expect(message).toContain(
      'Do not repeat the call that created the job: that would start the operation a second time.',
    )
    expect(message).not.toContain('Last error')
  })

  test('that timed out after an error contains the error and what to check', () => {
    const error: JobResponse = {
      kind: 'transient',
      retryAfter: undefined,
      detail: {
        label: 'no connection',
        message: ['no connection: “ECONNREFUSED”'],
        hint: 'Check the endpoint.',
      },
    }
    const { message } = annotate(waitResult('a', [error]))
    expect(message).toContain(
      'within 1h (no status received). 1 request: 1 × no connection. Last error: no connection: “ECONNREFUSED”.',
    )
    expect(message).toContain('Check the endpoint. If the job exists, it is still running')
  })

  test('that was interrupted is still running, and waiting can be resumed with its ID', () => {
    const { title, message } = annotate(waitResult('a', [running], { result: 'interrupted', by: 'signal' }))
    expect(title).toBe('The wait was interrupted')
    expect(message).toContain('(last status: Running, 40%)')
    expect(message).toContain(
      'is still running in the cloud. To resume waiting, run a step with the same job-id.',
    )
  })

  test.each([
    [[jobResponse('Canceled')], 'The job was canceled', 'rerun the step that started it'],
    [
      [running, notFoundYet, notFoundYet, notFoundYet],
      'The job can no longer be found',
      'the instance was deleted',
    ],
    [[notFoundYet, notFoundYet, notFoundYet], 'The job was not found', 'project-id, service, and job-id'],
    [[otherJob], 'The response is about another job', 'job-2'],
    [[unauthorized], 'Authentication failed', 'HTTP 401 APIGW.0301'],
    [[forbidden], 'Permission denied', 'gaussdbformysql:task:list'],
    [Array.from({ length: 5 }, () => unusable), 'The responses are not usable', 'no job'],
  ])('after %j: %s', (responses, title, part) => {
    const annotation = annotate(waitResult('a', responses))
    expect(annotation.title).toBe(title)
    expect(annotation.message).toContain(part)
  })

  test('whose endpoint is wrong has a title for that, and the hint of the fault', () => {
    const wrong: JobResponse = {
      kind: 'rejected',
      reason: 'endpoint',
      scope: 'all',
      detail: {
        label: 'no connection',
        message: ['connection failed: “ENOTFOUND”'],
        hint: 'Check the spelling.',
      },
    }
    expect(annotate(waitResult('a', [wrong]))).toEqual({
      title: 'The endpoint cannot be reached',
      message: 'Could not get the status of job a: connection failed: “ENOTFOUND”.\nCheck the spelling.',
    })
  })

  test.each<[string, JobResponse[]]>([
    ['forbidden', [forbidden]],
    ['unauthorized', [unauthorized]],
    ['about another job', [otherJob]],
    ['unusable', Array.from({ length: 5 }, () => unusable)],
  ])('whose requests are %s after it was seen has its last status and how to resume', (_what, responses) => {
    const { message } = annotate(waitResult('a', [running, ...responses]))
    expect(message).toMatch(/^Could not get the status of job a \(CreateX\) \(last status: Running, 40%\)/)
    expect(message).toMatch(
      / The job is still running in the cloud\. To resume waiting, run a step with the same job-id\.$/,
    )
    const never = annotate(waitResult('a', responses)).message
    expect(never).toMatch(/^Could not get the status of job a: |^Could not get the status of job a from /)
    expect(never).not.toMatch(/last status|still running|To resume/)
  })

  test('that is unauthorized after it was seen hints at expired credentials', () => {
    const hint = 'They were accepted at first, so they may have expired or been revoked during the wait.'
    expect(annotate(waitResult('a', [running, unauthorized])).message).toContain(hint)
    expect(annotate(waitResult('a', [unauthorized])).message).not.toContain(hint)
    expect(annotate(waitResult('a', [running, forbidden])).message).not.toContain(hint)
  })

  test.each(['endpoint', 'redirect', 'certificate', 'proxy', 'request', 'internal'] as const)(
    '%s has its own title and next steps',
    (reason) => {
      const outcome: Outcome = { result: 'error', reason, detail: { label: 'x', message: ['what came'] } }
      const annotation = annotate(waitResult('a', [], outcome))
      expect(annotation.title).toBe(TITLES[reason])
      expect(annotation.message).toMatch(/^Could not get the status of job a.*: what came\.\n.{20}/)
    },
  )
})

describe('several jobs', () => {
  const failed = (id: string) => waitResult(id, [jobResponse('Failed', { fail_reason: `reason ${id}` })])
  const completed = waitResult('ok', [jobResponse('Completed')])

  test('of which one failed get the title of that job', () => {
    expect(annotate(completed, failed('b')).title).toBe('The job failed')
  })

  test('are named if they did not complete', () => {
    const { title, message } = annotate(completed, failed('b'), waitResult('c', [running]))
    expect(title).toBe('Several jobs did not complete')
    expect(message).toMatch(/^2 of 3 jobs did not complete:\n- Job b failed: “reason b”\.\n- Job c .*\n/)
    expect(message).not.toContain('Job ok')
  })

  test('with the same kind of failure share its title and next steps', () => {
    const annotation = annotate(failed('a'), failed('b'))
    expect(annotation.title).toBe('The job failed')
    expect(annotation.message).toContain('see the task center in the console')
  })

  test('that fail-fast stopped are counted, and the cause determines title and next steps', () => {
    const stopped = waitResult('c', [running], { result: 'interrupted', by: 'fail-fast' })
    const { title, message } = annotate(completed, failed('b'), stopped, stopped)
    expect(title).toBe('The job failed')
    expect(message).toMatch(
      /^3 of 4 jobs did not complete:\n- Job b failed: “reason b”\.\n- 2 no longer polled because fail-fast is on\n/,
    )
    expect(message).toContain('see the task center in the console')
  })

  test('are named up to ten, and the others are counted', () => {
    const { message } = annotate(...Array.from({ length: 500 }, (_, index) => failed(`j${index}`)))
    expect(message.match(/^- Job/gm)).toHaveLength(10)
    expect(message).toContain('- and 490 more')
  })
})

test('one annotation contains all invalid inputs', () => {
  const { title, message } = flat(inputsAnnotation([['a: is missing.'], ['b: is not valid.']]))
  expect(title).toBe('Invalid inputs')
  expect(message).toBe(
    '- a: is missing.\n- b: is not valid.\nNo request was sent. Fix these inputs and run the step again.',
  )
})

test('the annotation for one invalid input names only that', () => {
  const { message } = flat(inputsAnnotation([['a: is missing.']]))
  expect(message).toBe('- a: is missing.\nNo request was sent. Fix this input and run the step again.')
})

test('untrusted text in a message stays untrusted text', () => {
  const { lines } = annotationOf(
    explained([waitResult('a', [jobResponse('Failed', { fail_reason: '::x::' })])]),
  )
  const parts = lines.flat()
  expect(parts.some((part) => typeof part === 'string' && part.includes('::x::'))).toBe(false)
  expect(parts).toContainEqual(untrusted('::x::'))
})
