import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Reply } from '../../simulator/reply.ts'
import { readOutputs, runStep } from '../../simulator/runner.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import { truncate } from '../../src/secrets.ts'
import { hostileHeader, hostileId, hostileText } from '../model/hostile-text.ts'
import {
  expectHarmlessLog,
  expectHarmlessSummary,
  expectWholeOutputs,
  LARGEST_SUMMARY,
} from '../model/harmless.ts'
import { commandsIn } from '../model/runner-commands.ts'
import { cleanUp, runMain, type Run } from './in-process.ts'

/** A service that sends anything: log, annotation, outputs and summary stay what they are. */

const TOKEN = 'MIIFakeToken+with/signs=='

afterAll(cleanUp)

interface Scenario {
  readonly jobs: readonly JobScenario[]
  readonly faults: readonly { readonly fault: Reply; readonly times: number | 'for ever' }[]
  readonly debug: boolean
  /** By default the real one for jobs that are over at once, else so fast that the whole wait takes 33 ms. */
  readonly speed?: number
}

interface JobScenario {
  readonly id: string
  /** One after the other, the last one for ever. */
  readonly statuses: readonly unknown[]
  readonly fields: Readonly<Record<string, unknown>>
}

/** Statuses that end a wait at the first look. */
const LAST = ['Completed', 'Failed', 'Canceled']
/** Too long for the wait to see the end of it. */
const TIMEOUT = '11m'
const FAST = 20_000

async function run({ jobs, faults, debug, speed }: Scenario): Promise<Run> {
  const simulator = await startSimulator({ token: TOKEN })
  try {
    for (const { id, statuses, fields } of jobs) {
      let asked = 0
      const override = {
        ...fields,
        get status() {
          return statuses[Math.min(asked++, statuses.length - 1)]
        },
      }
      simulator.addJob({ id, hiddenMs: 0, pendingMs: 0, runningMs: 0, override })
    }
    for (const { fault, times } of faults) simulator.misbehave(fault, { times })
    const isOverAtOnce =
      faults.length === 0 && jobs.every(({ statuses }) => LAST.includes(String(statuses[0])))
    return await runMain({
      inputs: {
        endpoint: simulator.endpoint,
        'project-id': simulator.projectId,
        token: TOKEN,
        'job-id': jobs.map(({ id }) => id).join('\n'),
        timeout: TIMEOUT,
      },
      debug,
      speed: speed ?? (isOverAtOnce ? 1 : FAST),
    })
  } finally {
    await simulator.close()
  }
}

/** Answers the result of the wait. */
async function expectHarmless(scenario: Scenario): Promise<string | undefined> {
  const { isGreen, log, outputs, summary } = await run(scenario)
  expectHarmlessLog(log, { token: TOKEN, debug: scenario.debug })
  expectHarmlessSummary(summary)
  const { result } = expectWholeOutputs(outputs)
  const annotations = commandsIn(log).flatMap(({ name }) => (/^(error|notice)$/.test(name) ? [name] : []))
  expect({ isGreen, annotations, result: result === 'completed' }).toEqual({
    isGreen,
    annotations: [isGreen ? 'notice' : 'error'],
    result: isGreen,
  })
  if (isGreen)
    expect(scenario.jobs.map(({ statuses }) => statuses.includes('Completed'))).not.toContain(false)
  seen.add(result)
  return result
}

/** fast-check takes no answer for an answer. */
async function isHarmless(scenario: Scenario): Promise<void> {
  await expectHarmless(scenario)
}

/** A field's value: mostly text, sometimes of another type. */
const anything = fc.oneof(
  { weight: 9, arbitrary: hostileText },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(undefined, null, 0, 1e300, true, [], {}, '', ['\n::error::x']),
  },
)

const entities: fc.Arbitrary<unknown> = fc.oneof(
  fc.record(
    {
      instance: fc.record({ endpoint: anything, type: anything }, { requiredKeys: [] }),
      resource_ids: anything,
    },
    { requiredKeys: [] },
  ),
  fc.dictionary(
    hostileText,
    fc.oneof(anything, fc.dictionary(hostileText, fc.array(anything, { maxLength: 3 }))),
    {
      maxKeys: 5,
    },
  ),
  anything,
)

