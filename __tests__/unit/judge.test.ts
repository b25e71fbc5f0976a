import { describe, expect, test } from '@jest/globals'
import type { JobResponse } from '../../src/response.ts'
import { initialState, judge, type Judgment } from '../../src/judge/judge.ts'
import {
  forbidden,
  ID,
  jobResponse,
  notFoundYet,
  otherJob,
  transient,
  unauthorized,
  unusable,
} from './responses.ts'
import { plain } from './text.ts'

const MINUTE = 60_000

/** Judges responses one second apart, or at the given moments. Returns the last judgement and all warnings. */
function judgeAll(...responses: (JobResponse | readonly [number, JobResponse])[]) {
  let state = initialState(ID)
  let last: Judgment | undefined
  const warnings: string[] = []
  for (const [index, entry] of responses.entries()) {
    if (last?.outcome !== undefined) throw new Error(`the wait ended before response ${index + 1}`)
    const [at, response] = 'kind' in entry ? [index * 1_000, entry] : entry
    last = judge(state, response, at)
    state = last.state
    if (last.warning !== undefined) warnings.push(plain(last.warning))
  }
  return { result: last?.outcome?.result, outcome: last?.outcome, state, warnings }
}

const repeat = (count: number, response: JobResponse) => Array.from({ length: count }, () => response)

describe('a status', () => {
  test.each([
    ['Completed', 'completed'],
    ['Failed', 'failed'],
    ['Canceled', 'canceled'],
    ['Pending', undefined],
    ['Running', undefined],
    ['Unauthorized', undefined],
    ['Completed!', undefined],
    ['completed', undefined],
  ])('%s ends the wait with the result %p', (status, result) => {
    expect(judgeAll(jobResponse(status)).result).toBe(result)
  })

  test('Pending warns once, after ten minutes', () => {
    const pending = jobResponse('Pending')
    expect(judgeAll([0, pending], [10 * MINUTE - 1, pending]).warnings).toEqual([])
    expect(judgeAll([0, pending], [10 * MINUTE, pending]).warnings).toHaveLength(1)
    const { warnings, result } = judgeAll([0, pending], [10 * MINUTE, pending], [30 * MINUTE, pending])
    expect(warnings).toEqual([expect.stringContaining('maintenance window')])
    expect(result).toBeUndefined()
  })

  test('the ten minutes of Pending start again after Running', () => {
    const pending = jobResponse('Pending')
    const { warnings } = judgeAll(
      [0, pending],
      [MINUTE, jobResponse('Running')],
      [10 * MINUTE, pending],
      [19 * MINUTE, pending],
    )
    expect(warnings).toEqual([])
  })

  test('Unauthorized and each unknown status warn once', () => {
    const { warnings } = judgeAll(
      jobResponse('Unauthorized'),
      jobResponse('Odd'),
      jobResponse('Unauthorized'),
      jobResponse('Odd'),
      jobResponse('Even'),
    )
    expect(warnings).toHaveLength(3)
    expect(warnings[0]).toContain('authorization')
    expect(warnings[1]).toContain('“Odd”')
    expect(warnings[2]).toContain('“Even”')
  })

  test('that is always a different one warns at most ten times', () => {
    const { warnings, state } = judgeAll(
      ...Array.from({ length: 1_000 }, (_, index) => jobResponse(`S${index}`)),
    )
    expect(warnings).toHaveLength(10)
    expect(state.tally.length).toBeLessThanOrEqual(21)
    expect(state.tally.reduce((sum, { count }) => sum + count, 0)).toBe(1_000)
  })
})

describe('the progress', () => {
  test('is the last one that was reported, and 100 if the job completed', () => {
    expect(judgeAll(jobResponse('Running', { process: '60%' }), jobResponse('Running')).state.progress).toBe(
      60,
    )
    expect(
      judgeAll(jobResponse('Running', { process: '60%' }), jobResponse('Failed', { process: '' })).state
        .progress,
    ).toBe(60)
    expect(
      judgeAll(jobResponse('Running', { process: '60%' }), jobResponse('Running', { process: '20%' })).state
        .progress,
    ).toBe(20)
    expect(judgeAll(jobResponse('Completed', { process: '' })).state.progress).toBe(100)
    expect(judgeAll(jobResponse('Running')).state.progress).toBeUndefined()
  })
})

