import { describe, expect, test } from '@jest/globals'
import type { Answer } from '../../src/answer.ts'
import type { JobId } from '../../src/api/job.ts'
import { pacing } from '../../src/wait/pace.ts'
import { schedule } from '../../src/wait/schedule.ts'
import { Defect, wait, type Waited } from '../../src/wait/wait.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { jobAnswer, notVisible, tryAgain, unauthorized, unusable } from './answers.ts'
import { noSecrets, outside, plain } from './text.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

interface Asked {
  readonly id: string
  readonly at: number
}

interface Scenario {
  readonly jobs?: readonly string[]
  readonly timeout?: number
  readonly interval?: 'auto' | number
  /** What the service answers at a moment; `never` is an exchange that only an abort ends, after `lastly` ms. */
  readonly service: (asked: Asked) => Answer | 'never' | Promise<Answer>
  readonly interruptAt?: number
  /** How long an exchange takes. */
  readonly latency?: number
  /** By how much the clock goes on each time it is looked at, and its timers fire early, as Node's do. */
  readonly creep?: number
  readonly failFast?: boolean
}

/** Waits in virtual time, and tells all that was seen. */
async function waitFor({
  jobs = ['job-1'],
  timeout = HOUR,
  interval = 'auto',
  service,
  interruptAt,
  latency = 100,
  creep = 0,
  failFast = false,
}: Scenario) {
  const clock = new VirtualClock()
  let [crept, looks] = [0, 0]
  const creeping = {
    now: () => clock.now() + (crept += creep * (looks++ % 11)),
    sleep: (ms: number, signal: AbortSignal) => clock.sleep(creep > 0 ? Math.floor(ms) : ms, signal),
  }
  const asked: Asked[] = []
  const next: (number | undefined)[] = []
  const warnings: string[] = []
  const stop = new AbortController()
  if (interruptAt !== undefined) {
    clock.at(interruptAt, () => {
      stop.abort()
    })
  }
  let underWay = 0
  let mostUnderWay = 0
  const ask = async ({ value }: JobId, signal: AbortSignal): Promise<Answer> => {
    const question = { id: value, at: clock.now() }
    asked.push(question)
    mostUnderWay = Math.max(mostUnderWay, ++underWay)
    const answer = await service(question)
    if (answer === 'never' || latency > 0) await clock.sleep(answer === 'never' ? Infinity : latency, signal)
    underWay -= 1
    return signal.aborted || answer === 'never' ? tryAgain() : answer
  }
  const waited = await clock.run(
    wait(
      {
        jobs: jobs.map((value) => ({ value, text: outside(value) })),
        timeout,
        pause: schedule(interval, () => 0.5),
        pacing: pacing(() => 0.5),
        failFast,
      },
      {
        ask,
        clock: creeping,
        signal: stop.signal,
        listener: {
          answered: (_state, nextAsk) => next.push(nextAsk),
          warned: (warning) => warnings.push(plain(warning)),
        },
        describe: (error) => noSecrets.error(error),
      },
    ),
  )
  return { waited, asked, next, warnings, mostUnderWay, endedAt: clock.now(), only: only(waited) }
}

function only(waited: readonly Waited[]): Waited {
  const [first] = waited
  if (first === undefined) throw new Error('nothing was waited for')
  return first
}

/** A job as a function of time. */
const completesAfter =
  (ms: number) =>
  ({ at }: Asked): Answer =>
    jobAnswer(at >= ms ? 'Completed' : 'Running')

