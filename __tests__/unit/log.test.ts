import { describe, expect, test } from '@jest/globals'
import type { JobResponse, JudgedResponse, SubTask } from '../../src/response.ts'
import { createLog, printDetails } from '../../src/report/log.ts'
import { EMPTY_OUTPUTS } from '../../src/report/outputs.ts'
import { initialState, judge, type WaitState } from '../../src/judge/judge.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import {
  busy,
  connection,
  idle,
  instanceResponse,
  jobResponse,
  notFoundYet,
  otherJob,
  transient,
  unusable,
} from './responses.ts'
import { noSecrets, untrusted } from './text.ts'
import { instanceResult, waitResult } from './wait-results.ts'

const SECOND = 1_000

interface LogOptions {
  readonly until?: number
  readonly isDebug?: boolean
  readonly isColored?: boolean
  readonly ids?: readonly string[]
  readonly kind?: 'job' | 'instance'
}

/** The lines of a log that receives these responses, up to a second. */
async function logOf(
  responses: readonly (readonly [seconds: number, response: JudgedResponse, id?: string])[],
  { until = 0, isDebug = false, isColored = false, ids = ['job-1'], kind = 'job' }: LogOptions = {},
): Promise<string[]> {
  const lines: string[] = []
  const clock = new VirtualClock()
  const jobs = ids.map((value) => ({ value, text: untrusted(value) }))
  const print = (line: string) => {
    lines.push(line)
  }
  const debug = (line: string) => {
    print(`debug: ${line}`)
  }
  const log = createLog(
    { kind, ids: jobs, until: 'completed', connectTo: undefined },
    {
      info: print,
      debug,
      isDebug: () => isDebug,
      startGroup: print,
      endGroup: () => undefined,
      warning: (message) => {
        print(String(message))
      },
    },
    clock,
    isColored,
  )
  const states = new Map<string, WaitState>(jobs.map((id) => [id.value, initialState(id, kind)]))
  for (const [seconds, response, id = ids[0] ?? ''] of responses) {
    clock.at(seconds * SECOND, () => {
      const before = states.get(id)
      if (before === undefined) throw new Error(`no job ${id}`)
      const { state, outcome, warning } = judge(before, response, clock.now())
      states.set(id, state)
      log.onResponse(
        state,
        outcome === undefined ? clock.now() + 5 * SECOND : undefined,
        outcome !== undefined,
      )
      if (warning !== undefined) log.onWarning(warning)
    })
  }
  const finished = new AbortController()
  clock.at(until * SECOND, () => {
    finished.abort()
  })
  await clock.run(log.startHeartbeat(finished.signal))
  return lines
}

/** A log that tests call themselves. */
function logFor(waitFor: Partial<Parameters<typeof createLog>[0]>, isColored = false) {
  const lines: string[] = []
  const clock = new VirtualClock()
  const print = (line: string) => {
    lines.push(line)
  }
  const log = createLog(
    { kind: 'job', ids: [], until: 'completed', connectTo: undefined, ...waitFor },
    {
      info: print,
      debug: print,
      isDebug: () => false,
      warning: () => undefined,
      startGroup: print,
      endGroup: () => undefined,
    },
    clock,
    isColored,
  )
  return { log, lines, clock }
}

