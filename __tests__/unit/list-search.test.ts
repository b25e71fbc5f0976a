import { describe, expect, test } from '@jest/globals'
import type { ListResponse } from '../../src/response.ts'
import type { WaitResult } from '../../src/wait/wait.ts'
import {
  forbidden,
  jobResponse,
  listResponse,
  transient,
  unauthorized,
  unusable,
  type Listed,
} from './responses.ts'
import { plain } from './text.ts'
import { completesAfter, HOUR, MINUTE, SECOND, START, waitFor, type ListRequest } from './virtual-wait.ts'

/** Several orders in one search, and the jobs that run on instances. */

const DAY = 24 * HOUR
const fault = (response: unknown) => response as ListResponse
const isWide = ({ since, until }: ListRequest) => until - since > 2 * DAY
const resultsOf = (results: readonly WaitResult[]) =>
  results.map(({ state, outcome }) => [state.kind, state.id.value, outcome.result])
const talliesOf = ({ state }: WaitResult) =>
  state.tally.map(({ label, count }) => `${count} × ${typeof label === 'string' ? label : plain([label])}`)

/** What the service returns if these are all of its jobs. */
function windowed(jobs: readonly Listed[]): (request: ListRequest) => ListResponse {
  const sorted = [...jobs].sort((a, b) => (b.created ?? START) - (a.created ?? START))
  return ({ since, until, status }) => {
    const inside = sorted.filter(
      ({ created = START, status: each }) =>
        created >= since && created <= until && (status === undefined || status === each),
    )
    return listResponse(inside.slice(0, 50), inside.length <= 50)
  }
}

