import { describe, expect, test } from '@jest/globals'
import type { InstanceResponse, JobResponse } from '../../src/response.ts'
import {
  connection,
  forbidden,
  instanceResponse,
  jobResponse,
  notFoundYet,
  transient,
  unauthorized,
  unusable,
} from './responses.ts'
import { completesAfter, HOUR, MINUTE, SECOND, waitFor, type JobRequest } from './virtual-wait.ts'

/** A completed job of an instance. */
const completed = (instance = 'instance-1') => jobResponse('Completed', { instance: { id: instance } })

/** An instance whose status changes at the given moments. */
function statuses(...changes: readonly (readonly [number, string])[]) {
  return ({ at }: JobRequest) => instanceResponse(changes.findLast(([since]) => since <= at)?.[1] ?? 'BUILD')
}

const handshake = connection('handshake of 8.0.22', true)
const refused = connection('connection refused')

/** A database that accepts connections from a moment on. */
const opensAt =
  (moment: number, before = refused) =>
  ({ at }: { at: number }) =>
    at >= moment ? handshake : before

describe('wait-until: completed', () => {
  test('sends no request for an instance', async () => {
    const { only, requests, instanceRequests } = await waitFor({ service: () => completed() })
    expect(only.outcome.result).toBe('completed')
    expect([requests.length, instanceRequests.length]).toEqual([1, 0])
  })
})