const fields: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.record(
  {
    name: anything,
    fail_reason: anything,
    instance: fc.oneof(fc.record({ id: anything, name: anything }, { requiredKeys: [] }), anything),
    created: anything,
    ended: anything,
    process: anything,
    entities,
  },
  { requiredKeys: [] },
)

const status = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...LAST) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'Running',
      'Pending',
      'Unauthorized',
      'completed',
      ' Completed',
      'Completed\n',
    ),
  },
  { weight: 1, arbitrary: anything },
)

const jobs = fc.uniqueArray(fc.record({ id: hostileId, statuses: status.map((one) => [one]), fields }), {
  minLength: 1,
  maxLength: 3,
  size: 'max',
  selector: ({ id }) => id.toLowerCase(),
})

const errorBody = fc.oneof(
  fc.record({ error_code: anything, error_msg: anything, request_id: anything }, { requiredKeys: [] }),
  fc.record({ errorCode: anything, errorMsg: anything }, { requiredKeys: [] }),
  fc.record({ code: anything, message: anything }, { requiredKeys: [] }),
  fc.record({ error: fc.record({ code: anything, message: anything, title: anything }) }),
  fc.dictionary(hostileText, anything, { maxKeys: 4 }),
)

const body: fc.Arbitrary<string | Buffer> = fc.oneof(
  errorBody.map((value) => JSON.stringify(value)),
  hostileText,
  fc
    .tuple(hostileText, hostileText)
    .map(([title, text]) => `<html><head><title>${title}</title></head><body><p>${text}</p></body></html>`),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
)

const reply: fc.Arbitrary<Reply> = fc
  .record({
    status: fc.constantFrom(200, 200, 201, 206, 302, 308, 400, 401, 403, 404, 407, 418, 429, 500, 502, 503),
    headers: fc.record(
      { location: hostileHeader, 'x-request-id': hostileHeader, 'retry-after': hostileHeader },
      { requiredKeys: [] },
    ),
    body,
  })
  .map(({ status, headers, body }) => ({
    status,
    // An absent header is no header of the value undefined.
    headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value.trim() !== '')),
    body,
  }))

const faults = fc.array(
  fc.record({ fault: reply, times: fc.constantFrom<number | 'for ever'>(1, 2, 5, 'for ever') }),
  { minLength: 1, maxLength: 3 },
)

/** The same runs each time, and no shrinking beyond what a test has time for. */
async function check<T>(property: fc.IAsyncProperty<T>, seed: number, numRuns: number): Promise<void> {
  await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit: 30_000, markInterruptAsFailure: true })
}

/** Results that were seen, to know that the scenarios reach them. */
const seen = new Set<string | undefined>()

describe('whatever the service sends, no command, markup or output but ours comes of it:', () => {
  test('in the fields of jobs', async () => {
    const scenario = fc.record({ jobs, faults: fc.constant([]), debug: fc.boolean() })
    await check(fc.asyncProperty(scenario, isHarmless), 1, 150)
    expect([...seen]).toEqual(expect.arrayContaining(['completed', 'failed', 'canceled', 'timed-out']))
  }, 60_000)

  test('in errors, pages and headers', async () => {
    const scenario = fc.record({ jobs, faults, debug: fc.boolean() })
    await check(fc.asyncProperty(scenario, isHarmless), 2, 120)
    expect([...seen]).toContain('error')
  }, 60_000)

  test('in the id of another job', async () => {
    const scenario = fc
      .tuple(hostileText, hostileId, fields, fc.boolean())
      .filter(([other, id]) => other !== '' && other.toLowerCase() !== id.toLowerCase())
      .map(([other, id, rest, debug]) => ({
        jobs: [{ id, statuses: ['Completed'], fields: { ...rest, id: other } }],
        faults: [],
        debug,
      }))
    const expectError = async (one: Scenario) => {
      expect(await expectHarmless(one)).toBe('error')
    }
    await check(fc.asyncProperty(scenario, expectError), 3, 50)
  }, 60_000)

  test('in statuses that change with each look', async () => {
    const scenario = fc.record({
      jobs: fc.uniqueArray(
        fc.record({
          id: hostileId,
          statuses: fc.array(hostileText, { minLength: 5, maxLength: 40 }),
          fields,
        }),
        { minLength: 1, maxLength: 2, selector: ({ id }) => id.toLowerCase() },
      ),
      faults: fc.constant([]),
      debug: fc.boolean(),
    })
    await check(fc.asyncProperty(scenario, isHarmless), 4, 40)
  }, 60_000)
})