describe('one job', () => {
  test('is asked for at once, and then until it completed', async () => {
    const { only, asked } = await waitFor({ interval: 10 * SECOND, service: completesAfter(25 * SECOND) })
    expect(only.end.result).toBe('completed')
    expect(asked.map(({ at }) => at)).toEqual([0, 10_100, 20_200, 30_300])
  })

  test('of six hours keeps a bounded history, and is asked for at most every two seconds', async () => {
    const { only, asked, endedAt } = await waitFor({
      timeout: 7 * HOUR,
      interval: 2 * SECOND,
      service: ({ at }) =>
        jobAnswer(at >= 6 * HOUR ? 'Completed' : 'Running', { process: `${Math.floor(at / 1000) % 100}%` }),
    })
    expect(only.end.result).toBe('completed')
    expect(endedAt).toBeGreaterThanOrEqual(6 * HOUR)
    expect(asked.length).toBeGreaterThan(10_000)
    expect(only.state.history.length).toBeLessThanOrEqual(200)
    expect(JSON.stringify(only.state).length).toBeLessThan(20_000)
  })

  test('is asked for in time though timers fire early and the clock goes on while the loop thinks', async () => {
    const { asked } = await waitFor({ creep: 0.003, interval: SECOND, service: completesAfter(500 * SECOND) })
    expect(asked.length).toBeGreaterThan(440)
  })

  test('survives any number of faults', async () => {
    const { only } = await waitFor({
      service: ({ at }) => (at < 50 * MINUTE ? tryAgain() : jobAnswer('Completed')),
    })
    expect(only.end.result).toBe('completed')
  })

  test('that only an aborted exchange could tell of is timed out', async () => {
    const { only, endedAt } = await waitFor({ timeout: MINUTE, service: () => 'never' })
    expect(only.end.result).toBe('timed-out')
    expect(endedAt).toBe(MINUTE)
  })

  test('whose asking throws ends as an error, even when what is thrown is no Error', async () => {
    for (const thrown of [new Error('broken'), 'broken', undefined, { toString: () => 'x' }]) {
      const { only } = await waitFor({
        service: () => {
          throw thrown as Error
        },
      })
      expect(only.end).toMatchObject({ result: 'error', why: 'defect' })
    }
  })
})

describe('the last look', () => {
  test.each([
    [HOUR, HOUR - 2 * SECOND],
    [10 * SECOND, 9 * SECOND],
    [SECOND, 900],
  ])('before a timeout of %d ms starts at %d ms', async (timeout, lastLook) => {
    const { asked, only, endedAt } = await waitFor({
      timeout,
      interval: 10 * MINUTE,
      service: () => jobAnswer('Running'),
    })
    expect(asked.at(-1)?.at).toBe(lastLook)
    expect(only.end.result).toBe('timed-out')
    expect(endedAt).toBe(timeout)
  })

  test('still sees a job that ended meanwhile', async () => {
    const { only } = await waitFor({ interval: 10 * MINUTE, service: completesAfter(HOUR - 5 * SECOND) })
    expect(only.end.result).toBe('completed')
  })

  test('is not kept from it by an exchange that stalls', async () => {
    const { only } = await waitFor({
      timeout: 20 * SECOND,
      service: ({ at }) => (at === 0 ? 'never' : jobAnswer('Completed')),
    })
    expect(only.end.result).toBe('completed')
  })

  test('does not come while a Retry-After still runs', async () => {
    const { asked, only } = await waitFor({ timeout: 2 * MINUTE, service: () => tryAgain(5 * MINUTE) })
    expect(asked).toHaveLength(1)
    expect(only.end.result).toBe('timed-out')
  })

  test('comes when a Retry-After ends before the timeout', async () => {
    const { asked } = await waitFor({ timeout: 2 * MINUTE, service: () => tryAgain(119 * SECOND) })
    expect(asked.map(({ at }) => at)).toEqual([0, 119_100])
  })
})

describe('an interruption', () => {
  test('ends the wait at once, during a pause and during an exchange', async () => {
    for (const service of [() => jobAnswer('Running'), () => 'never' as const]) {
      const { only, endedAt } = await waitFor({ interval: MINUTE, service, interruptAt: 30 * SECOND })
      expect(only.end.result).toBe('interrupted')
      expect(endedAt).toBe(30 * SECOND)
    }
  })
})

test('a defect elsewhere ends the wait with what is known', async () => {
  const stop = new AbortController()
  const clock = new VirtualClock()
  clock.at(30 * SECOND, () => {
    stop.abort(new Defect('broken'))
  })
  const [waited] = await clock.run(
    wait(
      {
        jobs: [{ value: 'a', text: outside('a') }],
        timeout: HOUR,
        pause: schedule(MINUTE, () => 0),
        pacing: pacing(() => 0),
        failFast: false,
      },
      {
        ask: () => Promise.resolve(jobAnswer('Running')),
        clock,
        signal: stop.signal,
        listener: { answered: () => undefined, warned: () => undefined },
        describe: (error) => noSecrets.error(error),
      },
    ),
  )
  expect(waited?.end).toMatchObject({ result: 'error', why: 'defect' })
  expect(waited?.state.job?.status.meaning).toBe('running')
})

