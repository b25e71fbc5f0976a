import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readOutputs } from '../../simulator/runner.ts'
import { EMPTY_OUTPUTS } from '../../src/report/outputs.ts'
import { publish, type Report } from '../../src/report/publish.ts'
import { noSecrets } from './text.ts'

/** How a report is published if the runner's files cannot be written. */

const completed: Report = {
  outputs: { ...EMPTY_OUTPUTS, result: 'completed' },
  annotation: { title: 'The job completed', lines: [['Job a completed.']], nextSteps: '' },
  isSuccess: true,
  summary: '# The job completed',
}
const failed: Report = {
  outputs: { ...EMPTY_OUTPUTS, result: 'failed' },
  annotation: {
    title: 'The job failed',
    lines: [['Job a failed.']],
    nextSteps: 'Look at the task center.',
  },
  isSuccess: false,
  summary: '# The job failed',
}

const folder = mkdtempSync(join(tmpdir(), 'publish-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

interface Options {
  readonly hasOutputFile?: boolean
  readonly summaryFile?: string
  readonly reportSignal?: AbortSignal
}

/** Publishes a report; returns whether the step succeeds, and everything that was printed and written. */
async function published(report: Report, options: Options = {}) {
  const { hasOutputFile = true, reportSignal = new AbortController().signal } = options
  const [outputs, summary] = [join(folder, 'outputs'), join(folder, 'summary')]
  for (const file of [outputs, summary]) writeFileSync(file, '')
  const printed: string[] = []
  const print = (kind: string) => (message: string | Error, properties?: { title?: string }) => {
    printed.push(`${kind} ${properties?.title ?? ''}: ${String(message)}`)
  }
  const toolkit = { error: print('error'), notice: print('notice'), warning: print('warning') }
  const env = {
    ...(hasOutputFile ? { GITHUB_OUTPUT: outputs } : {}),
    GITHUB_STEP_SUMMARY: options.summaryFile ?? summary,
  }
  const succeeded = await publish(report, { toolkit, env, secrets: noSecrets, reportSignal })
  return { succeeded, printed, outputs: readOutputs(readFileSync(outputs, 'utf8')) }
}

test('a completed job is a notice, and the step succeeds', async () => {
  expect(await published(completed)).toEqual({
    succeeded: true,
    printed: ['notice The job completed: Job a completed.'],
    outputs: { ...EMPTY_OUTPUTS, result: 'completed' },
  })
})

describe('without the file for outputs, the step fails', () => {
  test('after a completed job, with an error instead of the notice', async () => {
    const { succeeded, printed } = await published(completed, { hasOutputFile: false })
    expect(succeeded).toBe(false)
    expect(printed).toEqual([
      expect.stringMatching(
        /^error Could not write the outputs: The wait ended successfully\.\nCould not write the outputs, .*GITHUB_OUTPUT is not set/,
      ),
    ])
  })

  test('after a failed job, with both reasons in one error', async () => {
    const { succeeded, printed } = await published(failed, { hasOutputFile: false })
    expect(succeeded).toBe(false)
    expect(printed).toEqual([
      expect.stringMatching(
        /^error The job failed: Job a failed\.\nCould not write the outputs, .*\nLook at the task center\.$/,
      ),
    ])
  })
})

test('a summary that cannot be written is a warning, and the step succeeds', async () => {
  const { succeeded, printed } = await published(completed, { summaryFile: join(folder, 'none', 'summary') })
  expect(succeeded).toBe(true)
  expect(printed).toEqual([
    expect.stringMatching(/^warning : Could not write the job summary: “.*ENOENT/),
    'notice The job completed: Job a completed.',
  ])
})

test('outputs of several lines are written as they are', async () => {
  const entities = 'a\nend-1\n\n=b<<c'
  const report = { ...completed, outputs: { ...EMPTY_OUTPUTS, entities } }
  expect((await published(report)).outputs).toMatchObject({ entities })
})

if (process.platform !== 'win32') {
  describe('a summary file that is a pipe', () => {
    const pipe = join(folder, 'pipe')
    beforeAll(() => {
      execFileSync('mkfifo', [pipe])
    })

    test('whose reader comes late and reads slowly is written completely', async () => {
      const summary = 'x'.repeat(300_000)
      const writing = published({ ...completed, summary }, { summaryFile: pipe })
      await sleep(120)
      const read = execFile('sh', ['-c', `(sleep 0.2; cat) < ${pipe} | wc -c`])
      const [count] = (await once(read.stdout ?? read, 'data')) as [string]
      expect(await writing).toMatchObject({ succeeded: true, printed: [expect.stringContaining('notice')] })
      expect(Number(count)).toBe(300_000)
    })

    test('without a reader is a warning when no time is left, and the step succeeds', async () => {
      const reportSignal = AbortSignal.timeout(100)
      const { succeeded, printed } = await published(completed, { summaryFile: pipe, reportSignal })
      expect(succeeded).toBe(true)
      expect(printed[0]).toMatch(/^warning : .*GITHUB_STEP_SUMMARY took too long/)
    })
  })
}
