import { describe, expect, test } from '@jest/globals'
import { pollInterval } from '../../src/wait/poll-interval.ts'
import { InternalError } from '../../src/wait/poll-loop.ts'
import { wait } from '../../src/wait/wait.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { jobResponse, transient } from './responses.ts'
import { completesAfter, dependencies, HOUR, plan, MINUTE, SECOND, waitFor } from './virtual-wait.ts'

describe('one job', () => {
  test('is polled immediately, then until it completes', async () => {
    const { only, requests } = await waitFor({ interval: 10 * SECOND, service: completesAfter(25 * SECOND) })
    expect(only.outcome.result).toBe('completed')
    expect(requests.map(({ at }) => at)).toEqual([0, 10_100, 20_200, 30_300])
  })

  test('of six hours keeps a bounded history and is polled at most every two seconds', async () => {
    const { only, requests, endedAt } = await waitFor({
      timeout: 7 * HOUR,
      interval: 2 * SECOND,
      service: ({ at }) =>
        jobResponse(at >= 6 * HOUR ? 'Completed' : 'Running', { process: `${Math.floor(at / 1000) % 100}%` }),
    })
    expect(only.outcome.result).toBe('completed')
    expect(endedAt).toBeGreaterThanOrEqual(6 * HOUR)
    expect(requests.length).toBeGreaterThan(10_000)
    expect(only.state.history.length).toBeLessThanOrEqual(200)
    expect(JSON.stringify(only.state).length).toBeLessThan(20_000)
  })

  test('is polled in time even if timers fire early and the clock advances while the loop runs', async () => {
    const { requests } = await waitFor({
      creep: 0.003,
      interval: SECOND,
      service: completesAfter(500 * SECOND),
    })
    expect(requests.length).toBeGreaterThan(440)
  })

  test('survives any number of transient faults', async () => {
    const { only } = await waitFor({
      service: ({ at }) => (at < 50 * MINUTE ? transient() : jobResponse('Completed')),
    })
    expect(only.outcome.result).toBe('completed')
  })

  test('without any response times out', async () => {
    const { only, endedAt } = await waitFor({ timeout: MINUTE, service: () => 'never' })
    expect(only.outcome.result).toBe('timed-out')
    expect(endedAt).toBe(MINUTE)
  })

  test('whose request throws ends as an internal error, even if the thrown value is not an Error', async () => {
    for (const thrown of [new Error('broken'), 'broken', undefined, { toString: () => 'x' }]) {
      const { only } = await waitFor({
        service: () => {
          throw thrown as Error
        },
      })
      expect(only.outcome).toMatchObject({ result: 'error', reason: 'internal' })
    }
  })
})

describe('the final poll', () => {
  test.each([
    [HOUR, HOUR - 2 * SECOND],
    [10 * SECOND, 9 * SECOND],
    [SECOND, 900],
  ])('before a timeout of %d ms starts at %d ms', async (timeout, finalPoll) => {
    const { requests, only, endedAt } = await waitFor({
      timeout,
      interval: 10 * MINUTE,
      service: () => jobResponse('Running'),
    })
    expect(requests.at(-1)?.at).toBe(finalPoll)
    expect(only.outcome.result).toBe('timed-out')
    expect(endedAt).toBe(timeout)
  })

  test('still sees a job that completed meanwhile', async () => {
    const { only } = await waitFor({ interval: 10 * MINUTE, service: completesAfter(HOUR - 5 * SECOND) })
    expect(only.outcome.result).toBe('completed')
  })

  test('is sent even if an earlier exchange stalls', async () => {
    const { only } = await waitFor({
      timeout: 20 * SECOND,
      service: ({ at }) => (at === 0 ? 'never' : jobResponse('Completed')),
    })
    expect(only.outcome.result).toBe('completed')
  })

  test('is not sent before a Retry-After ends', async () => {
    const { requests, only } = await waitFor({ timeout: 2 * MINUTE, service: () => transient(5 * MINUTE) })
    expect(requests).toHaveLength(1)
    expect(only.outcome.result).toBe('timed-out')
  })

  test('is sent when a Retry-After ends shortly before the timeout', async () => {
    const { requests } = await waitFor({ timeout: 2 * MINUTE, service: () => transient(119 * SECOND) })
    expect(requests.map(({ at }) => at)).toEqual([0, 119_100])
  })
})

describe('an interruption', () => {
  test('ends the wait immediately, between polls and during an exchange', async () => {
    for (const service of [() => jobResponse('Running'), () => 'never' as const]) {
      const { only, endedAt } = await waitFor({ interval: MINUTE, service, interruptAt: 30 * SECOND })
      expect(only.outcome.result).toBe('interrupted')
      expect(endedAt).toBe(30 * SECOND)
    }
  })
})

test('the first request is sent immediately, whatever the poll interval', async () => {
  const clock = new VirtualClock()
  const requests: number[] = []
  const getJob = () => {
    requests.push(clock.now())
    return Promise.resolve(jobResponse('Completed'))
  }
  await clock.run(wait(plan({ interval: () => 10 * SECOND }), dependencies(clock, { getJob })))
  expect(requests).toEqual([0])
})

test('an internal error elsewhere ends the wait with what is known', async () => {
  const stop = new AbortController()
  const clock = new VirtualClock()
  clock.at(30 * SECOND, () => {
    stop.abort(new InternalError('internal error', { cause: 'broken' }))
  })
  const [result] = await clock.run(
    wait(
      plan({ interval: pollInterval(MINUTE, () => 0) }),
      dependencies(clock, { getJob: () => Promise.resolve(jobResponse('Running')), signal: stop.signal }),
    ),
  )
  expect(result?.outcome).toMatchObject({ result: 'error', reason: 'internal' })
  expect(result?.state.job?.status.meaning).toBe('running')
})

test('the listener learns when the next poll is due, and that none follows', async () => {
  const { next } = await waitFor({
    interval: 10 * SECOND,
    timeout: 15 * SECOND,
    service: () => jobResponse('Running'),
  })
  expect(next).toEqual([10_100, 13_500, undefined])
})

test('warnings reach the listener', async () => {
  const { warnings } = await waitFor({ timeout: 20 * MINUTE, service: () => jobResponse('Pending') })
  expect(warnings).toEqual([expect.stringContaining('maintenance window')])
})
