import { describe, expect, test } from '@jest/globals'
import { readSubTasks, subTasksApi } from '../../src/api/sub-tasks.ts'
import { tokenCredentials } from '../../src/credentials/credentials.ts'
import type { ExchangeResult } from '../../src/http/exchange.ts'
import type { JobResponse, SubTask, SubTasksResponse } from '../../src/response.ts'
import { forbidden, jobResponse, listResponse, transient, unusable } from './responses.ts'
import { contextAt, plain } from './text.ts'
import { HOUR, jobId, MINUTE, SECOND, START, waitFor, type JobRequest } from './virtual-wait.ts'

/** The sub-tasks of restore jobs: what is read, when they are requested, and that they never end a wait. */

const NAME = 'RestoreTaurusInInstanceToExisted'

/** A restore job that completes at a moment. */
const restore =
  (end: number, name = NAME) =>
  ({ at }: JobRequest): JobResponse =>
    jobResponse(at >= end ? 'Completed' : 'Running', { name, instance: { id: 'instance-1' } })

function response(body: unknown, status = 200): ExchangeResult {
  return { kind: 'response', status, headers: {}, body: JSON.stringify(body), bodyError: undefined }
}

const read = (list: unknown) => readSubTasks(response({ sub_task_list: list }), contextAt(0))
const task = (fields: Record<string, unknown> = {}) => ({
  sub_task_name: 'Restore data',
  status: 'Running',
  percent: '40',
  remaining_time: '300',
  ...fields,
})
const shown = (result: SubTasksResponse) =>
  result.kind === 'sub-tasks' ? result.subTasks.map(describeTask) : result.kind
const describeTask = ({ name, status, progress, remaining }: SubTask) => [
  plain([name]),
  plain([status]),
  progress,
  remaining,
]

describe('a list of sub-tasks', () => {
  test('has names, statuses, progress, and the remaining time', () => {
    expect(shown(read([task(), task({ status: 'Completed', percent: '', remaining_time: '' })]))).toEqual([
      ['Restore data', 'Running', 40, 300 * SECOND],
      ['Restore data', 'Completed', 100, undefined],
    ])
  })

  test.each([
    ['numbers', task({ percent: 40, remaining_time: 300 }), ['Restore data', 'Running', 40, 300 * SECOND]],
    [
      'odd texts',
      task({ percent: 'x', remaining_time: '-1' }),
      ['Restore data', 'Running', undefined, undefined],
    ],
    ['nothing else', { sub_task_name: 'a', status: 'Pending' }, ['a', 'Pending', undefined, undefined]],
  ])('may contain %s', (_name, sent, expected) => {
    expect(shown(read([sent]))).toEqual([expected])
  })

  test('is read without what is not a sub-task, and only up to 20 of them', () => {
    expect(shown(read([5, null, {}, { sub_task_name: 'a' }, task()]))).toHaveLength(1)
    expect(shown(read(Array.from({ length: 10_000 }, () => task())))).toHaveLength(20)
  })

  test.each([[{}], [{ sub_task_list: 'x' }], [5]])('is not usable if it is %j', (body) => {
    expect(shown(readSubTasks(response(body), contextAt(0)))).toBe('unusable')
  })
})

describe('a request for sub-tasks', () => {
  const requested: string[] = []
  const getSubTasks = subTasksApi({
    ...contextAt(0),
    endpoint: 'https://host',
    language: 'en-us',
    getProject: () => Promise.resolve({ kind: 'project', id: 'project1' }),
    credentials: tokenCredentials('token-not-a-secret'),
    exchange: ({ url }) => {
      requested.push(url)
      return Promise.resolve(response({ sub_task_list: [task()] }))
    },
  })
  const get = (id: string, instanceId: string) =>
    getSubTasks({ id: jobId(id), name: NAME, instanceId: jobId(instanceId) }, new AbortController().signal)

  test('names the job and its instance, encoded for a URL', async () => {
    expect(shown(await get('job&1', 'instance-1'))).toEqual([['Restore data', 'Running', 40, 300 * SECOND]])
    expect(requested).toEqual([
      `https://host/v3/project1/instances/instance-1/task-center-detail?job_id=job%261&job_name=${NAME}`,
    ])
  })

  test('is not sent for an instance ID that would change its path', async () => {
    requested.length = 0
    expect(await get('job-1', '../x')).toEqual({
      kind: 'unusable',
      detail: { label: 'no instance', message: ['the job names no valid instance'] },
    })
    expect(requested).toEqual([])
  })
})

const subTasks =
  (remaining = '300') =>
  () =>
    read([task({ remaining_time: remaining })])

