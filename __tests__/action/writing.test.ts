import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runStep, type StepResult } from '../../simulator/runner.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { withCode } from './preload.ts'

/** The built action when it can't write what it has to say. */

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
        hiddenMs: 0,
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

/** Node refuses to write to a file, as an operating system would: root, as whom tests may run, is refused nothing. */
const failing = (file: string, code: string) =>
  withCode(`
    import fs from 'node:fs'
    const refuse = (real) => (path, ...rest) => {
      if (String(path) !== process.env.${file}) return real(path, ...rest)
      throw Object.assign(new Error('${code}: ' + path), { code: '${code}' })
    }
    fs.appendFileSync = refuse(fs.appendFileSync)
    const { appendFile } = fs.promises
    fs.promises.appendFile = async (...all) => refuse(appendFile)(...all)
  `)

const missing = (file: string) => ({ [file]: join(tmpdir(), 'no-such-folder', 'file') })
const full = (file: string) => ({ [file]: '/dev/full' })

describe('outputs that can’t be written make the step red:', () => {
  test.each([
    ['no file is named', { GITHUB_OUTPUT: undefined }],
    ['the name is empty', { GITHUB_OUTPUT: '' }],
    ['the file is missing', missing('GITHUB_OUTPUT')],
    ['the file may not be written', failing('GITHUB_OUTPUT', 'EACCES')],
    ['the disk is full', failing('GITHUB_OUTPUT', 'ENOSPC')],
  ])('%s', async (_why, env) => {
    const result = await run('Completed', env)
    expect(result.exitCode).toBe(1)
    expect(lines(result, 'error')).toEqual([
      expect.stringMatching(
        /title=The outputs could not be written::.*later steps would act on nothing: “.+”/,
      ),
    ])
    expect(lines(result, 'notice')).toEqual([])
    expect(result.log).not.toContain('::set-output')
    expect(result.summary).not.toBe('')
  })

  test('and a job that failed is told as well, in the one annotation', async () => {
    const result = await run('Failed', missing('GITHUB_OUTPUT'))
    expect(result.exitCode).toBe(1)
    expect(lines(result, 'error')).toEqual([
      expect.stringMatching(/title=The job failed::.*no quota.*act on nothing/),
    ])
  })
})

test('a lost summary does not change the exit code of a job that failed', async () => {
  const { exitCode } = await run('Failed', missing('GITHUB_STEP_SUMMARY'))
  expect(exitCode).toBe(1)
})

if (process.platform !== 'win32') {
  test('a file system that hangs does not keep the step from ending, red', async () => {
    execFileSync('mkfifo', [join(folder, 'fifo')])
    const { exitCode, milliseconds } = await run('Completed', { GITHUB_STEP_SUMMARY: join(folder, 'fifo') })
    expect(exitCode).not.toBe(0)
    expect(milliseconds).toBeLessThan(4_000)
  })
}

describe('a summary that can’t be written is one warning:', () => {
  test.each([
    ['no file is named', { GITHUB_STEP_SUMMARY: undefined }],
    ['the file is missing', missing('GITHUB_STEP_SUMMARY')],
    ['the file may not be written', failing('GITHUB_STEP_SUMMARY', 'EACCES')],
    ['the disk is full', failing('GITHUB_STEP_SUMMARY', 'ENOSPC')],
  ])('%s', async (_why, env) => {
    const result = await run('Completed', env)
    expect(result.exitCode).toBe(0)
    expect(lines(result, 'warning')).toEqual([
      expect.stringContaining('The job summary could not be written'),
    ])
    expect(lines(result, 'error')).toEqual([])
    expect(result.outputs['result']).toBe('completed')
  })
})

if (process.platform === 'linux') {
  describe('a real full disk', () => {
    test('makes lost outputs red', async () => {
      const result = await run('Completed', full('GITHUB_OUTPUT'))
      expect(result.exitCode).toBe(1)
      expect(lines(result, 'error')).toEqual([expect.stringContaining('ENOSPC')])
    })

    test('makes a lost summary a warning', async () => {
      const result = await run('Completed', full('GITHUB_STEP_SUMMARY'))
      expect(result.exitCode).toBe(0)
      expect(lines(result, 'warning')).toEqual([expect.stringContaining('ENOSPC')])
    })
  })
}

test('what stands in the files already stays', async () => {
  const [outputs, summary] = [join(folder, 'outputs'), join(folder, 'summary')]
  writeFileSync(outputs, 'before=1\n')
  writeFileSync(summary, '# before\n')
  chmodSync(outputs, 0o600)
  const { exitCode } = await run('Completed', { GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary })
  expect(exitCode).toBe(0)
  expect(readFileSync(outputs, 'utf8')).toMatch(/^before=1\n[^]*result<</)
  expect(readFileSync(summary, 'utf8')).toMatch(/^# before\n### ✅/)
})