describe('several jobs', () => {
  test('are each waited for to their own end', async () => {
    const { waited } = await waitFor({
      jobs: ['a', 'b', 'c', 'd'],
      service: ({ id, at }) => {
        if (id === 'a') return completesAfter(5 * MINUTE)({ id, at })
        if (id === 'b') return jobAnswer('Failed')
        return id === 'c' ? notVisible : jobAnswer('Completed')
      },
    })
    expect(waited.map(({ end }) => end.result)).toEqual(['completed', 'failed', 'not-found', 'completed'])
  })

  test('do not wait for one whose exchange stalls', async () => {
    const { asked, waited } = await waitFor({
      jobs: ['a', 'b'],
      interval: 10 * SECOND,
      timeout: 5 * MINUTE,
      service: ({ id, at }) => (id === 'a' ? 'never' : completesAfter(MINUTE)({ id, at })),
    })
    expect(waited.map(({ end }) => end.result)).toEqual(['timed-out', 'completed'])
    expect(asked.filter(({ id }) => id === 'b').length).toBeGreaterThan(5)
  })

  test('all end when the credentials are refused', async () => {
    const { waited, asked } = await waitFor({
      jobs: ['a', 'b', 'c'],
      service: ({ id, at }) => (id === 'b' && at > MINUTE ? unauthorized : jobAnswer('Running')),
    })
    expect(waited.map(({ end }) => (end.result === 'error' ? end.why : ''))).toEqual(
      Array(3).fill('credentials'),
    )
    expect(asked.filter(({ id, at }) => id === 'b' && at > MINUTE)).toHaveLength(1)
  })

  test('are asked for one by one until there is an answer, for credentials that are refused', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    const refused = await waitFor({ jobs, service: () => unauthorized })
    expect(refused.asked).toHaveLength(1)
    const slow = await waitFor({ jobs, timeout: MINUTE, service: () => 'never' })
    expect(slow.asked.slice(0, 4).map(({ at }) => at)).toEqual([0, 2_000, 4_000, 6_000])
    expect(slow.mostUnderWay).toBe(8)
  })

  test('are asked for one by one, too, while only a gateway or a token service answered', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    let answers = 0
    const { asked } = await waitFor({
      jobs,
      service: () => (answers++ < 2 ? unusable : ({ ...unauthorized, isRenewable: true } as Answer)),
    })
    // Two that said nothing, and two refusals of one job: nobody else was asked about meanwhile.
    expect(asked.length).toBeLessThanOrEqual(2 + 20 + 1)
    expect(new Set(asked.map(({ at }) => at)).size).toBe(asked.length)
  })

  test.each(['Failed', 'Canceled'])('all end with fail-fast when one is %s', async (status) => {
    const service = ({ id, at }: Asked) =>
      id === 'b' && at > MINUTE
        ? jobAnswer(status)
        : completesAfter(id === 'a' ? 30 * SECOND : HOUR)({ id, at })
    const { waited, asked } = await waitFor({ jobs: ['a', 'b', 'c', 'd'], failFast: true, service })
    expect(waited.map(({ end }) => end.result)).toEqual([
      'completed',
      status.toLowerCase(),
      'interrupted',
      'interrupted',
    ])
    expect(Math.max(...asked.map(({ at }) => at))).toBeLessThan(2 * MINUTE)
    const patient = await waitFor({ jobs: ['a', 'b', 'c'], timeout: 2 * HOUR, service })
    expect(patient.waited.map(({ end }) => end.result)).toEqual([
      'completed',
      status.toLowerCase(),
      'completed',
    ])
  })

  test('stay ended, though their own answers come at the same moment', async () => {
    const { waited, asked } = await waitFor({
      jobs: ['a', 'b'],
      latency: 0,
      interval: 10 * SECOND,
      service: ({ id, at }) => (id === 'a' && at > 0 ? unauthorized : jobAnswer('Running')),
    })
    expect(waited.map(({ end }) => end.result)).toEqual(['error', 'error'])
    expect(asked).toHaveLength(4)
  })

  test('are not asked for all at the same moment', async () => {
    const { mostUnderWay, waited } = await waitFor({
      jobs: Array.from({ length: 100 }, (_, index) => `job-${index}`),
      service: completesAfter(30 * SECOND),
    })
    expect(mostUnderWay).toBe(8)
    expect(waited.every(({ end }) => end.result === 'completed')).toBe(true)
  })

  test('are all asked for again before the timeout', async () => {
    const { waited } = await waitFor({
      jobs: Array.from({ length: 50 }, (_, index) => `job-${index}`),
      interval: 10 * MINUTE,
      timeout: HOUR,
      service: completesAfter(HOUR - 3 * SECOND),
    })
    expect(waited.every(({ end }) => end.result === 'completed')).toBe(true)
  })
})

