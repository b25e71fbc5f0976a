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

/** Whatever the job list contains, the response about each job gives the verdict, and each end is detected soon. */

const TIMEOUT = 2 * HOUR
/** A job is polled by its ID if its progress in the list has not changed for ten minutes. Half a minute is for delays. */
const MAX_LAG = 10.5 * MINUTE
/** Added for each job, because the request queue may contain all of them. */
const MAX_LAG_PER_JOB = 3 * SECOND
/** If the list is incomplete or fails, but is never wrong, the ends of a few jobs are detected about as early as without it. */
const MAX_LAG_WITHOUT_LIST = 90 * SECOND
const RATE_LIMIT = 200
const MAX_IN_FLIGHT = 8

/** Milliseconds from the start of the wait; `created` is before it. */
interface Plan {
  readonly endsAt: number
  readonly end: 'Completed' | 'Failed' | 'Canceled' | 'forbidden' | 'deleted'
  readonly notFoundUntil: number
  readonly pendingUntil: number
  readonly created: number
}

const plan: fc.Arbitrary<Plan> = fc.record({
  endsAt: fc.integer({ min: 0, max: 40 * MINUTE }),
  end: fc.oneof(
    { weight: 8, arbitrary: fc.constant('Completed' as const) },
    { weight: 2, arbitrary: fc.constantFrom('Failed' as const, 'Canceled', 'forbidden', 'deleted') },
  ),
  notFoundUntil: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 * SECOND })),
  pendingUntil: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 15 * MINUTE })),
  created: fc.oneof(
    fc.integer({ min: 0, max: HOUR }),
    fc.integer({ min: 0, max: 48 * HOUR }),
    fc.constant(9),
  ),
})

function jobAt({ endsAt, end, notFoundUntil, pendingUntil }: Plan, at: number): JobResponse {
  if (at < notFoundUntil) return notFoundYet
  if (at >= endsAt) {
    if (end === 'deleted') return notFoundYet
    return end === 'forbidden' ? forbidden : jobResponse(end)
  }
  return at < pendingUntil
    ? jobResponse('Pending')
    : jobResponse('Running', { process: `${Math.floor((99 * at) / endsAt)}%` })
}

/** The entry of a job in a correct list. */
function entryOf(id: string, plan: Plan, at: number): Listed[] {
  const response = jobAt({ ...plan, end: plan.end === 'forbidden' ? 'Completed' : plan.end }, at)
  if (response.kind !== 'job') return []
  const { status, progress } = response.job
  const fields = progress === undefined ? {} : { process: `${progress}%` }
  return [{ id, status: status.text.reveal(), ...fields, created: START - plan.created }]
}

type Entries = readonly Listed[]
/** Ways in which a list changes its entries, some at random. */
const CHANGES = {
  empty: () => [],
  partial: (all: Entries, random: () => number) => all.filter(() => random() < 0.5),
  'always running': (all: Entries) => all.map((job) => ({ ...job, status: 'Running' })),
  'wrong statuses': (all: Entries, random: () => number) =>
    all.map((job) => ({
      ...job,
      status: ['Running', 'Pending', 'Completed', 'Failed', 'Odd'][Math.floor(random() * 5)] ?? '',
      process: `${Math.floor(random() * 120)}%`,
    })),
  'back and forth': (all: Entries, random: () => number) =>
    all.map((job) => ({ ...job, status: 'Running', process: random() < 0.5 ? '40%' : '60%' })),
  'other jobs': (all: Entries) => [...all.map((job) => ({ ...job, id: `x${job.id}` })), ...all.slice(1)],
  'other case': (all: Entries) => all.map((job) => ({ ...job, id: job.id.toUpperCase() })),
  'no dates': (all: Entries) => all.map((job) => ({ ...job, created: Number.NaN })),
  'same dates': (all: Entries) => all.map((job) => ({ ...job, created: START })),
  'dates outside the window': (all: Entries) => all.map((job) => ({ ...job, created: START + 9 * HOUR })),
  'random order': (all: Entries, random: () => number) =>
    all
      .map((job) => ({ job, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ job }) => job),
  'oldest first': (all: Entries) => all.toReversed(),
  correct: (all: Entries) => all,
} satisfies Record<string, (all: Entries, random: () => number) => Entries>

