import { describe, expect, test } from '@jest/globals'
import { EMPTY_OUTPUTS } from '../../src/report/outputs.ts'
import { publish, type Report, type Toolkit } from '../../src/report/publish.ts'
import { noSecrets } from './text.ts'

/** How a report is published if the runner's files cannot be written. */

const completed: Report = {
  outputs: { ...EMPTY_OUTPUTS, result: 'completed' },
  annotation: undefined,
  notice: { title: 'The job completed', lines: [['Job a completed.']] },
  summary: '# The job completed',
}
const failed: Report = {
  outputs: { ...EMPTY_OUTPUTS, result: 'failed' },
  annotation: {
    title: 'The job failed',
    lines: [['Job a failed.']],
    nextSteps: ['Look at the task center.'],
  },
  summary: '# The job failed',
}

/** Publishes a report; returns whether the step succeeds, and everything that was printed. */
async function published(report: Report, options: { hasOutputFile?: boolean; summaryError?: Error } = {}) {
  const { hasOutputFile = true, summaryError } = options
  const printed: string[] = []
  const print = (kind: string) => (message: string | Error, properties?: { title?: string }) => {
    printed.push(`${kind} ${properties?.title ?? ''}: ${String(message)}`)
  }
  const summary = {
    addRaw: () => summary,
    write: () => (summaryError === undefined ? Promise.resolve(summary) : Promise.reject(summaryError)),
  }
  const toolkit = {
    error: print('error'),
    notice: print('notice'),
    warning: print('warning'),
    setOutput: () => undefined,
    summary: summary as unknown as Toolkit['summary'],
  }
  const env = hasOutputFile ? { GITHUB_OUTPUT: 'output' } : {}
  return { succeeded: await publish(report, { toolkit, env, secrets: noSecrets }), printed }
}

test('a completed job is a notice, and the step succeeds', async () => {
  expect(await published(completed)).toEqual({
    succeeded: true,
    printed: ['notice The job completed: Job a completed.'],
  })
})

describe('without the file for outputs, the step fails', () => {
  test('after a completed job, with an error instead of the notice', async () => {
    const { succeeded, printed } = await published(completed, { hasOutputFile: false })
    expect(succeeded).toBe(false)
    expect(printed).toEqual([
      expect.stringMatching(
        /^error Could not write the outputs: All jobs completed\.\nCould not write the outputs, .*GITHUB_OUTPUT is not set/,
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
  const { succeeded, printed } = await published(completed, { summaryError: new Error('disk full') })
  expect(succeeded).toBe(true)
  expect(printed[0]).toBe('warning : Could not write the job summary: “disk full”.')
})
