import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { JobResponse, ListResponse } from '../../src/response.ts'
import { seeded } from '../../bench/random.ts'
import {
  forbidden,
  jobResponse,
  listResponse,
  notFoundYet,
  transient,
  unusable,
  type Listed,
} from './responses.ts'
import { HOUR, MINUTE, SECOND, START, waitFor, type ListRequest } from './virtual-wait.ts'

/** Whatever the list says, and however jobs go: the jobs' own answers decide, and each is seen soon. */

const TIMEOUT = 2 * HOUR
/** A job of which the list tells nothing new is asked for itself after ten minutes; being late and its turn come to that. */
const LATEST = 10.5 * MINUTE
/** Of each job that is asked for itself meanwhile. */
const TURN = 3 * SECOND
/** Where the list says nothing wrong but little or nothing, a few jobs are seen about as soon as alone. */
const LATEST_ALONE = 90 * SECOND
const BUDGET = 200
const MOST_AT_ONCE = 8

interface Plan {
  readonly ends: number
  readonly as: 'Completed' | 'Failed' | 'Canceled' | 'refused' | 'deleted'
  readonly hidden: number
  readonly pending: number
  readonly created: number
}

const plan: fc.Arbitrary<Plan> = fc.record({
  ends: fc.integer({ min: 0, max: 40 * MINUTE }),
  as: fc.oneof(
    { weight: 8, arbitrary: fc.constant('Completed' as const) },
    { weight: 2, arbitrary: fc.constantFrom('Failed' as const, 'Canceled', 'refused', 'deleted') },
  ),
  hidden: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 * SECOND })),
  pending: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 15 * MINUTE })),
  created: fc.oneof(
    fc.integer({ min: 0, max: HOUR }),
    fc.integer({ min: 0, max: 48 * HOUR }),
    fc.constant(9),
  ),
})

function jobAt({ ends, as, hidden, pending }: Plan, at: number): JobResponse {
  if (at < hidden) return notFoundYet
  if (at >= ends) {
    if (as === 'deleted') return notFoundYet
    return as === 'refused' ? forbidden : jobResponse(as)
  }
  return at < pending
    ? jobResponse('Pending')
    : jobResponse('Running', { process: `${Math.floor((99 * at) / ends)}%` })
}

/** As an honest list has it. */
function entryOf(id: string, plan: Plan, at: number): Listed[] {
  const answer = jobAt({ ...plan, as: plan.as === 'refused' ? 'Completed' : plan.as }, at)
  if (answer.kind !== 'job') return []
  const { status, progress } = answer.job
  const reported = progress === undefined ? {} : { process: `${progress}%` }
  return [{ id, status: status.text.reveal(), ...reported, created: START - plan.created }]
}

type Entries = readonly Listed[]
/** What a list does to its entries, with chance. */
const LIES = {
  empty: () => [],
  partial: (all: Entries, random: () => number) => all.filter(() => random() < 0.5),
  'runs on': (all: Entries) => all.map((one) => ({ ...one, status: 'Running' })),
  'wrong statuses': (all: Entries, random: () => number) =>
    all.map((one) => ({
      ...one,
      status: ['Running', 'Pending', 'Completed', 'Failed', 'Odd'][Math.floor(random() * 5)] ?? '',
      process: `${Math.floor(random() * 120)}%`,
    })),
  'back and forth': (all: Entries, random: () => number) =>
    all.map((one) => ({ ...one, status: 'Running', process: random() < 0.5 ? '40%' : '60%' })),
  foreign: (all: Entries) => [...all.map((one) => ({ ...one, id: `x${one.id}` })), ...all.slice(1)],
  'other case': (all: Entries) => all.map((one) => ({ ...one, id: one.id.toUpperCase() })),
  'no dates': (all: Entries) => all.map((one) => ({ ...one, created: Number.NaN })),
  'same dates': (all: Entries) => all.map((one) => ({ ...one, created: START })),
  'dates out of the window': (all: Entries) => all.map((one) => ({ ...one, created: START + 9 * HOUR })),
  'random order': (all: Entries, random: () => number) =>
    all
      .map((one) => ({ one, place: random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ one }) => one),
  'oldest first': (all: Entries) => all.toReversed(),
  'all of it': (all: Entries) => all,
} satisfies Record<string, (all: Entries, random: () => number) => Entries>

const FAULTS: Readonly<Record<string, ListResponse | 'never'>> = {
  never: 'never',
  '502': transient() as ListResponse,
  '503 with Retry-After': transient(MINUTE) as ListResponse,
  '429': { ...transient(), throttled: { period: 5 * MINUTE } } as ListResponse,
  unusable: unusable as ListResponse,
  refused: forbidden as ListResponse,
}

interface Behaviour {
  readonly what: keyof typeof LIES | 'fault'
  readonly fault: string
  /** How old its news are. */
  readonly stale: number
  /** Whether it says that there are more, or no more, instead of the truth. */
  readonly isWhole: boolean | undefined
  readonly limit: number
}

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  what: fc.oneof(fc.constantFrom(...(Object.keys(LIES) as (keyof typeof LIES)[])), {
    weight: 1,
    arbitrary: fc.constant('fault' as const),
  }),
  // That there were too many questions would keep all questions away, the jobs' own, too.
  fault: fc.constantFrom(...Object.keys(FAULTS).filter((fault) => fault !== '429')),
  stale: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 * MINUTE })),
  isWhole: fc.constantFrom(undefined, undefined, true, false),
  limit: fc.constantFrom(50, 50, 10, 1),
})