describe('several orders', () => {
  const own = (orderId: string, id: string): Listed => ({ id, orderId, status: 'Running', created: START })

  test('are searched for with the same requests', async () => {
    const one = await waitFor({ orders: ['CS1'], timeout: 5 * MINUTE, list: windowed([]) })
    const many = await waitFor({
      orders: Array.from({ length: 50 }, (_, index) => `CS${index}`),
      timeout: 5 * MINUTE,
      list: windowed([]),
    })
    expect(many.listRequests).toEqual(one.listRequests)
    expect(many.results.map(({ outcome }) => outcome.result)).toEqual(
      Array.from({ length: 50 }, () => 'timed-out'),
    )
  })

  test('are followed by the jobs of each, in the order of the input', async () => {
    const jobs = [own('cs2', 'b1'), own('CS1', 'a1'), own('CS3', 'c1'), own('CS2', 'b2'), own('other', 'x')]
    const { results, found, listRequests, requests } = await waitFor({
      orders: ['CS1', 'CS2', 'CS3'],
      service: completesAfter(MINUTE),
      list: windowed(jobs),
    })
    expect(resultsOf(results)).toEqual([
      ['job', 'a1', 'completed'],
      ['job', 'b1', 'completed'],
      ['job', 'b2', 'completed'],
      ['job', 'c1', 'completed'],
    ])
    expect(found).toEqual(['a1', 'b1', 'b2', 'c1'])
    expect(listRequests.filter(isWide)).toEqual([])
    expect(new Set(requests.map(({ id }) => id))).toEqual(new Set(['a1', 'b1', 'b2', 'c1']))
  })

  test('that create their jobs at different times are each followed as soon as the list contains its jobs', async () => {
    const { results, requests, listRequests } = await waitFor({
      orders: ['CS1', 'CS2'],
      service: completesAfter(4 * MINUTE),
      list: (request) =>
        windowed([own('CS1', 'a'), ...(request.at >= 2 * MINUTE ? [own('CS2', 'b')] : [])])(request),
    })
    expect(resultsOf(results)).toEqual([
      ['job', 'a', 'completed'],
      ['job', 'b', 'completed'],
    ])
    expect(requests.find(({ id }) => id === 'a')?.at).toBeLessThan(SECOND)
    const first = requests.find(({ id }) => id === 'b')?.at
    expect(first).toBeGreaterThanOrEqual(2 * MINUTE)
    expect(first).toBeLessThan(2 * MINUTE + 15 * SECOND)
    // The search ends with the last order.
    expect(listRequests.at(-1)?.at).toBeLessThan(2 * MINUTE + 15 * SECOND)
  })

  test('of which one has no job end with its result not-found, after the jobs of the others', async () => {
    const { results, endedAt } = await waitFor({
      orders: ['CS1', 'CS2'],
      service: completesAfter(MINUTE),
      list: windowed([own('CS2', 'b')]),
    })
    expect(resultsOf(results)).toEqual([
      ['order', 'CS1', 'not-found'],
      ['job', 'b', 'completed'],
    ])
    expect(endedAt).toBeGreaterThanOrEqual(10 * MINUTE)
    expect(endedAt).toBeLessThan(10 * MINUTE + 15 * SECOND)
  })

  test('of which one is older than the recent window are both found', async () => {
    const old = { ...own('CS1', 'a'), created: START - 7 * DAY }
    const { results, listRequests } = await waitFor({
      orders: ['CS1', 'CS2'],
      list: windowed([old, own('CS2', 'b')]),
    })
    expect(resultsOf(results)).toEqual([
      ['job', 'a', 'completed'],
      ['job', 'b', 'completed'],
    ])
    expect(listRequests).toHaveLength(2)
  })

  test('fail fast together', async () => {
    const { results } = await waitFor({
      orders: ['CS1', 'CS2'],
      failFast: true,
      service: () => jobResponse('Failed'),
      list: windowed([own('CS2', 'b')]),
    })
    expect(resultsOf(results)).toEqual([
      ['order', 'CS1', 'interrupted'],
      ['job', 'b', 'failed'],
    ])
  })

  test('end together after a 401, and no further request is sent', async () => {
    const { results, listRequests } = await waitFor({
      orders: ['CS1', 'CS2', 'CS3'],
      list: () => fault(unauthorized),
    })
    expect(results.map(({ outcome }) => outcome)).toEqual(
      results.map(() => expect.objectContaining({ result: 'error', reason: 'credentials' })),
    )
    expect(listRequests).toHaveLength(1)
  })

  test('end after a 401 with the jobs that were found before', async () => {
    const { results, requests } = await waitFor({
      orders: ['CS1', 'CS2'],
      interval: 10 * SECOND,
      service: () => jobResponse('Running'),
      list: (request) => (request.at < MINUTE ? windowed([own('CS1', 'a')])(request) : fault(unauthorized)),
    })
    expect(results.map(({ state, outcome }) => [state.kind, outcome])).toEqual([
      ['job', expect.objectContaining({ result: 'error', reason: 'credentials' })],
      ['order', expect.objectContaining({ result: 'error', reason: 'credentials' })],
    ])
    expect(requests.at(-1)?.at).toBeLessThan(MINUTE + 15 * SECOND)
  })

  test('count a list that fails for each order', async () => {
    const { results, listRequests } = await waitFor({
      orders: ['CS1', 'CS2'],
      timeout: 2 * MINUTE,
      list: () => fault(transient()),
    })
    for (const result of results) expect(talliesOf(result)).toEqual([`${listRequests.length} × 502`])
  })

  test('read on in the older window, however many jobs the recent one contains', async () => {
    const jobs = Array.from({ length: 1_500 }, (_, index) => ({
      id: `x${index}`,
      status: 'Completed',
      created: START - index * 2 * SECOND,
    }))
    const older = Array.from({ length: 150 }, (_, index) => ({
      id: `y${index}`,
      status: 'Completed',
      created: START - HOUR - (index + 1) * MINUTE,
    }))
    const own = { id: 'a', orderId: 'CS1', status: 'Running', created: START - DAY }
    const { results } = await waitFor({ orders: ['CS1'], list: windowed([...jobs, ...older, own]) })
    expect(resultsOf(results)).toEqual([['job', 'a', 'completed']])
  })

  test('are searched for at the poll interval, even if it is a second', async () => {
    const { listRequests } = await waitFor({
      orders: ['CS1'],
      interval: SECOND,
      latency: 0,
      timeout: 20 * SECOND,
      list: windowed([]),
    })
    expect(listRequests.slice(2, 6).map(({ at }) => at / SECOND)).toEqual([2, 3, 4, 5])
  })
})