const FAULTS: Readonly<Record<string, ListResponse | 'never'>> = {
  never: 'never',
  '502': transient() as ListResponse,
  '503 with Retry-After': transient(MINUTE) as ListResponse,
  '429': { ...transient(), throttled: { period: 5 * MINUTE } } as ListResponse,
  unusable: unusable as ListResponse,
  forbidden: forbidden as ListResponse,
}

interface ListBehavior {
  readonly kind: keyof typeof CHANGES | 'fault'
  readonly fault: string
  /** The age of its entries, milliseconds. */
  readonly staleness: number
  /** Whether it claims to be complete; undefined if its claim is correct. */
  readonly isWhole: boolean | undefined
  readonly limit: number
}

const anyBehavior: fc.Arbitrary<ListBehavior> = fc.record({
  kind: fc.oneof(fc.constantFrom(...(Object.keys(CHANGES) as (keyof typeof CHANGES)[])), {
    weight: 1,
    arbitrary: fc.constant('fault' as const),
  }),
  // A throttled list would delay all requests, including those about the jobs.
  fault: fc.constantFrom(...Object.keys(FAULTS).filter((fault) => fault !== '429')),
  staleness: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 * MINUTE })),
  isWhole: fc.constantFrom(undefined, undefined, true, false),
  limit: fc.constantFrom(50, 50, 10, 1),
})

/** The list is incomplete or fails, but is never wrong. */
const neverWrong = anyBehavior.map((behavior): ListBehavior => {
  const isCorrect = ['correct', 'oldest first', 'other case', 'random order', 'partial', 'empty'].includes(
    behavior.kind,
  )
  return { ...behavior, kind: isCorrect ? behavior.kind : 'fault', staleness: 0 }
})

const scenarioWith = (behavior: typeof anyBehavior, maxJobs = 120) =>
  fc.record({
    jobs: fc.oneof(
      { weight: 3, arbitrary: fc.array(plan, { minLength: 4, maxLength: 12 }) },
      {
        weight: 1,
        arbitrary: fc.array(plan, { minLength: Math.min(60, maxJobs), maxLength: maxJobs, size: 'max' }),
      },
    ),
    /** One after the other, each for `period` responses. */
    behaviors: fc.array(behavior, { minLength: 1, maxLength: 4 }),
    period: fc.constantFrom(1, 3, 20, 10_000),
    seed: fc.nat(),
    latency: fc.constantFrom(0, 100, 300, 2_000),
    interval: fc.constantFrom('auto' as const, 'auto' as const, 10 * SECOND, MINUTE),
    failFast: fc.constantFrom(false, false, true),
  })

type Scenario = ReturnType<typeof scenarioWith> extends fc.Arbitrary<infer T> ? T : never

function listOf({ jobs, behaviors, period, seed }: Scenario) {
  const random = seeded(seed)
  let count = 0
  return ({ at, since, until }: ListRequest): ListResponse | 'never' => {
    const { kind, fault, staleness, isWhole, limit } =
      behaviors[Math.floor(count++ / period) % behaviors.length] ?? never()
    if (kind === 'fault') return FAULTS[fault] ?? never()
    const inside = jobs
      .flatMap((job, index) => entryOf(`job-${index}`, job, Math.max(at - staleness, 0)))
      .filter(({ created = 0 }) => created >= since && created <= until)
      .sort((a, b) => (b.created ?? 0) - (a.created ?? 0))
    const changed = CHANGES[kind](inside, random)
    return listResponse(changed.slice(0, limit), isWhole ?? changed.length <= limit)
  }
}

function never(): never {
  throw new Error('this value always exists')
}