const silence = behaviour.map((one): Behaviour => {
  const isHonest = ['all of it', 'oldest first', 'other case', 'random order', 'partial', 'empty'].includes(
    one.what,
  )
  return { ...one, what: isHonest ? one.what : 'fault', stale: 0 }
})

const worldOf = (list: typeof behaviour, most = 120) =>
  fc.record({
    jobs: fc.oneof(
      { weight: 3, arbitrary: fc.array(plan, { minLength: 4, maxLength: 12 }) },
      {
        weight: 1,
        arbitrary: fc.array(plan, { minLength: Math.min(60, most), maxLength: most, size: 'max' }),
      },
    ),
    /** What the list does, in turn: each for some answers. */
    behaviours: fc.array(list, { minLength: 1, maxLength: 4 }),
    period: fc.constantFrom(1, 3, 20, 10_000),
    seed: fc.nat(),
    latency: fc.constantFrom(0, 100, 300, 2_000),
    interval: fc.constantFrom('auto' as const, 'auto' as const, 10 * SECOND, MINUTE),
    failFast: fc.constantFrom(false, false, true),
  })

type World = ReturnType<typeof worldOf> extends fc.Arbitrary<infer T> ? T : never

function listOf({ jobs, behaviours, period, seed }: World) {
  const random = seeded(seed)
  let count = 0
  return ({ at, since, until }: ListRequest): ListResponse | 'never' => {
    const { what, fault, stale, isWhole, limit } =
      behaviours[Math.floor(count++ / period) % behaviours.length] ?? never()
    if (what === 'fault') return FAULTS[fault] ?? never()
    const inside = jobs
      .flatMap((one, index) => entryOf(`job-${index}`, one, Math.max(at - stale, 0)))
      .filter(({ created = 0 }) => created >= since && created <= until)
      .sort((a, b) => (b.created ?? 0) - (a.created ?? 0))
    const reported = LIES[what](inside, random)
    return listResponse(reported.slice(0, limit), isWhole ?? reported.length <= limit)
  }
}

function never(): never {
  throw new Error('there is always one')
}

async function run(world: World) {
  const { jobs, latency, interval, failFast } = world
  const ids = jobs.map((_, index) => `job-${index}`)
  const result = await waitFor({
    jobs: ids,
    timeout: TIMEOUT,
    latency,
    interval,
    failFast,
    service: ({ id, at }) => jobAt(jobs[ids.indexOf(id)] ?? never(), at),
    list: listOf(world),
  })
  const starts = [...result.requests, ...result.listRequests].map(({ at }) => at).sort((a, b) => a - b)
  const lastOf = new Map(result.requests.map(({ id, at }) => [id, at]))
  return {
    ...result,
    starts,
    jobs: jobs.map((plan, index) => ({
      plan,
      result: result.results[index]?.outcome.result,
      lag: (lastOf.get(`job-${index}`) ?? Infinity) - Math.max(plan.ends, plan.hidden),
      requests: result.requests.filter(({ id }) => id === `job-${index}`).map(({ at }) => at),
    })),
  }
}

function mostInFiveMinutes(times: readonly number[]): number {
  return Math.max(
    ...times.map((time, index) => index + 1 - times.findIndex((first) => first > time - 5 * MINUTE)),
  )
}

/** The truth about a job, unless the wait for all ended before. */
const RESULTS = {
  Completed: 'completed',
  Failed: 'failed',
  Canceled: 'canceled',
  refused: 'error',
  // Deleted before it was seen, it was never there.
  deleted: expect.stringMatching(/^(vanished|not-found)$/) as unknown as string,
} as const

/** Runs the wait, and expects of it what holds in any world; `latest` is the longest lag, milliseconds. */
async function expectTruth(world: World, latest: number): Promise<void> {
  const { jobs, starts, endedAt, maxInFlight } = await run(world)
  expect(endedAt).toBeLessThanOrEqual(TIMEOUT)
  expect(mostInFiveMinutes(starts)).toBeLessThanOrEqual(BUDGET)
  expect(maxInFlight).toBeLessThanOrEqual(MOST_AT_ONCE)
  const isCut = world.failFast && jobs.some(({ plan }) => plan.as !== 'Completed')
  for (const { plan, result, lag, requests } of jobs) {
    if (result === 'completed') expect(requests.at(-1)).toBeGreaterThanOrEqual(plan.ends)
    if (isCut && result === 'interrupted') continue
    expect(result).toEqual(RESULTS[plan.as])
    if (plan.as !== 'deleted') expect(lag).toBeLessThanOrEqual(latest)
    if (world.interval === 'auto') continue
    const pauses = requests.slice(1).map((at, index) => at - (requests[index] ?? 0))
    expect(Math.min(Infinity, ...pauses)).toBeGreaterThanOrEqual(world.interval)
  }
}

const intervalOf = ({ interval }: World) => (interval === 'auto' ? 0 : interval)

const runs = (numRuns: number) => ({ numRuns, endOnFailure: true })

test('whatever the list message, each job is seen to end as it did, by its own answer, and in time', async () => {
  await fc.assert(
    fc.asyncProperty(worldOf(behaviour), async (world) => {
      const stale = Math.max(...world.behaviours.map((one) => one.stale))
      // A list that alternates between two progresses reports something new in the first few intervals.
      await expectTruth(world, LATEST + stale + 5 * intervalOf(world) + TURN * world.jobs.length)
    }),
    runs(25),
  )
})

test('a list that fails, or lacks jobs, hardly delays them', async () => {
  await fc.assert(
    fc.asyncProperty(worldOf(silence, 12), async (world) => {
      await expectTruth(world, LATEST_ALONE + intervalOf(world))
    }),
    runs(40),
  )
})
