import { expect, test } from '@jest/globals'
import type { ListResponse } from '../../src/response.ts'
import { forbidden, jobResponse, listResponse, transient, unauthorized, unusable } from './responses.ts'
import {
  completesAfter,
  HOUR,
  MINUTE,
  SECOND,
  START,
  waitFor,
  type ListRequest,
  type Scenario,
} from './virtual-wait.ts'

const ORDER = 'CS2026ABC'
const others = listResponse([{ id: 'other', status: 'Running', created: START }])

const own = (id: string, created = START) => ({ id, status: 'Running', created, orderId: ORDER })

/** A list that contains jobs of the order from a moment on. */
const appearsAt =
  (moment: number, ids = ['job-1']) =>
  ({ at, since, until }: ListRequest): ListResponse =>
    at < moment || START < since || START > until ? others : listResponse(ids.map((id) => own(id)))

test('finds the jobs of an order as soon as they exist, and polls until they complete', async () => {
  const { results, found, requests, listRequests } = await waitFor({
    orders: [ORDER],
    service: completesAfter(5 * MINUTE),
    list: appearsAt(40 * SECOND, ['job-1', 'job-2']),
  })
  expect(found).toEqual(['job-1', 'job-2'])
  expect(results.map(({ state, outcome }) => [state.kind, state.id.value, outcome.result])).toEqual([
    ['job', 'job-1', 'completed'],
    ['job', 'job-2', 'completed'],
  ])
  expect(requests[0]?.at).toBeLessThan(55 * SECOND)
  expect(listRequests.length).toBeLessThan(20)
})

test('compares order IDs ignoring case', async () => {
  const { only } = await waitFor({
    orders: [ORDER.toLowerCase()],
    service: () => jobResponse('Completed'),
    list: appearsAt(0),
  })
  expect(only.outcome.result).toBe('completed')
})

test('ends with the result not-found if the order has no job for ten minutes, and polls no job', async () => {
  const { only, requests, endedAt, listRequests } = await waitFor({
    orders: [ORDER],
    service: () => jobResponse('Completed'),
    list: () => others,
  })
  expect(only).toMatchObject({ state: { kind: 'order' }, outcome: { result: 'not-found' } })
  expect(endedAt).toBeGreaterThanOrEqual(10 * MINUTE)
  expect(endedAt).toBeLessThan(10 * MINUTE + 15 * SECOND)
  expect(requests).toEqual([])
  expect(listRequests.length).toBeLessThan(100)
})

test('the ten minutes begin with the first response that contains a list', async () => {
  const { endedAt } = await waitFor({
    orders: [ORDER],
    service: () => jobResponse('Completed'),
    list: ({ at }) => (at < 5 * MINUTE ? (transient() as ListResponse) : others),
  })
  expect(endedAt).toBeGreaterThanOrEqual(15 * MINUTE)
})

test('the timeout ends the search for jobs', async () => {
  const { only, endedAt } = await waitFor({
    orders: [ORDER],
    timeout: 2 * MINUTE,
    service: () => jobResponse('Completed'),
    list: () => others,
  })
  expect(only.outcome.result).toBe('timed-out')
  expect(endedAt).toBe(2 * MINUTE)
})

test('the search counts toward the timeout of the wait', async () => {
  const { only, endedAt } = await waitFor({
    orders: [ORDER],
    timeout: 2 * MINUTE,
    service: () => jobResponse('Running'),
    list: appearsAt(MINUTE),
  })
  expect(only).toMatchObject({ state: { kind: 'job' }, outcome: { result: 'timed-out' } })
  expect(endedAt).toBe(2 * MINUTE)
})

test.each<[string, ListResponse, number]>([
  ['permission', forbidden as ListResponse, 1],
  ['credentials', unauthorized as ListResponse, 1],
  ['credentials', { ...unauthorized, isRenewable: true } as ListResponse, 2],
  ['unusable', unusable as ListResponse, 5],
])('a list response with the fault %s ends the wait', async (reason, response, count) => {
  const { only, listRequests, requests } = await waitFor({
    orders: [ORDER],
    service: () => jobResponse('Completed'),
    list: () => response,
  })
  expect(only.outcome).toMatchObject({ result: 'error', reason })
  expect(listRequests).toHaveLength(count)
  expect(requests).toEqual([])
})

test('finds an order of last week, because everything that the task center keeps is searched once', async () => {
  const created = START - 7 * 24 * HOUR
  const { only, listRequests } = await waitFor({
    orders: [ORDER],
    service: () => jobResponse('Completed'),
    list: ({ since, until }) =>
      created >= since && created <= until ? listResponse([own('job-1', created)]) : others,
  })
  expect(only.outcome.result).toBe('completed')
  expect(listRequests.map(({ since }) => (START - since) / HOUR)).toEqual([1, 30 * 24])
})