/** As long as a field can be, and full of what takes most room once it is escaped. */
const LONG = '@::error::%|😀'.repeat(2_000)

/** So many jobs take their turns within the service's budget: 500 take about ten minutes. */
const BUDGETED = 1_000

describe('however long the texts are,', () => {
  /** With a speed at which each is seen. */
  const manyStatuses = {
    speed: 4_000,
    statuses: Array.from({ length: 30 }, (_, index) => `${index} ${LONG}`),
  }

  test('no line of the log is, even when it counts many statuses', async () => {
    const { speed, statuses } = manyStatuses
    await expectHarmless({ jobs: [{ id: 'job-1', statuses, fields: {} }], faults: [], debug: true, speed })
  })

  test.each([
    ['that failed', { speed: 1, statuses: ['Failed'] }, 'The task center in the console tells more.'],
    ['in a wait that timed out', { speed: FAST, statuses: ['Running'] }, 'goes on in the cloud.'],
    ['in a wait that timed out after many statuses', manyStatuses, 'goes on in the cloud.'],
  ])('the annotation of a job %s says what to do next', async (_what, { speed, statuses }, next) => {
    const jobs = [{ id: 'job-1', statuses, fields: { name: LONG, fail_reason: LONG } }]
    const { log } = await run({ jobs, faults: [], debug: false, speed })
    expect(commandsIn(log).find(({ name }) => name === 'error')?.data).toContain(next)
  })

  test('the annotation of several jobs says what to do next', async () => {
    const fields = { name: LONG, fail_reason: LONG }
    const failed = Array.from({ length: 12 }, (_, index) => ({
      id: `job-${index}`,
      statuses: ['Failed'],
      fields,
    }))
    const { log } = await run({ jobs: failed, faults: [], debug: false })
    const message = commandsIn(log).find(({ name }) => name === 'error')?.data
    expect(message).toContain('The task center in the console tells more.')
    expect(message).toContain('- and 2 more')
  })

  test('the outputs of as many jobs as there may be stay within their limits', async () => {
    // ASCII, where a byte is a unit of UTF-16.
    const long = 'x'.repeat(20_000)
    const wordy = {
      name: long,
      fail_reason: long,
      instance: { id: long, name: long },
      created: long,
      ended: long,
      entities: { instance: { endpoint: long }, a: 'x'.repeat(79_900) },
    }
    const brief = { name: long.slice(0, 1_000), process: '100%', ...LONGEST_DURATION }
    const { outputs, summary, log } = await run({
      jobs: asMany('Completed', wordy, brief),
      faults: [],
      debug: false,
      speed: BUDGETED,
    })
    const { jobs = '', entities = '' } = expectWholeOutputs(outputs)
    expect(JSON.parse(jobs)).toHaveLength(500)
    expect(jobs.length).toBeGreaterThan(200_000)
    expect(entities.length).toBeGreaterThan(99_000)
    expect(Buffer.byteLength(summary)).toBeLessThan(LARGEST_SUMMARY)
    expectHarmlessLog(log, { token: TOKEN, debug: false })
  }, 20_000)

  test('so does the summary, which then says how many it leaves out', async () => {
    const at = '@'.repeat(1_000)
    const wordy = {
      name: at,
      fail_reason: at,
      instance: { id: at, name: at },
      entities: { instance: { endpoint: at } },
    }
    const { summary } = await run({
      jobs: asMany('Failed', wordy, wordy),
      faults: [],
      debug: false,
      speed: BUDGETED,
    })
    expect(Buffer.byteLength(summary)).toBeLessThan(LARGEST_SUMMARY)
    expect(summary).toMatch(/^… and \d+ more\.$/m)
  }, 20_000)
})

const LONGEST_DURATION = { created: '0001-01-01T00:00:00Z', ended: '9999-12-31T23:59:59Z' }

