import { describe, expect, test } from '@jest/globals'
import { pacing } from '../../src/wait/pace.ts'
import { schedule } from '../../src/wait/schedule.ts'
import { InternalError, wait } from '../../src/wait/wait.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { jobResponse, transient } from './responses.ts'
import { noSecrets, untrusted } from './text.ts'
import { SECOND, MINUTE, HOUR, waitFor, completesAfter } from './virtual-wait.ts'

describe('one job', () => {
  test('is asked for at once, and then until it completed', async () => {
    const { only, requests } = await waitFor({ interval: 10 * SECOND, service: completesAfter(25 * SECOND) })
    expect(only.outcome.result).toBe('completed')
    expect(requests.map(({ at }) => at)).toEqual([0, 10_100, 20_200, 30_300])
  })

  test('of six hours keeps a bounded history, and is asked for at most every two seconds', async () => {
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

  test('is asked for in time though timers fire early and the clock goes on while the loop thinks', async () => {
    const { requests } = await waitFor({
      creep: 0.003,
      interval: SECOND,
      service: completesAfter(500 * SECOND),
    })
    expect(requests.length).toBeGreaterThan(440)
  })

  test('survives any number of faults', async () => {
    const { only } = await waitFor({
      service: ({ at }) => (at < 50 * MINUTE ? transient() : jobResponse('Completed')),
    })
    expect(only.outcome.result).toBe('completed')
  })

  test('that only an aborted exchange could tell of is timed out', async () => {
    const { only, endedAt } = await waitFor({ timeout: MINUTE, service: () => 'never' })
    expect(only.outcome.result).toBe('timed-out')
    expect(endedAt).toBe(MINUTE)
  })

  test('whose asking throws ends as an error, even when what is thrown is no Error', async () => {
    for (const thrown of [new Error('broken'), 'broken', undefined, { toString: () => 'x' }]) {
      const { only } = await waitFor({
        service: () => {
          throw thrown as Error
        },
      })
      expect(only.outcome).toMatchObject({ result: 'error', reason: 'defect' })
    }
  })
})

describe('the last look', () => {
  test.each([
    [HOUR, HOUR - 2 * SECOND],
    [10 * SECOND, 9 * SECOND],
    [SECOND, 900],
  ])('before a timeout of %d ms starts at %d ms', async (timeout, lastLook) => {
    const { requests, only, endedAt } = await waitFor({
      timeout,
      interval: 10 * MINUTE,
      service: () => jobResponse('Running'),
    })
    expect(requests.at(-1)?.at).toBe(lastLook)
    expect(only.outcome.result).toBe('timed-out')
    expect(endedAt).toBe(timeout)
  })

  test('still sees a job that ended meanwhile', async () => {
    const { only } = await waitFor({ interval: 10 * MINUTE, service: completesAfter(HOUR - 5 * SECOND) })
    expect(only.outcome.result).toBe('completed')
  })

  test('is not kept from it by an exchange that stalls', async () => {
    const { only } = await waitFor({
      timeout: 20 * SECOND,
      service: ({ at }) => (at === 0 ? 'never' : jobResponse('Completed')),
    })
    expect(only.outcome.result).toBe('completed')
  })

  test('does not come while a Retry-After still runs', async () => {
    const { requests, only } = await waitFor({ timeout: 2 * MINUTE, service: () => transient(5 * MINUTE) })
    expect(requests).toHaveLength(1)
    expect(only.outcome.result).toBe('timed-out')
  })

  test('comes when a Retry-After ends before the timeout', async () => {
    const { requests } = await waitFor({ timeout: 2 * MINUTE, service: () => transient(119 * SECOND) })
    expect(requests.map(({ at }) => at)).toEqual([0, 119_100])
  })
})

describe('an interruption', () => {
  test('ends the wait at once, during a pause and during an exchange', async () => {
    for (const service of [() => jobResponse('Running'), () => 'never' as const]) {
      const { only, endedAt } = await waitFor({ interval: MINUTE, service, interruptAt: 30 * SECOND })
      expect(only.outcome.result).toBe('interrupted')
      expect(endedAt).toBe(30 * SECOND)
    }
  })
})

test('the first question comes when the schedule says', async () => {
  const clock = new VirtualClock()
  const requests: number[] = []
  await clock.run(
    wait(
      {
        jobs: [{ value: 'a', text: untrusted('a') }],
        hasList: false,
        timeout: HOUR,
        pause: () => 10 * SECOND,
        pacing: pacing(() => 0),
        failFast: false,
      },
      {
        getJob: () => {
          requests.push(clock.now())
          return Promise.resolve(jobResponse('Completed'))
        },
        listJobs: () => Promise.reject(new Error('there is no list')),
        clock,
        wallClock: () => 0,
        signal: new AbortController().signal,
        listener: { onResponse: () => undefined, onWarning: () => undefined, onJobsFound: () => undefined },
        describe: (error) => noSecrets.error(error),
      },
    ),
  )
  expect(requests).toEqual([10 * SECOND])
})

test('a defect elsewhere ends the wait with what is known', async () => {
  const stop = new AbortController()
  const clock = new VirtualClock()
  clock.at(30 * SECOND, () => {
    stop.abort(new InternalError('broken'))
  })
  const [results] = await clock.run(
    wait(
      {
        jobs: [{ value: 'a', text: untrusted('a') }],
        timeout: HOUR,
        pause: schedule(MINUTE, () => 0),
        pacing: pacing(() => 0),
        hasList: false,
        failFast: false,
      },
      {
        getJob: () => Promise.resolve(jobResponse('Running')),
        listJobs: () => Promise.reject(new Error('there is no list')),
        wallClock: () => 0,
        clock,
        signal: stop.signal,
        listener: { onResponse: () => undefined, onWarning: () => undefined, onJobsFound: () => undefined },
        describe: (error) => noSecrets.error(error),
      },
    ),
  )
  expect(results?.outcome).toMatchObject({ result: 'error', reason: 'defect' })
  expect(results?.state.job?.status.meaning).toBe('running')
})

test('the listener hears when the next question comes, and that none does', async () => {
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
