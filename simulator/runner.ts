import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The built action, the `main` of action.yml. */
const ACTION = join(import.meta.dirname, '..', 'dist', 'index.js')

/**
 * The variables that every process needs: on Windows, Node cannot generate random numbers without SystemRoot. If a folder
 * for compiled code is set, starts take less time.
 */
const SYSTEM = {
  PATH: process.env['PATH'],
  SystemRoot: process.env['SystemRoot'],
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
}

export interface Step {
  /** Inputs, by their names in action.yml. */
  readonly with: Readonly<Record<string, string>>
  /** Additional environment variables. Undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /**
   * Seconds that pass for the action in one real second, 1 by default. Network connections take real time, and Node's own
   * timeouts do, too.
   */
  readonly speed?: number
  /**
   * The port of a simulator that the action reaches at 169.254.169.254:80, the address of the metadata service of an ECS.
   * By default, the connection is real.
   */
  readonly metadataPort?: number
  /** Called with each line of the log as it is written. */
  readonly onLine?: (line: string) => void
  /** Called with the process when it starts, for example to send it signals. */
  readonly onStart?: (child: ChildProcess) => void
}

export interface StepResult {
  /** Null when a signal terminated the process. */
  readonly exitCode: number | null
  /** stdout and stderr, in the order in which they were received. */
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly milliseconds: number
}

/** Runs `dist/index.js` as the runner runs a step: inputs are variables, outputs and the summary are files. */
export async function runStep(step: Step): Promise<StepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'step-'))
  const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') }
  for (const file of Object.values(files)) writeFileSync(file, '')
  const start = performance.now()
  const child = spawn(process.execPath, [ACTION], {
    env: { ...SYSTEM, ...files, ...inputVariables(step.with), ...step.env, ...preloadVariables(step) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  step.onStart?.(child)
  let log = ''
  let rest = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) step.onLine?.(line)
    })
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  const milliseconds = performance.now() - start
  const result = {
    exitCode,
    log,
    outputs: readOutputs(readFileSync(files.GITHUB_OUTPUT, 'utf8')),
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
    milliseconds,
  }
  rmSync(folder, { recursive: true })
  return result
}

/**
 * Reads a file of outputs as the runner does: `name=value`, or `name<<END` followed by lines and `END`. The last value
 * of a name wins. Source: FileCommandManager.cs in actions/runner.
 */
export function readOutputs(file: string): Record<string, string> {
  const outputs: [string, string][] = []
  const lines = file.split('\n')
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line === '') continue
    const [, name = '', operator, value = ''] = /^(.*?)(=|<<)(.*)$/.exec(line) ?? []
    if (operator === undefined) throw new Error(`the line contains neither a value nor a delimiter: ${line}`)
    if (operator === '=') {
      outputs.push([name, value])
      continue
    }
    const end = lines.indexOf(value)
    if (end < 0) throw new Error(`the end delimiter of ${name} is missing`)
    outputs.push([name, lines.splice(0, end).join('\n')])
    lines.shift()
  }
  return Object.fromEntries(outputs)
}

/** Makes the process load what `speed` and `metadataPort` need, before what the step preloads itself. */
function preloadVariables({ speed, metadataPort, env = {} }: Step): Record<string, string> {
  const preloads = [
    { file: 'fast-time.ts', variable: 'FAST_TIME', value: speed },
    { file: 'metadata-address.ts', variable: 'METADATA_PORT', value: metadataPort },
  ].filter(({ value }) => value !== undefined)
  if (preloads.length === 0) return {}
  const options = preloads.map(({ file }) => `--import=${new URL(file, import.meta.url).href}`)
  return {
    ...Object.fromEntries(preloads.map(({ variable, value }) => [variable, String(value)])),
    NODE_OPTIONS: [...options, env['NODE_OPTIONS'] ?? ''].join(' '),
  }
}

/** The runner passes `job-id` as `INPUT_JOB-ID`: in upper case, with its hyphen. */
function inputVariables(inputs: Step['with']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  )
}
