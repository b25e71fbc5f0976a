import { describe, expect, test } from '@jest/globals'
import type { JobResponse } from '../../src/response.ts'
import { Log } from '../../src/report/log.ts'
import { initialState, judge, type WaitState } from '../../src/judge/judge.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { jobResponse, notFoundYet, transient } from './responses.ts'
import { untrusted } from './text.ts'

const SECOND = 1_000

/** The lines of a log that receives these responses, up to a second. */
async function logOf(
  responses: readonly (readonly [seconds: number, response: JobResponse, id?: string])[],
  { until = 0, isDebug = false, isColored = false, ids = ['job-1'] } = {},
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
  const log = new Log(
    { kind: 'job', ids: jobs, until: 'completed', connectTo: undefined },
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
  const states = new Map<string, WaitState>(jobs.map((id) => [id.value, initialState(id)]))
  for (const [seconds, response, id = 'job-1'] of responses) {
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
    const lines: string[] = []
    const clock = new VirtualClock()
    const print = (line: string) => {
      lines.push(line)
    }
    const order = { value: 'CS1', text: untrusted('CS1') }
    const log = new Log(
      { kind: 'order', ids: [order], until: 'completed', connectTo: undefined },
      {
        info: print,
        debug: print,
        isDebug: () => false,
        warning: () => undefined,
        startGroup: print,
        endGroup: () => undefined,
      },
      clock,
      false,
    )
    log.onStart(untrusted('https://host'), 60 * SECOND, 'token')
    const { state } = judge(initialState(order, 'order'), notFoundYet, 0)
    log.onResponse(state, 5 * SECOND, false)
    const jobs = Array.from({ length: 12 }, (_, index) => ({
      value: `j${index}`,
      text: untrusted(`j${index}`),
    }))
    log.onJobsFound(order, jobs)
    expect(lines).toEqual([
      'Waiting up to 1m for order CS1 at https://host',
      'Credentials: token.',
      '      0s  ░░░░░░░░░░░░░░░░░░░░       no job yet · next poll in 5s',
      '      0s  jobs of the order: j0, j1, j2, j3, j4, j5, j6, j7, j8, j9, and 2 more',
    ])
    await clock.run(Promise.resolve())
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