describe('the log', () => {
  test('estimates the time left while progress is steady', async () => {
    const steady = Array.from(
      { length: 8 },
      (_, index) => [index * 60, jobResponse('Running', { process: `${index * 10}%` })] as const,
    )
    const decreased = [480, jobResponse('Running', { process: '10%' })] as const
    const lines = await logOf([...steady, decreased], { until: 480 })
    const left = lines.map((line) => / · about (\w+) left · next poll/.exec(line)?.[1])
    expect(left).toEqual([undefined, undefined, undefined, '7m', '6m', '5m', '4m', '3m', undefined])
  })

  test('has a line per change of status or progress, with a bar, the time, and the next poll', async () => {
    const lines = await logOf(
      [
        [0, notFoundYet],
        [2, notFoundYet],
        [4, jobResponse('Pending')],
        [10, jobResponse('Running', { process: '40%' })],
        [20, jobResponse('Running', { process: '40%' })],
        [30, transient()],
        [35, jobResponse('Running', { process: '45%' })],
        [40, jobResponse('Completed')],
      ],
      { until: 41 },
    )
    expect(lines).toEqual([
      '      0s  ░░░░░░░░░░░░░░░░░░░░       not found yet · next poll in 5s',
      '      4s  ░░░░░░░░░░░░░░░░░░░░       Pending · next poll in 5s',
      '     10s  ████████░░░░░░░░░░░░  40%  Running · next poll in 5s',
      '     35s  █████████░░░░░░░░░░░  45%  Running · next poll in 5s',
      '     40s  ████████████████████ 100%  Completed',
    ])
  })

  test('prints a heartbeat every minute, with the last error', async () => {
    const lines = await logOf(
      [
        [0, jobResponse('Running', { process: '5%' })],
        [100, transient()],
      ],
      { until: 190 },
    )
    expect(lines.slice(1)).toEqual([
      '      1m  █░░░░░░░░░░░░░░░░░░░   5%  still Running · 1 request: 1 × Running · next poll in 1s',
      '      2m  █░░░░░░░░░░░░░░░░░░░   5%  still Running · 2 requests: 1 × Running, 1 × 502 · last error: HTTP 502 · next poll in 1s',
      '      3m  █░░░░░░░░░░░░░░░░░░░   5%  still Running · 2 requests: 1 × Running, 1 × 502 · last error: HTTP 502 · next poll in 1s',
    ])
  })

  test('names the job if there are several, and counts them in the heartbeat', async () => {
    const lines = await logOf(
      [
        [0, jobResponse('Running', { process: '5%' }), 'a'],
        [1, jobResponse('Completed'), 'b'],
        [58, jobResponse('Running', { process: '5%' }), 'a'],
      ],
      { until: 62, ids: ['a', 'b'] },
    )
    expect(lines).toEqual([
      '      0s  █░░░░░░░░░░░░░░░░░░░   5%  Running · a · next poll in 5s',
      '      1s  ████████████████████ 100%  Completed · b',
      '    1m1s  ██████████░░░░░░░░░░  50%  1 of 2 jobs finished · 1 × Running · next poll in 2s',
    ])
  })

  test('has one line for each of many jobs, when it finishes', async () => {
    const ids = Array.from({ length: 11 }, (_, index) => `j${index}`)
    const responses = ids.flatMap((id, index) => [
      [0, jobResponse('Running', { process: '5%' }), id] as const,
      [1 + index, jobResponse('Completed'), id] as const,
    ])
    const lines = await logOf(
      responses.sort(([a], [b]) => a - b),
      { until: 15, ids },
    )
    expect(lines).toHaveLength(11)
    expect(lines[0]).toMatch(/Completed · j0$/)
  })

  test('counts only jobs that finished', async () => {
    const lines = await logOf([[0, jobResponse('Running'), 'a']], { until: 62, ids: ['a', 'b'] })
    expect(lines[1]).toContain('0 of 2 jobs finished · 1 × Running')
  })

  test('prints at most ten warnings', async () => {
    const responses = Array.from(
      { length: 20 },
      (_, index) => [index, jobResponse('Unauthorized'), `j${index}`] as const,
    )
    const ids = responses.map(([, , id]) => id)
    const lines = await logOf(responses, { until: 21, ids })
    expect(lines.filter((line) => line.includes('authorization'))).toHaveLength(10)
  })

  test('has every response in debug mode only', async () => {
    const responses = [
      [0, transient()],
      [1, jobResponse('Running')],
      [2, jobResponse('Running')],
    ] as const
    expect(
      (await logOf(responses, { until: 3, isDebug: true })).filter((line) => line.startsWith('debug:')),
    ).toHaveLength(3)
    expect(await logOf(responses, { until: 3 })).toHaveLength(1)
  })

  test('names the order until its jobs are found, then the jobs', async () => {
    const order = { value: 'CS1', text: untrusted('CS1') }
    const { log, lines, clock } = logFor({ kind: 'order', ids: [order] })
    log.onStart(untrusted('https://host'), 60 * SECOND, 'token')
    const { state } = judge(initialState(order, 'order'), transient(), 0)
    log.onResponse(state, 5 * SECOND, false)
    const response: JobResponse = {
      kind: 'not-found-yet',
      detail: { label: 'a job without a status', message: [] },
    }
    log.onResponse(judge(state, response, 0).state, 5 * SECOND, false)
    const jobs = Array.from({ length: 12 }, (_, index) => ({
      value: `j${index}`,
      text: untrusted(`j${index}`),
    }))
    log.onJobsFound(order, jobs)
    expect(lines).toEqual([
      'Waiting up to 1m for order CS1 at https://host',
      'Credentials: token.',
      '      0s  ░░░░░░░░░░░░░░░░░░░░       no job yet · next poll in 5s',
      '      0s  ░░░░░░░░░░░░░░░░░░░░       a job without a status · next poll in 5s',
      '      0s  jobs of the order: j0, j1, j2, j3, j4, j5, j6, j7, j8, j9, and 2 more',
    ])
    await clock.run(Promise.resolve())
  })

  test('names the order whose jobs are found if there are several', () => {
    const ids = ['CS1', 'CS2'].map((value) => ({ value, text: untrusted(value) }))
    const { log, lines } = logFor({ kind: 'order', ids })
    const [order = { value: '', text: untrusted('') }] = ids
    log.onJobsFound(order, [{ value: 'a', text: untrusted('a') }])
    expect(lines).toEqual(['      0s  jobs of order CS1: a'])
  })

  describe('in color', () => {
    const linesFor = (response: JobResponse) => logOf([[0, response]], { until: 1, isColored: true })

    test.each([
      ['Completed', 32],
      ['Failed', 31],
      ['Canceled', 31],
      ['Unauthorized', 33],
      ['Running', 36],
    ])('prints %s in its own color and the next poll in gray', async (status, code) => {
      const [line = ''] = await linesFor(jobResponse(status))
      const next = /Completed|Failed|Canceled/.test(status) ? '' : '\u001b[90m · next poll in 5s\u001b[0m'
      expect(line.slice(10, 15)).toBe(`\u001b[${code}m`)
      expect(line.slice(15).replace(/^[█░]+ +(100%)? +/, '')).toBe(`${status}\u001b[0m${next}`)
    })

    test('is yellow after an error', async () => {
      const responses = [
        [0, jobResponse('Running')],
        [1, transient()],
      ] as const
      const lines = await logOf(responses, { until: 62, isColored: true })
      expect(lines.at(-1)).toContain('\u001b[33m')
    })

    test('a text that ends in # does not form a command with the escape sequence', async () => {
      const [line] = await linesFor(jobResponse('x ##'))
      expect(line).toContain('x ## \u001b[0m')
    })
  })

  test('keeps a hostile status on one line', async () => {
    const lines = await logOf([[0, jobResponse('x\n::error::y\r##[error]z')]], { until: 1 })
    expect(lines[0]).toBe('      0s  ░░░░░░░░░░░░░░░░░░░░       x ::error::y ## [error]z · next poll in 5s')
  })
})

