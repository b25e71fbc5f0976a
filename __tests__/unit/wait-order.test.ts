import { expect, test } from '@jest/globals'
import type { ListAnswer } from '../../src/answer.ts'
import { forbidden, jobAnswer, listAnswer, tryAgain, unauthorized, unusable } from './answers.ts'
import { completesAfter, HOUR, MINUTE, SECOND, START, waitFor, type ListAsked } from './waiting.ts'

const ORDER = 'CS2026ABC'
const others = listAnswer([{ id: 'other', status: 'Running', created: START }])

const own = (id: string, created = START) => ({ id, status: 'Running', created, orderId: ORDER })

/** A list that has jobs of the order from a moment on. */
const appearsAt =
  (moment: number, ids = ['job-1']) =>
  ({ at, since, until }: ListAsked): ListAnswer =>
    at < moment || START < since || START > until ? others : listAnswer(ids.map((id) => own(id)))

test('the jobs of an order are found once it has any, and waited for', async () => {
  const { waited, found, asked, listed } = await waitFor({
    order: ORDER,
    service: completesAfter(5 * MINUTE),
    list: appearsAt(40 * SECOND, ['job-1', 'job-2']),
  })
  expect(found).toEqual(['job-1', 'job-2'])
  expect(waited.map(({ state, end }) => [state.kind, state.id.value, end.result])).toEqual([
    ['job', 'job-1', 'completed'],
    ['job', 'job-2', 'completed'],
  ])
  expect(asked[0]?.at).toBeLessThan(55 * SECOND)
  expect(listed.length).toBeLessThan(20)
})

test('an order is compared ignoring case', async () => {
  const { only } = await waitFor({
    order: ORDER.toLowerCase(),
    service: () => jobAnswer('Completed'),
    list: appearsAt(0),
  })
  expect(only.end.result).toBe('completed')
})

test('an order without a job is not found after ten minutes, and says nothing of a job', async () => {
  const { only, asked, endedAt, listed } = await waitFor({
    order: ORDER,
    service: () => jobAnswer('Completed'),
    list: () => others,
  })
  expect(only).toMatchObject({ state: { kind: 'order' }, end: { result: 'not-found' } })
  expect(endedAt).toBeGreaterThanOrEqual(10 * MINUTE)
  expect(endedAt).toBeLessThan(10 * MINUTE + 15 * SECOND)
  expect(asked).toEqual([])
  expect(listed.length).toBeLessThan(100)
})

test('the ten minutes begin with the first answer', async () => {
  const { endedAt } = await waitFor({
    order: ORDER,
    service: () => jobAnswer('Completed'),
    list: ({ at }) => (at < 5 * MINUTE ? (tryAgain() as ListAnswer) : others),
  })
  expect(endedAt).toBeGreaterThanOrEqual(15 * MINUTE)
})

test('the timeout wins', async () => {
  const { only, endedAt } = await waitFor({
    order: ORDER,
    timeout: 2 * MINUTE,
    service: () => jobAnswer('Completed'),
    list: () => others,
  })
  expect(only.end.result).toBe('timed-out')
  expect(endedAt).toBe(2 * MINUTE)
})

test('the wait for the jobs ends with the timeout of the whole', async () => {
  const { only, endedAt } = await waitFor({
    order: ORDER,
    timeout: 2 * MINUTE,
    service: () => jobAnswer('Running'),
    list: appearsAt(MINUTE),
  })
  expect(only).toMatchObject({ state: { kind: 'job' }, end: { result: 'timed-out' } })
  expect(endedAt).toBe(2 * MINUTE)
})

test.each<[string, ListAnswer, number]>([
  ['permission', forbidden as ListAnswer, 1],
  ['credentials', unauthorized as ListAnswer, 1],
  ['credentials', { ...unauthorized, isRenewable: true } as ListAnswer, 2],
  ['unusable', unusable as ListAnswer, 5],
])('a list that comes to %s ends the wait', async (why, answer, questions) => {
  const { only, listed, asked } = await waitFor({
    order: ORDER,
    service: () => jobAnswer('Completed'),
    list: () => answer,
  })
  expect(only.end).toMatchObject({ result: 'error', why })
  expect(listed).toHaveLength(questions)
  expect(asked).toEqual([])
})

test('an order of last week is found, too, since all that the task center keeps is searched once', async () => {
  const created = START - 7 * 24 * HOUR
  const { only, listed } = await waitFor({
    order: ORDER,
    service: () => jobAnswer('Completed'),
    list: ({ since, until }) =>
      created >= since && created <= until ? listAnswer([own('job-1', created)]) : others,
  })
  expect(only.end.result).toBe('completed')
  expect(listed.map(({ since }) => (START - since) / HOUR)).toEqual([1, 30 * 24])
})

test('an order behind many other jobs is found by narrower windows', async () => {
  const jobs = Array.from({ length: 300 }, (_, index) => ({
    id: `other-${index}`,
    status: 'Running',
    created: START - index * 10 * SECOND,
  }))
  const all = [...jobs, own('job-1', START - 50 * MINUTE + 5 * SECOND)].sort((a, b) => b.created - a.created)
  const { only, listed } = await waitFor({
    order: ORDER,
    service: () => jobAnswer('Completed'),
    list: ({ since, until }) => {
      const inside = all.filter(({ created }) => created >= since && created <= until)
      return listAnswer(inside.slice(0, 50), inside.length <= 50)
    },
  })
  expect(only.end.result).toBe('completed')
  expect(listed).toHaveLength(7)
  expect(listed.at(-1)?.at).toBeLessThan(20 * SECOND)
})

test('an order whose jobs are many has them all waited for', async () => {
  const ids = Array.from({ length: 8 }, (_, index) => `job-${index}`)
  const { waited } = await waitFor({ order: ORDER, service: completesAfter(MINUTE), list: appearsAt(0, ids) })
  expect(waited).toHaveLength(8)
  expect(waited.every(({ end }) => end.result === 'completed')).toBe(true)
})

test.each<[string, 'auto' | number, number | undefined, number]>([
  ['backs off', 'auto', undefined, 25],
  ['obeys Retry-After', 'auto', MINUTE, 6],
  ['keeps a fixed interval', MINUTE, undefined, 6],
])('a list that fails %s', async (_name, interval, retryAfter, most) => {
  const { listed } = await waitFor({
    order: ORDER,
    interval,
    timeout: 5 * MINUTE,
    service: () => jobAnswer('Completed'),
    list: () => tryAgain(retryAfter) as ListAnswer,
  })
  expect(listed.length).toBeLessThanOrEqual(most)
})