test('finds an order behind many other jobs by narrower windows', async () => {
  const jobs = Array.from({ length: 300 }, (_, index) => ({
    id: `other-${index}`,
    status: 'Running',
    created: START - index * 10 * SECOND,
  }))
  const all = [...jobs, own('job-1', START - 50 * MINUTE + 5 * SECOND)].sort((a, b) => b.created - a.created)
  const { only, listRequests } = await waitFor({
    orders: [ORDER],
    service: () => jobResponse('Completed'),
    list: ({ since, until }) => {
      const inside = all.filter(({ created }) => created >= since && created <= until)
      return listResponse(inside.slice(0, 50), inside.length <= 50)
    },
  })
  expect(only.outcome.result).toBe('completed')
  expect(listRequests).toHaveLength(7)
  expect(listRequests.at(-1)?.at).toBeLessThan(20 * SECOND)
})

/** The first 50 jobs of a window, the newest first. */
const pageOf =
  (jobs: readonly ReturnType<typeof own>[]) =>
  ({ since, until }: ListRequest): ListResponse => {
    const inside = jobs.filter(({ created }) => created >= since && created <= until)
    return listResponse(inside.slice(0, 50), inside.length <= 50)
  }

const foreign = Array.from({ length: 300 }, (_, index) => ({
  ...own(`other-${index}`, START - index * SECOND),
  orderId: 'another order',
}))

test.each([
  ['next to each other', [48.5, 49.5]],
  ['with other jobs in between', [40, 60, 120]],
  ['in more responses than one', [45, 70, 110]],
])('waits for the jobs of an order in several responses, %s', async (_name, ages) => {
  const jobs = ages.map((age, index) => own(`job-${index}`, START - age * SECOND))
  const oldest = `job-${ages.length - 1}`
  const { results, found } = await waitFor({
    orders: [ORDER],
    service: ({ id }) => jobResponse(id === oldest ? 'Failed' : 'Completed'),
    list: pageOf([...foreign, ...jobs].sort((a, b) => b.created - a.created)),
  })
  expect(found).toEqual(jobs.map(({ id }) => id))
  expect(results.map(({ outcome }) => outcome.result)).toEqual(
    ages.map((_age, index) => (index === ages.length - 1 ? 'failed' : 'completed')),
  )
})

test('waits for the jobs of an order that were created on both sides of the last hour', async () => {
  const jobs = [own('new', START - HOUR + 2 * SECOND), own('old', START - HOUR - 2 * SECOND)]
  const { results } = await waitFor({
    orders: [ORDER],
    service: ({ id }) => jobResponse(id === 'old' ? 'Failed' : 'Completed'),
    list: pageOf(jobs),
  })
  expect(results.map(({ state, outcome }) => [state.id.value, outcome.result])).toEqual([
    ['new', 'completed'],
    ['old', 'failed'],
  ])
})

test('does not succeed if the list has more jobs of the order than can be read', async () => {
  const sameSecond = Array.from({ length: 60 }, (_, index) => own(`job-${index}`))
  const { only, requests } = await waitFor({
    orders: [ORDER],
    service: () => jobResponse('Completed'),
    list: pageOf(sameSecond),
  })
  expect(only.outcome).toMatchObject({ result: 'error', reason: 'unusable' })
  expect(requests).toEqual([])
})

test('does not wait for jobs of an order that a later response would contain after one without any', async () => {
  const { found, listRequests } = await waitFor({
    orders: [ORDER],
    service: () => jobResponse('Completed'),
    list: pageOf(
      [...foreign, own('job-0', START - 10 * SECOND), own('job-1', START - 200 * SECOND)].sort(
        (a, b) => b.created - a.created,
      ),
    ),
  })
  expect(found).toEqual(['job-0'])
  expect(listRequests).toHaveLength(2)
})

test('waits for all jobs of an order, even if there are many', async () => {
  const ids = Array.from({ length: 8 }, (_, index) => `job-${index}`)
  const { results } = await waitFor({
    orders: [ORDER],
    service: completesAfter(MINUTE),
    list: appearsAt(0, ids),
  })
  expect(results).toHaveLength(8)
  expect(results.every(({ outcome }) => outcome.result === 'completed')).toBe(true)
})

test.each<[string, 'auto' | number, number | undefined, number]>([
  ['is retried with backoff', 'auto', undefined, 25],
  ['is retried after Retry-After', 'auto', MINUTE, 6],
  ['is retried at a fixed interval', MINUTE, undefined, 6],
])('a list that fails %s', async (_name, interval, retryAfter, maxRequests) => {
  const { listRequests } = await waitFor({
    orders: [ORDER],
    interval,
    timeout: 5 * MINUTE,
    service: () => jobResponse('Completed'),
    list: () => transient(retryAfter) as ListResponse,
  })
  expect(listRequests.length).toBeLessThanOrEqual(maxRequests)
})

test.each([
  ['rejected', forbidden],
  ['unusable', unusable],
])('a wide window whose list is %s is read twice, and does not end the search', async (_, refusal) => {
  const { only, listRequests } = await waitFor({
    orders: [ORDER],
    service: () => jobResponse('Completed'),
    list: (request) =>
      request.until - request.since > 24 * HOUR ? (refusal as ListResponse) : appearsAt(MINUTE)(request),
  })
  expect(only.outcome.result).toBe('completed')
  expect(listRequests.filter(({ since, until }) => until - since > 24 * HOUR)).toHaveLength(2)
})