describe('the first line', () => {
  const ids = ['a', 'b'].map((value) => ({ value, text: untrusted(value) }))

  test.each([
    ['job', 1, 'completed', 'job a'],
    ['job', 2, 'completed', '2 jobs'],
    ['job', 1, 'available', 'job a, until its instance is available,'],
    ['job', 2, 'available', '2 jobs, until their instances are available,'],
    ['order', 1, 'connectable', 'order a, until its instance accepts connections,'],
    ['order', 2, 'connectable', '2 orders, until their instances accept connections,'],
    ['instance', 1, 'completed', 'instance a, until no job is running,'],
    ['instance', 1, 'available', 'instance a, until it is available,'],
    ['instance', 2, 'available', '2 instances, until they are available,'],
    ['instance', 2, 'connectable', '2 instances, until they accept connections,'],
  ] as const)('of a wait for %s, %i of them, until %s', (kind, count, until, target) => {
    const { log, lines } = logFor({ kind, ids: ids.slice(0, count), until })
    log.onStart(untrusted('https://host'), 1_800 * SECOND, 'an IAM token')
    expect(lines).toEqual([`Waiting up to 30m for ${target} at https://host`, 'Credentials: an IAM token.'])
  })
})

describe('credentials and project', () => {
  test('are reported when they change, and a failed renewal is yellow', () => {
    const { log, lines } = logFor({}, true)
    log.onProject('0123456789abcdef0123456789abcdef', 'cn-north-4')
    log.onRenewed(900 * SECOND)
    log.onNotRenewed(['HTTP 503'], 240 * SECOND)
    expect(lines).toEqual([
      '      0s  project 0123456789abcdef0123456789abcdef, looked up for the region cn-north-4',
      '      0s  new temporary keys from the agency, valid for 15m',
      '      0s  \u001b[33mcould not renew the keys of the agency, the current ones are valid for 4m: HTTP 503\u001b[0m',
    ])
  })
})