describe('requests for sub-tasks', () => {
  test('are sent only for restore jobs', async () => {
    for (const name of ['CreateGaussDBforMySQLInstance', `x${NAME}`]) {
      const { only } = await waitFor({ service: restore(10 * MINUTE, name) })
      expect(only.outcome.result).toBe('completed')
    }
    const { subTaskRequests } = await waitFor({
      service: restore(10 * MINUTE, ` ${NAME}`),
      subTasks: subTasks(),
    })
    expect(subTaskRequests.length).toBeGreaterThan(5)
  })

  test('are sent at most once a minute, for each job', async () => {
    const { subTaskRequests, results } = await waitFor({
      jobs: ['a', 'b', 'c'],
      timeout: 3 * HOUR,
      service: restore(2 * HOUR),
      subTasks: subTasks('x'),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['completed', 'completed', 'completed'])
    for (const job of ['a', 'b', 'c']) {
      const moments = subTaskRequests.filter(({ id }) => id === job).map(({ at }) => at)
      expect(moments.length).toBeGreaterThan(100)
      for (const [index, at] of moments.entries()) {
        expect(at - (moments[index - 1] ?? -Infinity)).toBeGreaterThanOrEqual(MINUTE)
      }
    }
  })

  test('are not sent for a job without an instance', async () => {
    const service = ({ at }: JobRequest) =>
      jobResponse(at > 5 * MINUTE ? 'Completed' : 'Running', { name: NAME })
    const { subTaskRequests } = await waitFor({ service })
    expect(subTaskRequests).toHaveLength(0)
  })

  test.each([
    ['refused', forbidden],
    ['unusable', unusable],
  ])('end after a response that is %s, and the wait continues', async (_name, bad) => {
    const { subTaskRequests, only } = await waitFor({
      service: restore(10 * MINUTE),
      subTasks: () => bad as SubTasksResponse,
    })
    expect([only.outcome.result, only.state.tally.length]).toEqual(['completed', 2])
    expect(subTaskRequests).toHaveLength(1)
  })

  test('continue after a fault that passes', async () => {
    const { subTaskRequests, only } = await waitFor({
      service: restore(10 * MINUTE),
      subTasks: () => transient() as SubTasksResponse,
    })
    expect(only.outcome.result).toBe('completed')
    expect(subTaskRequests.length).toBeGreaterThan(5)
  })

  test('that are silent do not delay those for jobs', async () => {
    const delays: number[] = []
    for (let end = 10 * MINUTE; end < 11 * MINUTE; end += 3 * SECOND) {
      const { endedAt } = await waitFor({
        jobs: Array.from({ length: 8 }, (_, index) => `job-${index}`),
        interval: 15 * SECOND,
        service: restore(end),
        subTasks: () => 'never',
      })
      delays.push(endedAt - end)
    }
    // The rate limit, divided among all requests, allows one for each job every 24 s.
    expect(Math.max(...delays)).toBeLessThan(26 * SECOND)
  })

  test('are sent for ten jobs at most, because they would delay those for jobs', async () => {
    const ids = Array.from({ length: 11 }, (_, index) => `id-${index}`)
    const scenario = { service: restore(10 * MINUTE), subTasks: subTasks() }
    const jobs = await waitFor({ ...scenario, jobs: ids })
    const listed = ids.map((id) => ({ id: `job-${id}`, status: 'Running', created: START, orderId: id }))
    const orders = await waitFor({ ...scenario, orders: ids, list: () => listResponse(listed) })
    // Three jobs are found first. With the others, they are more than ten.
    const later = await waitFor({
      ...scenario,
      orders: ids,
      list: ({ at }) => listResponse(listed.slice(0, at < MINUTE ? 3 : 11)),
    })
    const counts = [jobs, orders, later].map(({ results, subTaskRequests }) => [
      results.filter(({ outcome }) => outcome.result === 'completed').length,
      new Set(subTaskRequests.map(({ id }) => id)).size,
    ])
    expect(counts).toEqual([
      [11, 0],
      [11, 0],
      [11, 3],
    ])
  })

  test('are ignored if the job has completed meanwhile', async () => {
    // The second request for its sub-tasks is sent after 67 s, between the last request for the job and its response.
    const { next } = await waitFor({
      jobs: ['first', 'second'],
      interval: 9 * SECOND,
      latency: 7 * SECOND,
      service: (request) => restore(request.id === 'first' ? MINUTE : 3 * MINUTE)(request),
      subTasks: subTasks(),
    })
    expect(next.filter((moment) => moment === undefined)).toHaveLength(2)
  })

  test('need no final poll', async () => {
    const { subTaskRequests, only } = await waitFor({
      timeout: 90 * SECOND,
      service: restore(HOUR),
      subTasks: subTasks(),
    })
    expect(only.outcome.result).toBe('timed-out')
    expect(subTaskRequests).toHaveLength(2)
  })
})

test('the remaining time steers when the job is polled', async () => {
  const end = 40 * MINUTE
  const known = await waitFor({
    service: restore(end),
    subTasks: ({ at }) => read([task({ remaining_time: String(Math.round((end - at) / SECOND)) })]),
  })
  const blind = await waitFor({ service: restore(end), subTasks: subTasks('') })
  const delay = ({ endedAt }: { endedAt: number }) => endedAt - end
  expect(delay(known)).toBeLessThan(10 * SECOND)
  expect(known.requests.length).toBeLessThan(blind.requests.length / 1.5)
})

test('a remaining time of years does not delay when a completed job is noticed', async () => {
  const end = 40 * MINUTE
  const { endedAt } = await waitFor({ service: restore(end), subTasks: subTasks('9999999') })
  expect(endedAt - end).toBeLessThan(30 * SECOND)
})