describe('the jobs that run on instances', () => {
  const on = (instanceId: string, changes: Partial<Listed> = {}): Listed => ({
    id: `job-of-${instanceId}`,
    status: 'Running',
    created: START,
    instanceId,
    ...changes,
  })

  test('are waited on until none is left, with requests for running jobs only', async () => {
    const { results, listRequests, requests, endedAt } = await waitFor({
      instances: ['i1'],
      list: (request) => windowed(request.at < 5 * MINUTE ? [on('i1'), on('i2')] : [on('i2')])(request),
    })
    expect(resultsOf(results)).toEqual([['instance', 'i1', 'completed']])
    expect(results.flatMap(talliesOf)).toEqual([
      `${listRequests.length - 2} × a job is running`,
      '2 × no job is running',
    ])
    expect(new Set(listRequests.map(({ status }) => status))).toEqual(new Set(['Running']))
    expect(requests).toEqual([])
    expect(endedAt).toBeGreaterThanOrEqual(5 * MINUTE)
    expect(endedAt).toBeLessThan(5.5 * MINUTE)
  })

  test('are found in one search for all instances, each of which ends when it is idle', async () => {
    const { results, listRequests } = await waitFor({
      instances: ['i1', 'i2', 'i3'],
      timeout: 10 * MINUTE,
      list: (request) => windowed(request.at < MINUTE ? [on('i1'), on('i2')] : [on('i2')])(request),
    })
    expect(resultsOf(results)).toEqual([
      ['instance', 'i1', 'completed'],
      ['instance', 'i2', 'timed-out'],
      ['instance', 'i3', 'completed'],
    ])
    expect(results.map(({ state }) => state.tally.reduce((sum, { count }) => sum + count, 0))).toEqual([
      expect.any(Number),
      listRequests.length,
      3,
    ])
    expect(results[1]?.state.job?.instanceId?.value).toBe('i2')
  })

  test('are looked for once more when none was found, since the list may not contain a new one yet', async () => {
    const { only, listRequests } = await waitFor({
      instances: ['i1'],
      list: (request) => windowed(request.at > SECOND && request.at < MINUTE ? [on('i1')] : [])(request),
    })
    expect(only.outcome.result).toBe('completed')
    expect(talliesOf(only)).toEqual(['3 × no job is running', expect.stringMatching(/a job is running$/)])
    expect(listRequests[1]?.at).toBeGreaterThanOrEqual(5 * SECOND)
    expect(listRequests[1]?.at).toBeLessThan(6 * SECOND)
  })

  test('are compared by the ID of the instance, ignoring case', async () => {
    const { only } = await waitFor({ instances: ['A48E43'], timeout: MINUTE, list: windowed([on('a48e43')]) })
    expect(only.outcome.result).toBe('timed-out')
  })

  test('may have been created weeks ago', async () => {
    const { only } = await waitFor({
      instances: ['i1'],
      timeout: MINUTE,
      list: windowed([on('i1', { created: START - 29 * DAY })]),
    })
    expect(only.outcome.result).toBe('timed-out')
  })

  test('are those of the current moment: the window moves on', async () => {
    const { listRequests } = await waitFor({
      instances: ['i1'],
      list: ({ at }) => listResponse(at < HOUR / 2 ? [on('i1')] : []),
    })
    expect(listRequests.filter(({ until, at }) => until < START + at + HOUR - MINUTE)).toEqual([])
    expect(listRequests.length).toBeGreaterThan(50)
  })

  test('are not those that a service lists although they do not run', async () => {
    const { only } = await waitFor({
      instances: ['i1'],
      list: () => listResponse([on('i1', { status: 'Completed' }), on('i1', { id: 'x', status: 'Failed' })]),
    })
    expect(only.outcome.result).toBe('completed')
  })

  describe('in a list of several pages', () => {
    const others = Array.from({ length: 120 }, (_, index) =>
      on('other', { id: `x${index}`, created: START - index * MINUTE }),
    )

    test('are still known to run after a later page, which does not contain them', async () => {
      const { only, listRequests } = await waitFor({
        instances: ['i1'],
        timeout: MINUTE,
        list: windowed([on('i1'), ...others]),
      })
      expect(only.outcome.result).toBe('timed-out')
      expect(talliesOf(only)).toEqual([expect.stringMatching(/a job is running$/)])
      expect(listRequests.length).toBeGreaterThan(3)
    })

    test('are found on the last page', async () => {
      const { only, listRequests } = await waitFor({
        instances: ['i1'],
        timeout: MINUTE,
        list: windowed([...others, on('i1', { created: START - 20 * DAY })]),
      })
      expect(only.outcome.result).toBe('timed-out')
      expect(talliesOf(only)[0]).toMatch(/a job is running$/)
      expect(listRequests.length).toBeGreaterThan(2)
    })

    test('are not missing before all pages were read', async () => {
      const { only, listRequests } = await waitFor({ instances: ['i1'], list: windowed(others) })
      expect(only.outcome.result).toBe('completed')
      expect(listRequests).toHaveLength(6)
    })

    test('are unknown if pages cannot be read, so that the instance is never idle', async () => {
      // Without dates, a narrower window is not possible.
      const list = () =>
        listResponse(
          others.slice(0, 50).map((job) => ({ ...job, created: Number.NaN })),
          false,
        )
      const { only, listRequests } = await waitFor({ instances: ['i1'], list })
      expect(only.outcome).toMatchObject({ result: 'error', reason: 'unusable' })
      expect(talliesOf(only)).toEqual(['5 × incomplete list'])
      expect(listRequests).toHaveLength(5)
    })

    test('are known to run even if the list is incomplete', async () => {
      const list = () => listResponse([{ ...on('i1'), created: Number.NaN }], false)
      const { only } = await waitFor({ instances: ['i1'], timeout: 5 * MINUTE, list })
      expect(only.outcome.result).toBe('timed-out')
      expect(talliesOf(only)).toEqual([expect.stringMatching(/a job is running$/)])
    })

    test('are unknown if a later page is rejected, so that the instance is not idle', async () => {
      // The service refuses only the second page. Its jobs run until they are finished.
      const jobs = [...others.slice(0, 60), on('i1', { created: START - 2 * HOUR })]
      const { only, endedAt, listRequests } = await waitFor({
        instances: ['i1'],
        list: (request) =>
          isWide(request) && request.until < START
            ? fault(forbidden)
            : windowed(request.at < 5 * MINUTE ? jobs : others.slice(0, 10))(request),
      })
      expect(only.outcome.result).toBe('completed')
      expect(endedAt).toBeGreaterThanOrEqual(5 * MINUTE)
      expect(talliesOf(only)[0]).toBe('2 × incomplete list')
      expect(listRequests.filter(isWide)).toHaveLength(4)
    })
  })

  test('are searched for in the last 30 days after a list that is unusable', async () => {
    let faults = 0
    const { only, listRequests } = await waitFor({
      instances: ['i1'],
      timeout: 2 * MINUTE,
      list: (request) =>
        faults++ === 0 ? fault(unusable) : windowed([on('i1', { created: START - 2 * DAY })])(request),
    })
    expect(only.outcome.result).toBe('timed-out')
    expect(listRequests.filter((request) => !isWide(request))).toEqual([])
  })

  test('are unknown if an entry of the instance has no usable status', async () => {
    const { only } = await waitFor({
      instances: ['i1'],
      list: () => ({ ...listResponse([]), unusable: [{ orderId: undefined, instanceId: 'I1' }] }),
    })
    expect(only.outcome).toMatchObject({ result: 'error', reason: 'unusable' })
  })

  test('are found although the clock of this runner is two hours behind', async () => {
    const jobs = [on('i1', { created: START + 2 * HOUR })]
    const { only } = await waitFor({
      instances: ['i1'],
      timeout: 2 * MINUTE,
      list: (request) => {
        const list = windowed(jobs)(request)
        return list.kind === 'list' ? { ...list, clockOffset: 2 * HOUR } : list
      },
    })
    expect(only.outcome.result).toBe('timed-out')
  })

  test('are searched for in the last day if the wide window is rejected twice', async () => {
    const { only, listRequests } = await waitFor({
      instances: ['i1'],
      list: (request) =>
        isWide(request) ? fault(forbidden) : windowed(request.at < MINUTE ? [on('i1')] : [])(request),
    })
    expect(only.outcome.result).toBe('completed')
    expect(talliesOf(only)).toEqual([expect.stringMatching(/a job is running$/), '2 × no job is running'])
    // The end of a window is an hour in the future, because clocks may differ.
    const days = listRequests.map(({ since, until }) => (until - HOUR - since) / DAY)
    expect(days.slice(0, 6)).toEqual([30, 1, 30, 1, 1, 1])
    expect(days.lastIndexOf(30)).toBe(2)
    const [first, second] = listRequests
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(3 * SECOND)
  })

  test.each([1, 4])(
    'are found although request number %i for the wide window is rejected',
    async (rejected) => {
      // Only refusals without an accepted request in between count.
      let wide = 0
      const { only } = await waitFor({
        instances: ['i1'],
        timeout: 10 * MINUTE,
        list: (request) =>
          isWide(request) && [rejected, rejected + 3].includes(++wide)
            ? fault(forbidden)
            : windowed([on('i1', { created: START - 2 * DAY })])(request),
      })
      expect(only.outcome.result).toBe('timed-out')
      expect(wide).toBeGreaterThan(rejected + 3)
    },
  )

  test('are found at the edge of the last day', async () => {
    const jobs = [on('i1', { created: START - DAY + MINUTE / 2 })]
    const { only } = await waitFor({
      instances: ['i1'],
      timeout: 20 * SECOND,
      list: (request) => (isWide(request) ? fault(forbidden) : windowed(jobs)(request)),
    })
    expect(only.outcome.result).toBe('timed-out')
  })

  test('include those with an unknown status, since only running ones are listed', async () => {
    const jobs = [on('i1', { status: 'RUNNING ' })]
    const { only } = await waitFor({ instances: ['i1'], timeout: MINUTE, list: () => listResponse(jobs) })
    expect(only.outcome.result).toBe('timed-out')
  })

  test.each([
    ['an interval of a second', { interval: SECOND, timeout: HOUR }],
    ['the final poll', { timeout: 5 * SECOND }],
  ])('are searched for again after at least five seconds, also with %s', async (_name, given) => {
    const { only, endedAt } = await waitFor({ instances: ['i1'], ...given, list: windowed([]) })
    expect(only.outcome.result).toBe(given.timeout === HOUR ? 'completed' : 'timed-out')
    expect(endedAt).toBeGreaterThanOrEqual(5 * SECOND)
  })

  test.each<[string, unknown, number]>([
    ['permission', forbidden, 2],
    ['credentials', unauthorized, 1],
    ['credentials', { ...unauthorized, isRenewable: true }, 2],
    ['unusable', unusable, 5],
  ])('are unknown after the fault %s, which ends the wait', async (reason, response, count) => {
    const { results, listRequests, instanceRequests } = await waitFor({
      instances: ['i1', 'i2'],
      until: 'available',
      list: () => fault(response),
    })
    expect(results.map(({ outcome }) => outcome)).toEqual(
      results.map(() => expect.objectContaining({ result: 'error', reason })),
    )
    expect(listRequests).toHaveLength(count)
    expect(instanceRequests).toEqual([])
  })

  test('are searched for again after errors, with backoff, until the timeout', async () => {
    const { only, listRequests, endedAt } = await waitFor({
      instances: ['i1'],
      timeout: 5 * MINUTE,
      list: () => fault(transient()),
    })
    expect(only.outcome.result).toBe('timed-out')
    expect(endedAt).toBe(5 * MINUTE)
    expect(listRequests.length).toBeLessThanOrEqual(25)
  })

  test('are polled at the fixed interval', async () => {
    const { listRequests } = await waitFor({
      instances: ['i1'],
      interval: 30 * SECOND,
      timeout: 3 * MINUTE,
      latency: 0,
      list: windowed([on('i1')]),
    })
    expect(listRequests.slice(0, 4).map(({ at }) => at / SECOND)).toEqual([0, 30, 60, 90])
  })
})