describe('a job that is not found yet', () => {
  test('has a grace period of two minutes, beginning with the first such response', () => {
    expect(judgeAll([MINUTE, notFoundYet], [3 * MINUTE - 1, notFoundYet]).result).toBeUndefined()
    expect(judgeAll([MINUTE, notFoundYet], [3 * MINUTE, notFoundYet]).result).toBe('not-found')
  })

  test('may appear late, and complete', () => {
    expect(judgeAll([0, notFoundYet], [3 * MINUTE, jobResponse('Completed')]).result).toBe('completed')
  })

  test('was not seen if only the list contained it, and for less than two minutes', () => {
    const listed = { ...jobResponse('Running'), isFromList: true } as JobResponse
    const once = [
      listed,
      [4 * MINUTE, notFoundYet],
      [5 * MINUTE, notFoundYet],
      [6 * MINUTE, notFoundYet],
    ] as const
    expect(judgeAll(...once).result).toBe('not-found')
    const [, ...missing] = once
    expect(judgeAll(listed, [2 * MINUTE, listed], ...missing).result).toBe('vanished')
  })

  test('after it was found has vanished, after three such responses in a row', () => {
    const seen = jobResponse('Running')
    expect(judgeAll(seen, notFoundYet, notFoundYet).result).toBeUndefined()
    expect(judgeAll(seen, notFoundYet, notFoundYet, notFoundYet).result).toBe('vanished')
    expect(judgeAll(seen, notFoundYet, notFoundYet, seen, notFoundYet, notFoundYet).result).toBeUndefined()
    expect(judgeAll(seen, notFoundYet, transient(), notFoundYet, transient(), notFoundYet).result).toBe(
      'vanished',
    )
  })
})

describe('an unusable response', () => {
  test('ends the wait when it is the fifth in a row', () => {
    expect(judgeAll(...repeat(4, unusable)).result).toBeUndefined()
    const { outcome } = judgeAll(...repeat(5, unusable))
    expect(outcome?.result === 'error' && outcome.reason).toBe('unusable')
  })

  test('starts a new row after a response that the job is not found yet', () => {
    expect(judgeAll(...repeat(4, unusable), notFoundYet, ...repeat(4, unusable)).result).toBeUndefined()
  })

  test('starts a new row after a usable response, but not after a transient fault', () => {
    expect(
      judgeAll(...repeat(4, unusable), jobResponse('Running'), ...repeat(4, unusable)).result,
    ).toBeUndefined()
    expect(judgeAll(...repeat(4, unusable), transient(), unusable).result).toBe('error')
  })
})

test('a response about another job is an error immediately', () => {
  const { outcome } = judgeAll(otherJob)
  expect(outcome?.result === 'error' && outcome.reason).toBe('other-job')
})

test.each([unauthorized, forbidden])('a rejected request is an error immediately', (response) => {
  const { outcome } = judgeAll(jobResponse('Running'), response)
  expect(outcome).toMatchObject({
    result: 'error',
    reason: response.kind === 'rejected' ? response.reason : '',
  })
})

describe('rejected credentials that can be renewed', () => {
  const renewable = { ...unauthorized, isRenewable: true } as JobResponse

  test('are retried once', () => {
    expect(judgeAll(renewable).result).toBeUndefined()
    expect(judgeAll(renewable, renewable).result).toBe('error')
  })

  test('are retried again after a response that accepted them, and only then', () => {
    expect(judgeAll(renewable, jobResponse('Running'), renewable).result).toBeUndefined()
    expect(judgeAll(renewable, notFoundYet, renewable).result).toBeUndefined()
    expect(judgeAll(renewable, transient(), unusable, renewable).result).toBe('error')
  })
})

test('a transient fault never ends the wait', () => {
  const { result, state } = judgeAll(...repeat(10_000, transient()))
  expect(result).toBeUndefined()
  expect(state.faults).toBe(10_000)
  expect(judgeAll(transient(), transient(), jobResponse('Running')).state.faults).toBe(0)
})

test('the tally counts each kind of response', () => {
  const { state } = judgeAll(
    notFoundYet,
    jobResponse('Running'),
    transient(),
    jobResponse('Running'),
    unusable,
  )
  expect(state.tally.map(({ label, count }) => `${count} × ${plain([label])}`)).toEqual([
    '1 × not found yet',
    '2 × Running',
    '1 × 502',
    '1 × no job',
  ])
})

describe('the history', () => {
  test('has a point for each change only', () => {
    const { state } = judgeAll(
      jobResponse('Pending'),
      jobResponse('Pending'),
      jobResponse('Running', { process: '10%' }),
      jobResponse('Running', { process: '10%' }),
      jobResponse('Running', { process: '20%' }),
    )
    expect(state.history.map(({ at, progress }) => [at, progress])).toEqual([
      [0, undefined],
      [2_000, 10],
      [4_000, 20],
    ])
  })

  test('is limited, and keeps its first and its newest point', () => {
    const responses = Array.from({ length: 20_000 }, (_, index) =>
      jobResponse('Running', { process: `${index % 100}%` }),
    )
    const { history } = judgeAll(...responses).state
    expect(history.length).toBeLessThanOrEqual(100)
    expect(history[0]?.at).toBe(0)
    expect(history.at(-1)?.at).toBe(19_999_000)
  })
})
