import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ApiResponse } from '../../simulator/response.ts'
import { readOutputs, runStep } from '../../simulator/runner.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { EMPTY_OUTPUTS } from '../../src/report/outputs.ts'
import { truncate } from '../../src/secrets.ts'
import { hostileHeader, hostileId, hostileText } from '../model/hostile-text.ts'
import {
  expectHarmlessLog,
  expectHarmlessSummary,
  expectWholeOutputs,
  MAX_SUMMARY_BYTES,
} from '../model/harmless.ts'
import { commandsIn } from '../model/runner-commands.ts'
import { cleanUp, runMain, type Run } from './in-process.ts'

/** Whatever the service sends, it cannot forge anything in the log, annotation, outputs, or summary. */

const TOKEN = 'MIIFakeToken+with/signs=='

afterAll(cleanUp)

interface Scenario {
  readonly jobs: readonly JobScenario[]
  readonly faults: readonly { readonly fault: ApiResponse; readonly times: number | 'always' }[]
  readonly debug: boolean
  /** Default: real time for jobs that are finished at the first poll, otherwise so fast that the wait takes 33 ms. */
  readonly speed?: number
  /** Default: {@link TIMEOUT}. */
  readonly timeout?: string
}

interface JobScenario {
  readonly id: string
  /** One for each request; the last one is repeated. */
  readonly statuses: readonly unknown[]
  readonly fields: Readonly<Record<string, unknown>>
}

/** Statuses that end the wait at the first poll. */
const TERMINAL = ['Completed', 'Failed', 'Canceled']
/** Takes 33 ms with {@link FAST}. */
const TIMEOUT = '11m'
const FAST = 20_000

async function run({ jobs, faults, debug, speed, timeout = TIMEOUT }: Scenario): Promise<Run> {
  const simulator = await startSimulator({ token: TOKEN })
  try {
    for (const { id, statuses, fields } of jobs) {
      let requests = 0
      const override = {
        ...fields,
        get status() {
          return statuses[Math.min(requests++, statuses.length - 1)]
        },
      }
      simulator.addJob({ id, notFoundMs: 0, pendingMs: 0, runningMs: 0, override })
    }
    for (const { fault, times } of faults) simulator.injectFault(fault, { times })
    const isFinishedAtOnce =
      faults.length === 0 && jobs.every(({ statuses }) => TERMINAL.includes(String(statuses[0])))
    return await runMain({
      inputs: {
        endpoint: simulator.endpoint,
        'project-id': simulator.projectId,
        token: TOKEN,
        'job-id': jobs.map(({ id }) => id).join('\n'),
        timeout,
      },
      debug,
      speed: speed ?? (isFinishedAtOnce ? 1 : FAST),
    })
  } finally {
    await simulator.close()
  }
}

/** Returns the result of the wait. */
async function expectHarmless(scenario: Scenario): Promise<string | undefined> {
  const { succeeded, log, outputs, summary } = await run(scenario)
  expectHarmlessLog(log, { token: TOKEN, debug: scenario.debug })
  expectHarmlessSummary(summary)
  const { result } = expectWholeOutputs(outputs)
  const annotations = commandsIn(log).flatMap(({ name }) => (/^(error|notice)$/.test(name) ? [name] : []))
  expect({ succeeded, annotations, result: result === 'completed' }).toEqual({
    succeeded,
    annotations: [succeeded ? 'notice' : 'error'],
    result: succeeded,
  })
  if (succeeded)
    expect(scenario.jobs.map(({ statuses }) => statuses.includes('Completed'))).not.toContain(false)
  seenResults.add(result)
  return result
}

/** Returns nothing, as fast-check expects. */
async function isHarmless(scenario: Scenario): Promise<void> {
  await expectHarmless(scenario)
}

/** A field's value: usually a text, sometimes of another type. */
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
  { weight: 8, arbitrary: fc.constantFrom(...TERMINAL) },
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

const response: fc.Arbitrary<ApiResponse> = fc
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
    // An absent header is not the same as a header with an empty value.
    headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value.trim() !== '')),
    body,
  }))