describe('wait-until: available', () => {
  const available = { until: 'available', service: () => completed() } as const

  test('adds four requests to a job whose instance is ACTIVE at once', async () => {
    const { only, instanceRequests, endedAt } = await waitFor({
      ...available,
      instance: () => instanceResponse('ACTIVE'),
    })
    expect(only.outcome.result).toBe('completed')
    expect(instanceRequests).toHaveLength(4)
    expect(endedAt).toBeGreaterThanOrEqual(MINUTE)
    expect(endedAt).toBeLessThan(MINUTE + 2 * SECOND)
  })

  test('waits until the instance has been ACTIVE for a minute without another status in between', async () => {
    const backup = 70 * SECOND
    const { only, endedAt } = await waitFor({
      ...available,
      instance: statuses(
        [0, 'BUILD'],
        [30 * SECOND, 'ACTIVE'],
        [backup, 'BACKING UP'],
        [5 * MINUTE, 'ACTIVE'],
      ),
    })
    expect(only.outcome.result).toBe('completed')
    expect(only.instance?.history.map(({ status }) => status.reveal())).toEqual([
      'BUILD',
      'ACTIVE',
      'BACKING UP',
      'ACTIVE',
    ])
    expect(endedAt).toBeGreaterThanOrEqual(6 * MINUTE)
    expect(endedAt).toBeLessThan(6 * MINUTE + 15 * SECOND)
  })

  test.each(['FAILED', 'FROZEN'])('ends as not-ready when the instance is %s', async (status) => {
    const { only, endedAt } = await waitFor({
      ...available,
      instance: statuses([0, 'BUILD'], [MINUTE, status]),
    })
    expect(only.outcome).toEqual({ result: 'not-ready', cause: 'failed' })
    expect(endedAt).toBeLessThan(MINUTE + 15 * SECOND)
  })

  test.each(['STORAGE FULL', 'HIBERNATING'])('waits for %s with one warning', async (status) => {
    const { only, warnings } = await waitFor({
      ...available,
      instance: statuses([0, status], [10 * MINUTE, 'ACTIVE']),
    })
    expect(only.outcome.result).toBe('completed')
    expect(warnings).toEqual([expect.stringContaining(`Instance instance-1 has the status “${status}”`)])
  })

  test('ends as not-ready at the timeout, whatever the instance does', async () => {
    const { only, endedAt } = await waitFor({
      ...available,
      timeout: 10 * MINUTE,
      instance: () => instanceResponse('BACKING UP'),
    })
    expect(only.outcome).toEqual({ result: 'not-ready', cause: 'timeout' })
    expect(endedAt).toBe(10 * MINUTE)
  })

  test('sees in the final poll that the instance has been ACTIVE for long enough', async () => {
    const { only, instanceRequests } = await waitFor({
      ...available,
      timeout: 70 * SECOND,
      // The service fails when the fourth poll is due; a retry would come after the timeout.
      instance: ({ at }) =>
        at > 59 * SECOND && at < 62 * SECOND
          ? (transient(6 * SECOND) as InstanceResponse)
          : instanceResponse('ACTIVE'),
    })
    expect(only.outcome.result).toBe('completed')
    expect(instanceRequests.map(({ at }) => Math.round(at / SECOND))).toEqual([0, 20, 40, 60, 68])
  })

  test('takes an instance that is no longer found three times in a row as vanished', async () => {
    const { only, instanceRequests } = await waitFor({
      ...available,
      instance: () => notFoundYet as InstanceResponse,
    })
    expect(only.outcome.result).toBe('vanished')
    expect(instanceRequests).toHaveLength(3)
  })

  test.each([
    ['a 401', unauthorized, 1],
    ['a 403', forbidden, 1],
    ['five unusable responses in a row', unusable, 5],
  ])('ends with an error after %s', async (_name, response, count) => {
    const { only, instanceRequests } = await waitFor({
      ...available,
      instance: () => response as InstanceResponse,
    })
    expect(only.outcome.result).toBe('error')
    expect(instanceRequests).toHaveLength(count)
  })

  test('retries transient faults', async () => {
    const { only } = await waitFor({
      ...available,
      instance: ({ at }) => (at < 5 * MINUTE ? transient() : instanceResponse('ACTIVE')) as InstanceResponse,
    })
    expect(only.outcome.result).toBe('completed')
    expect(only.instance?.retries).toBeGreaterThan(5)
  })

  test('is not ready if the job names no instance', async () => {
    const { only, instanceRequests } = await waitFor({
      until: 'available',
      service: () => jobResponse('Completed'),
    })
    expect(only.outcome).toEqual({ result: 'not-ready', cause: 'no-instance' })
    expect(instanceRequests).toHaveLength(0)
  })

  test('sends no request for the instance of a job that failed', async () => {
    const service = () => jobResponse('Failed', { instance: { id: 'instance-1' } })
    const { only, instanceRequests } = await waitFor({ until: 'available', service })
    expect([only.outcome.result, instanceRequests.length]).toEqual(['failed', 0])
  })

  test('polls an instance that several jobs share once, and each of the others by itself', async () => {
    const { results, instanceRequests } = await waitFor({
      until: 'available',
      jobs: ['a', 'b', 'c'],
      service: ({ id }) => jobIdResponse(id, id === 'c' ? 'instance-2' : 'instance-1'),
      instance: ({ id }) => instanceResponse(id === 'instance-2' ? 'FAILED' : 'ACTIVE'),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['completed', 'completed', 'not-ready'])
    expect(instanceRequests.filter(({ id }) => id === 'instance-1')).toHaveLength(4)
    expect(instanceRequests.filter(({ id }) => id === 'instance-2')).toHaveLength(1)
  })

  test.each(['available', 'connectable'] as const)(
    'counts an instance as %s only by what was seen after the last of its jobs completed',
    async (until) => {
      const { results, instanceRequests } = await waitFor({
        until,
        jobs: ['a', 'b'],
        timeout: 20 * MINUTE,
        service: ({ id, at }) =>
          id === 'a' || at > 5 * MINUTE ? jobIdResponse(id, 'instance-1') : jobResponse('Running'),
        instance: ({ at }) => instanceResponse(at > 5 * MINUTE ? 'FAILED' : 'ACTIVE'),
        connect: () => connection('handshake of 8.0.22', true),
      })
      expect(results.map(({ outcome }) => outcome.result)).toEqual(['not-ready', 'not-ready'])
      expect(instanceRequests.at(-1)?.at).toBeGreaterThan(5 * MINUTE)
    },
  )

  test('measures the minute from the first response to the last request', async () => {
    // The third response takes 25 s: it says nothing about the end of the minute.
    const { only, endedAt } = await waitFor({
      until: 'available',
      service: () => completed(),
      instance: statuses([0, 'ACTIVE'], [45 * SECOND, 'BACKING UP'], [3 * MINUTE, 'ACTIVE']),
      instanceLatency: ({ at }) => (at > 35 * SECOND && at < MINUTE ? 25 * SECOND : 100),
    })
    expect(only.outcome.result).toBe('completed')
    expect(endedAt).toBeGreaterThanOrEqual(4 * MINUTE)
  })

  test.each<[string, JobResponse | InstanceResponse, number]>([
    ['faults for minutes', transient(), 5 * MINUTE],
    ['a response that the instance does not exist', notFoundYet, 25 * SECOND],
  ])('begins the minute again after %s', async (_name, response, until) => {
    const { only, endedAt } = await waitFor({
      until: 'available',
      service: () => completed(),
      instance: ({ at }) =>
        at > 10 * SECOND && at < until ? (response as InstanceResponse) : instanceResponse('ACTIVE'),
    })
    expect(only.outcome.result).toBe('completed')
    expect(endedAt).toBeGreaterThanOrEqual(until + MINUTE)
  })

  test('does not begin the minute again after one fault', async () => {
    let requests = 0
    const { endedAt } = await waitFor({
      until: 'available',
      service: () => completed(),
      instance: () => (++requests === 2 ? (transient() as InstanceResponse) : instanceResponse('ACTIVE')),
    })
    expect(endedAt).toBeLessThan(1.2 * MINUTE)
  })

  test('ignores the response to a request for a shared instance that an earlier job caused', async () => {
    const { endedAt } = await waitFor({
      until: 'available',
      jobs: ['a', 'b'],
      service: ({ id, at }) =>
        id === 'a' || at > 30 * SECOND ? completed('instance-1') : jobResponse('Running'),
      instance: statuses([0, 'ACTIVE'], [30 * SECOND, 'MODIFYING'], [65 * SECOND, 'ACTIVE']),
      // Sent before the second job completes, and received after it.
      instanceLatency: ({ at }) => (at > 15 * SECOND && at < 30 * SECOND ? 25 * SECOND : 100),
    })
    expect(endedAt).toBeGreaterThanOrEqual(125 * SECOND)
  })

  test('looks at the instance again if a job completes while its database is refusing connections', async () => {
    const { results, instanceRequests } = await waitFor({
      until: 'connectable',
      jobs: ['a', 'b'],
      timeout: 20 * MINUTE,
      service: ({ id, at }) =>
        id === 'a' || at > 5 * MINUTE ? jobIdResponse(id, 'instance-1') : jobResponse('Running'),
      instance: ({ at }) => instanceResponse(at > 5 * MINUTE ? 'FAILED' : 'ACTIVE'),
      connect: ({ at }) => connection('refused', at > 4 * MINUTE),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['not-ready', 'not-ready'])
    expect(instanceRequests.at(-1)?.at).toBeGreaterThan(5 * MINUTE)
  })

  test('needs an instance to be ACTIVE for a minute after the last of its jobs completed', async () => {
    const { endedAt } = await waitFor({
      until: 'available',
      jobs: ['a', 'b'],
      service: ({ id, at }) =>
        id === 'a' || at > MINUTE / 2 ? jobIdResponse(id, 'instance-1') : jobResponse('Running'),
      instance: () => instanceResponse('ACTIVE'),
    })
    expect(endedAt).toBeGreaterThanOrEqual(1.5 * MINUTE)
  })

  test('with fail-fast, an instance that is not ready ends the wait for all', async () => {
    const { results, endedAt } = await waitFor({
      until: 'available',
      jobs: ['a', 'b'],
      failFast: true,
      service: ({ id }) => (id === 'a' ? completed() : jobResponse('Running')),
      instance: () => instanceResponse('FROZEN'),
    })
    expect(results.map(({ outcome }) => outcome.result)).toEqual(['not-ready', 'interrupted'])
    expect(endedAt).toBeLessThan(5 * SECOND)
  })

  test('an interruption ends the wait at once', async () => {
    const { only, endedAt } = await waitFor({
      ...available,
      interruptAt: 30 * SECOND,
      instance: () => instanceResponse('BUILD'),
    })
    expect(only.outcome).toEqual({ result: 'interrupted', by: 'signal' })
    expect(endedAt).toBe(30 * SECOND)
  })
})

/** The job `id` of an instance, completed. */
function jobIdResponse(id: string, instance: string): JobResponse {
  return jobResponse('Completed', { id, instance: { id: instance } })
}

describe('wait-until: connectable', () => {
  const connectable = {
    until: 'connectable',
    service: () => completed(),
    instance: () => instanceResponse('ACTIVE'),
  } as const
  /** When the first connection is attempted. */
  const begins = MINUTE

  test('connects only after the instance is available, and then needs one handshake', async () => {
    const { only, connections } = await waitFor({ ...connectable, connect: () => handshake })
    expect(only.outcome.result).toBe('completed')
    expect(connections).toHaveLength(1)
    expect(connections[0]).toMatchObject({ host: '192.168.0.10', port: 3306 })
    expect(connections[0]?.at).toBeGreaterThanOrEqual(begins)
  })

  test.each([
    ['in the first minute', begins + 40 * SECOND, 2 * SECOND],
    ['later', begins + 50 * MINUTE, 10 * SECOND],
  ])('notices an open port %s in time', async (_when, opens, within) => {
    for (const latency of [1, 1_000]) {
      const { only, endedAt } = await waitFor({
        ...connectable,
        latency,
        timeout: 2 * HOUR,
        connect: opensAt(opens, connection('no handshake')),
      })
      expect(only.outcome.result).toBe('completed')
      expect(endedAt - opens).toBeGreaterThanOrEqual(0)
      expect(endedAt - opens).toBeLessThanOrEqual(within)
    }
  })

  test('connect-to replaces the address of the instance', async () => {
    const { connections } = await waitFor({
      ...connectable,
      connectTo: { host: 'db.example.test', port: 13_306 },
      connect: () => handshake,
    })
    expect(connections[0]).toMatchObject({ host: 'db.example.test', port: 13_306 })
  })

  test('is not ready if the instance has no address', async () => {
    const { only, connections } = await waitFor({
      ...connectable,
      instance: () => instanceResponse('ACTIVE', { private_write_ips: [] }),
    })
    expect(only.outcome).toEqual({ result: 'not-ready', cause: 'no-address' })
    expect(connections).toHaveLength(0)
  })

  test('a rate limit that another job exceeds does not delay attempts', async () => {
    const throttled: JobResponse = {
      kind: 'transient',
      retryAfter: 5 * MINUTE,
      throttled: { period: undefined },
      detail: { label: '429', message: ['HTTP 429'] },
    }
    const { connections } = await waitFor({
      ...connectable,
      jobs: ['a', 'b'],
      timeout: 10 * MINUTE,
      service: ({ id, at }) =>
        id === 'a'
          ? jobIdResponse('a', 'instance-1')
          : at > begins
            ? throttled
            : jobResponse('Running', { id }),
      connect: () => refused,
    })
    const moments = connections.map(({ at }) => at)
    const intervals = moments.slice(1).map((at, index) => at - (moments[index] ?? 0))
    expect(Math.max(...intervals)).toBeLessThanOrEqual(10 * SECOND)
  })

  test('connects until the timeout, and keeps memory bounded in six hours', async () => {
    let index = 0
    const { only, connections, endedAt } = await waitFor({
      ...connectable,
      timeout: 6 * HOUR,
      connect: () => connection(`odd label ${index++}`),
    })
    expect(only.outcome).toEqual({ result: 'not-ready', cause: 'timeout' })
    expect(endedAt).toBe(6 * HOUR)
    expect(connections.length).toBeGreaterThan(2_000)
    expect(only.instance?.history.length).toBeLessThanOrEqual(100)
    expect(only.instance?.tally.length).toBeLessThanOrEqual(21)
  })

  test('attempts are neither delayed by the rate limit nor counted in it', async () => {
    const jobs = Array.from({ length: 12 }, (_, index) => `job-${index}`)
    const { results, connections, requests } = await waitFor({
      ...connectable,
      jobs,
      latency: 1_000,
      service: ({ id, at }) =>
        id === 'job-0' || at > 30 * MINUTE ? jobIdResponse(id, `of-${id}`) : jobResponse('Running', { id }),
      connect: ({ at }) => (at > 40 * MINUTE ? handshake : connection('no handshake')),
    })
    expect(results.every(({ outcome }) => outcome.result === 'completed')).toBe(true)
    expect(connections.filter(({ at }) => at < 2 * MINUTE).length).toBeGreaterThan(25)
    expect(requests.length).toBeLessThan(12 * 200)
  })
})

describe('several stages', () => {
  test('one timeout covers the job, the instance, and the connection', async () => {
    const { only, endedAt } = await waitFor({
      until: 'connectable',
      timeout: 10 * MINUTE,
      service: (request) =>
        completesAfter(4 * MINUTE)(request).kind === 'job' && request.at >= 4 * MINUTE
          ? completed()
          : jobResponse('Running'),
      instance: () => instanceResponse('ACTIVE'),
      connect: () => refused,
    })
    expect(only.outcome).toEqual({ result: 'not-ready', cause: 'timeout' })
    expect(endedAt).toBe(10 * MINUTE)
  })

  test('a timeout while the job is running stays timed-out', async () => {
    const { only } = await waitFor({
      until: 'available',
      timeout: MINUTE,
      service: () => jobResponse('Running'),
    })
    expect(only.outcome).toEqual({ result: 'timed-out' })
  })
})