test.each([
  ['rejected', forbidden],
  ['unusable', unusable],
  ['transient', transient()],
])('an order of last week is found although the first list of a wide window is %s', async (_, fault) => {
  const old = listResponse([own('a', START - 7 * 24 * HOUR)])
  let faults = 0
  const { only } = await waitFor({
    orders: [ORDER],
    list: ({ since, until }) =>
      until - since < 24 * HOUR ? listResponse([]) : faults++ === 0 ? (fault as ListResponse) : old,
  })
  expect([only.outcome.result, only.state.id.value]).toEqual(['completed', 'a'])
})

test('an incomplete list stays incomplete after a fault that passes', async () => {
  const jobs = Array.from({ length: 50 }, (_, index) => ({
    id: `job-${index}`,
    orderId: ORDER,
    status: 'Running',
    created: START,
  }))
  let faults = 0
  const { results } = await waitFor({
    orders: [ORDER],
    list: ({ since, until }) => {
      if (until - since < 24 * HOUR) return listResponse(jobs, false)
      return faults++ === 0 ? (transient() as ListResponse) : listResponse([])
    },
  })
  expect(results.map(({ outcome }) => outcome.result)).toEqual(['error'])
})

test('waits for a job of an order without a usable status', async () => {
  const job = { id: 'a', orderId: ORDER, status: 'Running', created: START }
  const unreadable = [{ orderId: ORDER.toUpperCase(), instanceId: undefined }]
  const { results, requests } = await waitFor({
    orders: [ORDER],
    list: ({ at }) =>
      at < MINUTE
        ? { ...listResponse([job]), unusable: unreadable }
        : listResponse([job, { ...job, id: 'b', status: 'Pending' }]),
  })
  expect(results.map(({ state }) => state.id.value)).toEqual(['a', 'b'])
  expect(requests[0]?.at).toBeGreaterThanOrEqual(MINUTE)
})

test('the windows follow the clock of the service', async () => {
  // This runner's clock is two hours behind.
  const { only } = await waitFor({
    orders: [ORDER],
    list: ({ since, until }) => {
      const created = START + 2 * HOUR
      const jobs = [{ id: 'a', orderId: ORDER, status: 'Running', created }]
      const isInside = since <= created && created <= until
      return { ...listResponse(isInside ? jobs : []), clockOffset: 2 * HOUR }
    },
  })
  expect([only.outcome.result, only.state.id.value]).toEqual(['completed', 'a'])
})

/** Jobs of several orders, one each, in a list that is read from a moment on. */
const oneJobEach =
  (orders: readonly string[], moment = 0) =>
  ({ at, since, until }: ListRequest): ListResponse => {
    const jobs = orders.map((orderId) => ({ ...own(`job-of-${orderId}`), orderId }))
    return at < moment || START < since || START > until ? others : listResponse(jobs)
  }

test('polls the jobs of many orders with the list, like jobs whose IDs are known', async () => {
  const orders = Array.from({ length: 20 }, (_, index) => `CS${index}`)
  const counts = async (given: Pick<Scenario, 'jobs' | 'orders'>) => {
    const { requests, listRequests } = await waitFor({
      ...given,
      timeout: 15 * MINUTE,
      service: () => jobResponse('Running'),
      list: oneJobEach(orders),
    })
    return { jobs: requests.length, lists: listRequests.length }
  }
  const byOrder = await counts({ orders })
  const byJob = await counts({ jobs: orders.map((order) => `job-of-${order}`) })
  expect(byOrder.jobs).toBeLessThan(byJob.jobs + 5)
  expect(byOrder.lists).toBeLessThan(byJob.lists + 5)
})

test('polls jobs with the list although their orders get them one after another', async () => {
  const orders = Array.from({ length: 8 }, (_, index) => `CS${index}`)
  const { requests, listRequests } = await waitFor({
    orders,
    timeout: 15 * MINUTE,
    service: () => jobResponse('Running'),
    list: (request) => oneJobEach(orders.slice(0, 1 + Math.floor(request.at / (10 * SECOND))))(request),
  })
  expect(listRequests.length).toBeGreaterThan(requests.length)
})

test('with fail-fast, an order without a job ends the wait for jobs that the same response contains', async () => {
  const { results, endedAt } = await waitFor({
    orders: ['CS0', 'CS1'],
    failFast: true,
    timeout: HOUR,
    service: () => jobResponse('Running'),
    list: oneJobEach(['CS1'], 10 * MINUTE),
  })
  expect(results.map(({ state, outcome }) => [state.kind, outcome.result])).toEqual([
    ['order', 'not-found'],
    ['job', 'interrupted'],
  ])
  expect(endedAt).toBeLessThan(11 * MINUTE)
})