/** As many jobs as one step waits for; the first failed, and speaks for them. */
function asMany(status: string, first: JobScenario['fields'], others: JobScenario['fields']): JobScenario[] {
  return Array.from({ length: 500 }, (_, index) => ({
    id: `${index}-`.padEnd(128, 'x'),
    statuses: [index === 0 ? 'Failed' : status],
    fields: index === 0 ? first : others,
  }))
}

test('an output carries the text as it came, without NUL, up to 16 kB', async () => {
  const texts = fc.record({
    name: hostileText,
    fail_reason: hostileText,
    created: hostileText,
    ended: hostileText,
    instance: fc.record({ id: hostileText, name: hostileText }),
    entities: fc.record({ instance: fc.record({ endpoint: hostileText }) }),
  })
  const shown = (text: string) => truncate(text.toWellFormed(), 16_000).replaceAll('\0', '')
  const isFaithful = async (fields: typeof texts extends fc.Arbitrary<infer T> ? T : never) => {
    const job = { id: 'job-1', statuses: ['Failed'], fields }
    const { outputs } = await run({ jobs: [job], faults: [], debug: false })
    expect(readOutputs(outputs)).toMatchObject({
      'job-name': shown(fields.name.trim()),
      'fail-reason': shown(fields.fail_reason),
      created: shown(fields.created),
      ended: shown(fields.ended),
      'instance-id': shown(fields.instance.id),
      'instance-name': shown(fields.instance.name),
      'instance-endpoint': shown(fields.entities.instance.endpoint),
    })
  }
  await check(fc.asyncProperty(texts, isFaithful), 5, 60)
}, 20_000)

describe('the built action holds out against a megabyte of hostile text', () => {
  /** What it takes to be just below the most that is read of an answer. */
  const megabyte = '::error::x\r\n##[error]x <b>|[a](https://evil.example)\u0007 @a 实例\n'.repeat(13_000)

  const step = async (place: Readonly<Record<string, unknown>> | Reply) => {
    const simulator = await startSimulator({ token: TOKEN })
    const isReply = (given: typeof place): given is Reply => 'body' in given
    const override = isReply(place) ? {} : place
    const id = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0, outcome: 'Failed', override })
    if (isReply(place)) simulator.misbehave(place, { times: 'for ever' })
    const result = await runStep({
      with: {
        endpoint: simulator.endpoint,
        'project-id': simulator.projectId,
        token: TOKEN,
        'job-id': id,
        timeout: '1s',
      },
      env: { RUNNER_DEBUG: '1' },
    })
    await simulator.close()
    return result
  }

  test.each<[string, Readonly<Record<string, unknown>> | Reply]>([
    ['status', { status: megabyte }],
    ['name', { name: megabyte }],
    ['fail_reason', { fail_reason: megabyte }],
    ['instance', { instance: { id: megabyte.slice(0, 400_000), name: megabyte.slice(0, 400_000) } }],
    ['dates', { created: megabyte.slice(0, 400_000), ended: megabyte.slice(0, 400_000) }],
    ['process', { process: megabyte }],
    ['entities', { entities: { [megabyte.slice(0, 400_000)]: megabyte.slice(0, 400_000) } }],
    ['entities.instance.endpoint', { entities: { instance: { endpoint: megabyte } } }],
    ['id', { id: megabyte }],
    ['error code and message', errorWith(megabyte.slice(0, 400_000))],
    ['page with 502', { status: 502, body: `<html><h1>${megabyte}</h1></html>` }],
    ['text with 200', { status: 200, body: megabyte }],
    ['header', { status: 400, headers: { 'x-request-id': 'x '.repeat(500_000) }, body: '' }],
    ['redirect', { status: 302, headers: { location: '##[error]'.repeat(1_500) }, body: '' }],
  ])('in %s', async (_field, place) => {
    const { exitCode, log, outputs, summary } = await step(place)
    expect(exitCode).toBe(1)
    expectHarmlessLog(log, { token: TOKEN, debug: true })
    expectHarmlessSummary(summary)
    expect(Object.keys(outputs)).toEqual(OUTPUTS)
    expect(Object.values(outputs).join('').length).toBeLessThan(500_000)
    expect(outputs['result']).not.toBe('completed')
  })
})

function errorWith(text: string): Reply {
  return { status: 403, body: JSON.stringify({ error_code: text, error_msg: text }) }
}