test('the listener hears when the next question comes, and that none does', async () => {
  const { next } = await waitFor({
    interval: 10 * SECOND,
    timeout: 15 * SECOND,
    service: () => jobAnswer('Running'),
  })
  expect(next).toEqual([10_100, 13_500, undefined])
})

test('warnings reach the listener', async () => {
  const { warnings } = await waitFor({ timeout: 20 * MINUTE, service: () => jobAnswer('Pending') })
  expect(warnings).toEqual([expect.stringContaining('maintenance window')])
})

describe('the service’s limit', () => {
  const throttled: Answer = { ...tryAgain(), kind: 'try-again', throttled: { period: 5 * MINUTE } } as Answer

  test('is waited out once it is met, and kept from then on', async () => {
    const refusedUntil = 300 * SECOND
    const { asked, waited } = await waitFor({
      interval: SECOND,
      latency: 0,
      service: ({ at }) => {
        if (at >= 20 * MINUTE) return jobAnswer('Completed')
        return at >= 60 * SECOND && at < refusedUntil ? throttled : jobAnswer('Running')
      },
    })
    expect(waited[0]?.end.result).toBe('completed')
    // Sixty were let through, and one was refused; then a few more to see whether the period was over.
    const times = asked.map(({ at }) => at)
    expect(times.filter((at) => at < refusedUntil).length).toBeLessThanOrEqual(61 + 5)
    const next = times.filter((at) => at >= refusedUntil)
    expect(next.filter((at) => at < 2 * refusedUntil).length).toBeLessThan(200)
    expect(next[0]).toBeLessThan(refusedUntil + 10 * SECOND)
  })

  test('is shared by all jobs of the process', async () => {
    const jobs = ['a', 'b', 'c', 'd']
    const { asked } = await waitFor({
      jobs,
      latency: 0,
      timeout: 20 * MINUTE,
      service: ({ at }) => (at > 30 * SECOND && at < 300 * SECOND ? throttled : jobAnswer('Running')),
    })
    const before = asked.filter(({ at }) => at <= 30 * SECOND).length
    const refused = asked.filter(({ at }) => at > 30 * SECOND && at < 300 * SECOND).length
    const later = asked.filter(({ at }) => at >= 300 * SECOND && at < 600 * SECOND)
    expect(refused).toBeLessThanOrEqual(6)
    expect(later.length).toBeLessThan(200)
    expect(before).toBeGreaterThan(4)
    expect(new Set(later.map(({ id }) => id)).size).toBe(jobs.length)
  })

  test('met with the first question of many jobs is not met by each of them', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    const { asked, waited } = await waitFor({
      jobs,
      service: ({ at }) => (at < 100 * SECOND ? throttled : jobAnswer('Completed')),
    })
    expect(new Set(waited.map(({ end }) => end.result))).toEqual(new Set(['completed']))
    expect(asked.filter(({ at }) => at < 100 * SECOND).length).toBeLessThanOrEqual(4)
  })

  test('that says when to come again is obeyed by all jobs, the last look included', async () => {
    const told = { ...throttled, retryAfter: 60 * SECOND } as Answer
    const { asked } = await waitFor({
      jobs: ['a', 'b', 'c'],
      timeout: MINUTE,
      service: ({ at }) => (at < 20 * SECOND ? jobAnswer('Running') : told),
    })
    expect(asked.filter(({ at }) => at >= 20 * SECOND)).toHaveLength(1)
  })

  test('does not keep the last look away', async () => {
    const { asked, waited } = await waitFor({
      interval: SECOND,
      timeout: 2 * MINUTE,
      service: ({ at }) =>
        at < 10 * SECOND ? jobAnswer('Running') : at < 117 * SECOND ? throttled : jobAnswer('Completed'),
    })
    expect(waited[0]?.end.result).toBe('completed')
    expect(asked.at(-1)?.at).toBeGreaterThanOrEqual(118 * SECOND)
  })
})