const faults = fc.array(
  fc.record({ fault: response, times: fc.constantFrom<number | 'always'>(1, 2, 5, 'always') }),
  { minLength: 1, maxLength: 3 },
)

/** Runs the same cases each time, and limits the time for shrinking. */
async function check<T>(property: fc.IAsyncProperty<T>, seed: number, numRuns: number): Promise<void> {
  await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit: 100_000, markInterruptAsFailure: true })
}

/** Results that occurred, to verify that the scenarios reach them. */
const seenResults = new Set<string | undefined>()

describe('hostile text does not become a command, markup, or an output', () => {
  test('in the fields of jobs', async () => {
    const scenario = fc.record({ jobs, faults: fc.constant([]), debug: fc.boolean() })
    await check(fc.asyncProperty(scenario, isHarmless), 1, 150)
    expect([...seenResults]).toEqual(expect.arrayContaining(['completed', 'failed', 'canceled', 'timed-out']))
  }, 120_000)

  test('in errors, pages, and headers', async () => {
    const scenario = fc.record({ jobs, faults, debug: fc.boolean() })
    await check(fc.asyncProperty(scenario, isHarmless), 2, 120)
    expect([...seenResults]).toContain('error')
  }, 120_000)

  test('in the ID of another job', async () => {
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
  }, 120_000)

  test('in statuses that change with each poll', async () => {
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
  }, 120_000)
})

/** As long as a field can be, with characters that become longest when they are escaped. */
const LONG = '@::error::%|😀'.repeat(2_000)

/** For 500 jobs, which take about ten minutes because of the rate limit, and longer on a busy machine. */
const RATE_LIMITED = { speed: 1_000, timeout: '2h' } as const

describe('with texts of any length,', () => {
  /** With a speed at which every status is polled. */
  const manyStatuses = {
    speed: 4_000,
    statuses: Array.from({ length: 30 }, (_, index) => `${index} ${LONG}`),
  }

  test('each log line is short, even if it counts many statuses', async () => {
    const { speed, statuses } = manyStatuses
    await expectHarmless({ jobs: [{ id: 'job-1', statuses, fields: {} }], faults: [], debug: true, speed })
  })

  test.each([
    ['that failed', { speed: 1, statuses: ['Failed'] }, 'see the task center in the console.'],
    ['in a wait that timed out', { speed: FAST, statuses: ['Running'] }, 'is still running in the cloud.'],
    ['in a wait that timed out after many statuses', manyStatuses, 'is still running in the cloud.'],
  ])('the annotation of a job %s contains the next steps', async (_name, { speed, statuses }, nextSteps) => {
    const jobs = [{ id: 'job-1', statuses, fields: { name: LONG, fail_reason: LONG } }]
    const { log } = await run({ jobs, faults: [], debug: false, speed })
    expect(commandsIn(log).find(({ name }) => name === 'error')?.data).toContain(nextSteps)
  })

  test('the annotation of several jobs contains the next steps', async () => {
    const fields = { name: LONG, fail_reason: LONG }
    const failed = Array.from({ length: 12 }, (_, index) => ({
      id: `job-${index}`,
      statuses: ['Failed'],
      fields,
    }))
    const { log } = await run({ jobs: failed, faults: [], debug: false })
    const message = commandsIn(log).find(({ name }) => name === 'error')?.data
    expect(message).toContain('see the task center in the console.')
    expect(message).toContain('- and 2 more')
  })

  test('the outputs of the maximum number of jobs stay within their limits', async () => {
    // ASCII, where a byte is a unit of UTF-16.
    const long = 'x'.repeat(20_000)
    const longTexts = {
      name: long,
      fail_reason: long,
      instance: { id: long, name: long },
      created: long,
      ended: long,
      entities: { instance: { endpoint: long }, a: 'x'.repeat(79_900) },
    }
    const shortTexts = { name: long.slice(0, 1_000), process: '100%', ...MAX_DURATION }
    const { outputs, summary, log } = await run({
      jobs: maxJobs('Completed', longTexts, shortTexts),
      faults: [],
      debug: false,
      ...RATE_LIMITED,
    })
    const { jobs = '', entities = '' } = expectWholeOutputs(outputs)
    expect(JSON.parse(jobs)).toHaveLength(500)
    expect(jobs.length).toBeGreaterThan(200_000)
    expect(entities.length).toBeGreaterThan(99_000)
    expect(Buffer.byteLength(summary)).toBeLessThan(MAX_SUMMARY_BYTES)
    expectHarmlessLog(log, { token: TOKEN, debug: false })
  }, 20_000)

  test('the summary of the maximum number of jobs stays within its limit and counts the omitted jobs', async () => {
    const at = '@'.repeat(1_000)
    const longTexts = {
      name: at,
      fail_reason: at,
      instance: { id: at, name: at },
      entities: { instance: { endpoint: at } },
    }
    const { summary } = await run({
      jobs: maxJobs('Failed', longTexts, longTexts),
      faults: [],
      debug: false,
      ...RATE_LIMITED,
    })
    expect(Buffer.byteLength(summary)).toBeLessThan(MAX_SUMMARY_BYTES)
    expect(summary).toMatch(/^… and \d+ more\.$/m)
  }, 20_000)
})