async function run(scenario: Scenario) {
  const { jobs, latency, interval, failFast } = scenario
  const ids = jobs.map((_, index) => `job-${index}`)
  const result = await waitFor({
    jobs: ids,
    timeout: TIMEOUT,
    latency,
    interval,
    failFast,
    service: ({ id, at }) => jobAt(jobs[ids.indexOf(id)] ?? never(), at),
    list: listOf(scenario),
  })
  const starts = [...result.requests, ...result.listRequests].map(({ at }) => at).sort((a, b) => a - b)
  const lastOf = new Map(result.requests.map(({ id, at }) => [id, at]))
  return {
    ...result,
    starts,
    jobs: jobs.map((plan, index) => ({
      plan,
      result: result.results[index]?.outcome.result,
      lag: (lastOf.get(`job-${index}`) ?? Infinity) - Math.max(plan.endsAt, plan.notFoundUntil),
      requests: result.requests.filter(({ id }) => id === `job-${index}`).map(({ at }) => at),
    })),
  }
}

function mostInFiveMinutes(times: readonly number[]): number {
  return Math.max(
    ...times.map((time, index) => index + 1 - times.findIndex((first) => first > time - 5 * MINUTE)),
  )
}

/** The correct result for a job, unless fail-fast ends all waits before. */
const RESULTS = {
  Completed: 'completed',
  Failed: 'failed',
  Canceled: 'canceled',
  forbidden: 'error',
  // If the job was deleted before the first response that contains it, the service never reported it.
  deleted: expect.stringMatching(/^(vanished|not-found)$/) as unknown as string,
} as const

/** Runs the wait and checks everything that must always hold. */
async function expectCorrectResults(scenario: Scenario, maxLagMs: number): Promise<void> {
  const { jobs, starts, endedAt, maxInFlight } = await run(scenario)
  expect(endedAt).toBeLessThanOrEqual(TIMEOUT)
  expect(mostInFiveMinutes(starts)).toBeLessThanOrEqual(RATE_LIMIT)
  expect(maxInFlight).toBeLessThanOrEqual(MAX_IN_FLIGHT)
  const endsEarly = scenario.failFast && jobs.some(({ plan }) => plan.end !== 'Completed')
  for (const { plan, result, lag, requests } of jobs) {
    if (result === 'completed') expect(requests.at(-1)).toBeGreaterThanOrEqual(plan.endsAt)
    if (endsEarly && result === 'interrupted') continue
    expect(result).toEqual(RESULTS[plan.end])
    if (plan.end !== 'deleted') expect(lag).toBeLessThanOrEqual(maxLagMs)
    if (scenario.interval === 'auto') continue
    const intervals = requests.slice(1).map((at, index) => at - (requests[index] ?? 0))
    expect(Math.min(Infinity, ...intervals)).toBeGreaterThanOrEqual(scenario.interval)
  }
}

const intervalOf = ({ interval }: Scenario) => (interval === 'auto' ? 0 : interval)

const runs = (numRuns: number) => ({ numRuns, endOnFailure: true })

test('whatever the job list contains, every job gets its correct result from its own response, in limited time', async () => {
  await fc.assert(
    fc.asyncProperty(scenarioWith(anyBehavior), async (scenario) => {
      const staleness = Math.max(...scenario.behaviors.map((behavior) => behavior.staleness))
      // A list that alternates between two progresses reports something new in the first few intervals.
      const listMs = MAX_LAG + staleness + 5 * intervalOf(scenario)
      await expectCorrectResults(scenario, listMs + MAX_LAG_PER_JOB * scenario.jobs.length)
    }),
    runs(25),
  )
})

test('a job list that fails or is incomplete hardly delays the jobs', async () => {
  await fc.assert(
    fc.asyncProperty(scenarioWith(neverWrong, 12), async (scenario) => {
      await expectCorrectResults(scenario, MAX_LAG_WITHOUT_LIST + intervalOf(scenario))
    }),
    runs(40),
  )
})