describe('an instance', () => {
  const BLANK = ' '.repeat(25)
  const options = { ids: ['instance-1'], kind: 'instance' } as const

  test('has a line for each job that runs on it, and then for its readiness, without a bar', async () => {
    const lines = await logOf(
      [
        [0, busy()],
        [5, busy({ name: 'CreateX', process: '45%' })],
        [10, busy({})],
        [12, busy({ name: 'RestartX' })],
        [15, idle],
        [20, instanceResponse('BACKING UP')],
        [25, instanceResponse('ACTIVE')],
        [30, instanceResponse('ACTIVE')],
        [85, instanceResponse('ACTIVE')],
      ],
      { ...options, until: 86 },
    )
    expect(lines).toEqual([
      `      0s  ${BLANK}  job CreateX is Running, 40% · next poll in 5s`,
      `      5s  ${BLANK}  job CreateX is Running, 45% · next poll in 5s`,
      `     10s  ${BLANK}  a job is Running · next poll in 5s`,
      `     12s  ${BLANK}  job RestartX is Running · next poll in 5s`,
      `     15s  ${BLANK}  no job is running · next poll in 5s`,
      `     20s  ${BLANK}  instance BACKING UP · next poll in 5s`,
      `     25s  ${BLANK}  instance ACTIVE · next poll in 5s`,
      `   1m25s  ${BLANK}  instance available`,
    ])
  })

  test('has a line for each result of connecting to its database', async () => {
    const lines = await logOf(
      [
        [0, instanceResponse('ACTIVE')],
        [1, connection('connection refused')],
        [2, connection('connection refused')],
        [3, connection('handshake of 8.0.22', true)],
      ],
      { ...options, until: 4 },
    )
    expect(lines.slice(1)).toEqual([
      `      1s  ${BLANK}  connecting to 192.168.0.10:3306: connection refused · next poll in 5s`,
      `      3s  ${BLANK}  connecting to 192.168.0.10:3306: handshake of 8.0.22`,
    ])
  })

  test('has heartbeats with its checks and the last error', async () => {
    const lines = await logOf(
      [
        [0, instanceResponse('BACKING UP')],
        [30, transient()],
      ],
      { ...options, until: 62 },
    )
    expect(lines.slice(1)).toEqual([
      `      1m  ${BLANK}  instance BACKING UP · 2 checks: 1 × BACKING UP, 1 × 502 · last error: HTTP 502 · next poll in 1s`,
    ])
  })

  test('is counted with the others in a heartbeat', async () => {
    const lines = await logOf(
      [
        [0, instanceResponse('FAILED'), 'a'],
        [1, instanceResponse('BUILD'), 'b'],
      ],
      { ids: ['a', 'b'], kind: 'instance', until: 62 },
    )
    expect(lines).toEqual([
      `      0s  ${BLANK}  instance FAILED · a`,
      `      1s  ${BLANK}  instance BUILD · b · next poll in 5s`,
      '    1m1s  ██████████░░░░░░░░░░  50%  1 of 2 instances finished · 1 × BUILD · next poll in 1s',
    ])
  })

  test.each([
    ['ACTIVE', instanceResponse('ACTIVE'), 32],
    ['FAILED', instanceResponse('FAILED'), 31],
    ['STORAGE FULL', instanceResponse('STORAGE FULL'), 33],
    ['BUILD', instanceResponse('BUILD'), 36],
    ['busy', busy(), 36],
  ])('that is %s has a color of its own', async (_name, response, code) => {
    const lines = await logOf([[0, response]], { ...options, until: 1, isColored: true })
    expect(lines.find((line) => line.includes('\u001b'))?.slice(10, 15)).toBe(`\u001b[${code}m`)
  })

  test('has every response in debug mode', async () => {
    const responses = [
      busy(),
      idle,
      instanceResponse('BUILD'),
      connection('no handshake'),
      unusable,
      otherJob,
    ].map((response, index) => [index, response] as const)
    const lines = await logOf(responses, { ...options, until: 6, isDebug: true })
    expect(lines.filter((line) => line.startsWith('debug: '))).toEqual([
      'debug: instance-1: Running 40%',
      'debug: instance-1: no job is running',
      'debug: instance-1: instance BUILD',
      'debug: instance-1: 192.168.0.10:3306: no handshake',
      'debug: instance-1: unusable, no job',
      'debug: instance-1: rejected, the response is about job job-2',
    ])
  })
})