const MAX_DURATION = { created: '0001-01-01T00:00:00Z', ended: '9999-12-31T23:59:59Z' }

/** As many jobs as one step accepts; the first failed, so the single-valued outputs describe it. */
function maxJobs(status: string, first: JobScenario['fields'], others: JobScenario['fields']): JobScenario[] {
  return Array.from({ length: 500 }, (_, index) => ({
    id: `${index}-`.padEnd(128, 'x'),
    statuses: [index === 0 ? 'Failed' : status],
    fields: index === 0 ? first : others,
  }))
}

test('an output contains the text unchanged, without NUL, up to 16 kB', async () => {
  const texts = fc.record({
    name: hostileText,
    fail_reason: hostileText,
    created: hostileText,
    ended: hostileText,
    instance: fc.record({ id: hostileText, name: hostileText }),
    entities: fc.record({ instance: fc.record({ endpoint: hostileText }) }),
  })
  const expected = (text: string) => truncate(text.toWellFormed(), 16_000).replaceAll('\0', '')
  const isFaithful = async (fields: typeof texts extends fc.Arbitrary<infer T> ? T : never) => {
    const job = { id: 'job-1', statuses: ['Failed'], fields }
    const { outputs } = await run({ jobs: [job], faults: [], debug: false })
    expect(readOutputs(outputs)).toMatchObject({
      'job-name': expected(fields.name.trim()),
      'fail-reason': expected(fields.fail_reason),
      created: expected(fields.created),
      ended: expected(fields.ended),
      'instance-id': expected(fields.instance.id),
      'instance-name': expected(fields.instance.name),
      'instance-endpoint': expected(fields.entities.instance.endpoint),
    })
  }
  await check(fc.asyncProperty(texts, isFaithful), 5, 60)
}, 20_000)

describe('the built action withstands a megabyte of hostile text', () => {
  /** Just below the limit for the body of a response. */
  const megabyte = '::error::x\r\n##[error]x <b>|[a](https://evil.example)\u0007 @a 实例\n'.repeat(13_000)

  const step = async (place: Readonly<Record<string, unknown>> | ApiResponse) => {
    const simulator = await startSimulator({ token: TOKEN })
    const isReply = (given: typeof place): given is ApiResponse => 'body' in given
    const override = isReply(place) ? {} : place
    const id = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0, outcome: 'Failed', override })
    if (isReply(place)) simulator.injectFault(place, { times: 'always' })
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

  test.each<[string, Readonly<Record<string, unknown>> | ApiResponse]>([
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
    expect(Object.keys(outputs)).toEqual(Object.keys(EMPTY_OUTPUTS))
    expect(Object.values(outputs).join('').length).toBeLessThan(500_000)
    expect(outputs['result']).not.toBe('completed')
  })
})

function errorWith(text: string): ApiResponse {
  return { status: 403, body: JSON.stringify({ error_code: text, error_msg: text }) }
}
