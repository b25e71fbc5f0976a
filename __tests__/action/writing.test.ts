import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runStep, type StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { withCode } from './preload.ts'
import { annotation } from './step.ts'

/** The built action when it cannot write its outputs or its summary. */

let simulator: Simulator
let folder: string

beforeAll(async () => {
  simulator = await startSimulator()
  folder = mkdtempSync(join(tmpdir(), 'writing-'))
})
afterAll(async () => {
  await simulator.close()
  rmSync(folder, { recursive: true })
})

function run(outcome: 'Completed' | 'Failed', env: Record<string, string | undefined>): Promise<StepResult> {
  return runStep({
    with: {
      endpoint: simulator.endpoint,
      'project-id': simulator.projectId,
      token: simulator.token,
      'job-id': simulator.addJob({
        notFoundMs: 0,
        pendingMs: 0,
        runningMs: 0,
        outcome,
        failReason: 'no quota',
      }),
    },
    env,
  })
}

function lines({ log }: StepResult, level: string): string[] {
  return log.split('\n').filter((line) => line.startsWith(`::${level}`))
}

/** Makes Node.js fail to write a file like an operating system does, which never happens to root, the user of some test runs. */
const failing = (file: string, code: string) =>
  withCode(`
    import fs from 'node:fs'
    const { open } = fs.promises
    fs.promises.open = async (path, ...rest) => {
      if (String(path) !== process.env.${file}) return open(path, ...rest)
      throw Object.assign(new Error('${code}: ' + path), { code: '${code}' })
    }
  `)

const missing = (file: string) => ({ [file]: join(tmpdir(), 'no-such-folder', 'file') })
const full = (file: string) => ({ [file]: '/dev/full' })

describe('the step fails if it cannot write the outputs:', () => {
  test.each([
    ['GITHUB_OUTPUT is not set', { GITHUB_OUTPUT: undefined }],
    ['GITHUB_OUTPUT is empty', { GITHUB_OUTPUT: '' }],
    ['the folder of the file is missing', missing('GITHUB_OUTPUT')],
    ['writing the file is not permitted', failing('GITHUB_OUTPUT', 'EACCES')],
    ['the disk is full', failing('GITHUB_OUTPUT', 'ENOSPC')],
  ])('%s', async (_name, env) => {
    const result = await run('Completed', env)
    expect(result.exitCode).toBe(1)
    expect(lines(result, 'error')).toEqual([
      expect.stringMatching(/title=Could not write the outputs::.*later steps would read empty values: “.+”/),
    ])
    expect(lines(result, 'notice')).toEqual([])
    expect(result.log).not.toContain('::set-output')
    expect(result.summary).not.toBe('')
    expect(simulator.requests).toEqual([])
    expect(annotation(result)).toMatch(/No request was sent\..*container\.options to --user/)
  })
})

test('the step fails after a failed job even if it cannot write the summary', async () => {
  const { exitCode } = await run('Failed', missing('GITHUB_STEP_SUMMARY'))
  expect(exitCode).toBe(1)
})

if (process.platform !== 'win32') {
  test('the step succeeds with one warning if nothing ever reads the summary', async () => {
    execFileSync('mkfifo', [join(folder, 'fifo')])
    const result = await run('Completed', { GITHUB_STEP_SUMMARY: join(folder, 'fifo') })
    expect(result.exitCode).toBe(0)
    expect(lines(result, 'warning')).toEqual([expect.stringContaining('took too long')])
    expect(result.outputs['result']).toBe('completed')
    expect(result.milliseconds).toBeLessThan(13_000)
  })
}

test('the step succeeds if each file operation takes 120 ms', async () => {
  const slow = withCode(`
    import fs from 'node:fs'
    const names = ['open', 'writeFile', 'appendFile', 'access', 'stat', 'readFile']
    for (const name of names) {
      const [real, realSync] = [fs.promises[name], fs[name + 'Sync']]
      fs.promises[name] = async (...args) => {
        await new Promise((resolve) => setTimeout(resolve, 120))
        return real(...args)
      }
      fs[name + 'Sync'] = (...args) => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120)
        return realSync(...args)
      }
    }
  `)
  const result = await run('Completed', slow)
  expect(result.exitCode).toBe(0)
  expect(lines(result, 'notice')).toHaveLength(1)
  expect(lines(result, 'warning')).toEqual([])
  expect(result.outputs['result']).toBe('completed')
  expect(result.summary).toContain('✅')
})

describe('the step succeeds with one warning if it cannot write the summary:', () => {
  test.each([
    ['GITHUB_STEP_SUMMARY is not set', { GITHUB_STEP_SUMMARY: undefined }],
    ['the folder of the file is missing', missing('GITHUB_STEP_SUMMARY')],
    ['writing the file is not permitted', failing('GITHUB_STEP_SUMMARY', 'EACCES')],
    ['the disk is full', failing('GITHUB_STEP_SUMMARY', 'ENOSPC')],
  ])('%s', async (_name, env) => {
    const result = await run('Completed', env)
    expect(result.exitCode).toBe(0)
    expect(lines(result, 'warning')).toEqual([expect.stringContaining('Could not write the job summary')])
    expect(lines(result, 'error')).toEqual([])
    expect(result.outputs['result']).toBe('completed')
  })
})

if (process.platform === 'linux') {
  describe('on a full disk', () => {
    test('the step fails if it cannot write the outputs', async () => {
      const result = await run('Completed', full('GITHUB_OUTPUT'))
      expect(result.exitCode).toBe(1)
      expect(lines(result, 'error')).toEqual([expect.stringMatching(/The wait ended successfully\..*ENOSPC/)])
    })

    test('the step fails with one annotation if the job failed, too', async () => {
      const result = await run('Failed', full('GITHUB_OUTPUT'))
      expect(result.exitCode).toBe(1)
      expect(lines(result, 'error')).toEqual([
        expect.stringMatching(/title=The job failed::.*no quota.*read empty values/),
      ])
    })

    test('the step succeeds with a warning if it cannot write the summary', async () => {
      const result = await run('Completed', full('GITHUB_STEP_SUMMARY'))
      expect(result.exitCode).toBe(0)
      expect(lines(result, 'warning')).toEqual([expect.stringContaining('ENOSPC')])
    })
  })
}

test('the existing content of the files is kept', async () => {
  const [outputs, summary] = [join(folder, 'outputs'), join(folder, 'summary')]
  writeFileSync(outputs, 'before=1\n')
  writeFileSync(summary, '# before\n')
  chmodSync(outputs, 0o600)
  const { exitCode } = await run('Completed', { GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary })
  expect(exitCode).toBe(0)
  expect(readFileSync(outputs, 'utf8')).toMatch(/^before=1\n[^]*result<</)
  expect(readFileSync(summary, 'utf8')).toMatch(/^# before\n### ✅/)
})