describe('sub-tasks', () => {
  const BLANK = ' '.repeat(25)
  const task = (name: string, status: string, progress?: number, remaining?: number): SubTask => ({
    name: untrusted(name),
    status: untrusted(status),
    progress,
    remaining,
  })

  test('have a line each when their status or progress changes', () => {
    const ids = ['a', 'b'].map((value) => ({ value, text: untrusted(value) }))
    for (const [count, suffix] of [
      [1, ''],
      [2, ' · a'],
    ] as const) {
      const { log, lines } = logFor({ ids: ids.slice(0, count) })
      const [id = { value: '', text: untrusted('') }] = ids
      const { state } = judge(initialState(id), jobResponse('Running', { process: '40%' }), 0)
      const report = (...list: readonly SubTask[]) => {
        log.onResponse({ ...state, subTasks: { list, at: 0 } }, undefined, false)
      }
      report(task('Restore data', 'Running', 40, 300 * SECOND), task('Verify', 'Pending'))
      report(task('Restore data', 'Running', 40, 290 * SECOND), task('Verify', 'Pending'))
      report(task('Restore data', 'Completed', 100), task('Verify', 'Running', undefined, 10 * SECOND))
      expect(lines).toEqual([
        `      0s  ${BLANK}  sub-task Restore data: Running, 40%${suffix} · about 5m left`,
        `      0s  ${BLANK}  sub-task Verify: Pending${suffix}`,
        `      0s  ████████░░░░░░░░░░░░  40%  Running${suffix} · about 5m left`,
        `      0s  ${BLANK}  sub-task Restore data: Completed, 100%${suffix}`,
        `      0s  ${BLANK}  sub-task Verify: Running${suffix} · about 10s left`,
      ])
    }
  })
})

describe('the details', () => {
  function detailsOf(...results: Parameters<typeof printDetails>[0]) {
    const lines: string[] = []
    const print = (line: string) => {
      lines.push(line)
    }
    const printer = { info: print, startGroup: print, endGroup: () => lines.push('end') }
    printDetails(results, { ...EMPTY_OUTPUTS, message: 'a\n::error::b' }, 7, printer, noSecrets)
    return lines
  }

  test('are a group with the tally of each job and its instance, and the outputs', () => {
    const job = waitResult('job-2', [jobResponse('Running'), jobResponse('Failed')])
    const lines = detailsOf(instanceResult('job-1', [instanceResponse('FAILED')]), job)
    expect(lines.slice(0, 5)).toEqual([
      'Details',
      'Requests sent: 7',
      'job job-1: 1 request: 1 × Completed',
      'instance instance-1: 1 check: 1 × FAILED',
      'job job-2: 2 requests: 1 × Running, 1 × Failed',
    ])
    expect(lines.slice(5, -1)).toHaveLength(Object.keys(EMPTY_OUTPUTS).length)
    expect(lines).toContain('output message: a ::error::b')
    expect(lines.at(-1)).toBe('end')
  })

  test('name ten jobs and count the others', () => {
    const results = Array.from({ length: 12 }, (_, index) => waitResult(`j${index}`, []))
    const lines = detailsOf(...results)
    expect(lines.filter((line) => line.endsWith(': 0 requests completed'))).toHaveLength(10)
    expect(lines).toContain('and 2 more')
  })
})
