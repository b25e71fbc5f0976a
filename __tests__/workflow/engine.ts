import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { RecordedRequest } from '../../simulator/request.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { pinned } from '../../tools/pinned.ts'

const FOLDER = import.meta.dirname
const ROOT = join(FOLDER, '..', '..')

/** A workflow that has not ended by then never will. */
const LONGEST = 60_000

/**
 * Runs a workflow, a file of this folder or a text, in act, which starts its steps on this machine, against a simulator
 * ten times as fast, and tells what act saw. To the workflow, the simulator is `vars.ENDPOINT`, and its credentials are
 * the variables and secrets that the README names.
 *
 * @param inputsFor makes the jobs that the workflow waits for, and its inputs
 * @param given more variables and secrets, and the environment of the programs in bin/
 */
export async function runWorkflow(
  workflow: string | WorkflowText,
  inputsFor: (simulator: Simulator) => Readonly<Record<string, string>>,
  given: Given = {},
): Promise<WorkflowRun> {
  const simulator = await startSimulator({ speed: 10 })
  try {
    const { exitCode, log } = await act(workflow, simulator, inputsFor(simulator), given)
    return { exitCode, jobs: jobsOf(log), requests: simulator.requests }
  } finally {
    await simulator.close()
  }
}

export interface WorkflowText {
  readonly text: string
}

export interface Given {
  readonly vars?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

export interface WorkflowRun {
  readonly exitCode: number
  /** By id, with a number behind it when a matrix makes several. A job that was skipped is not there. */
  readonly jobs: Readonly<Record<string, JobRun>>
  /** What the simulator was asked. */
  readonly requests: readonly RecordedRequest[]
}

export interface JobRun {
  result: 'success' | 'failure' | undefined
  /** Those that ran, by name, in the order in which they began; nothing is there of one that was skipped. */
  readonly steps: Record<string, StepRun>
}

export interface StepRun {
  result: 'success' | 'failure' | undefined
  readonly outputs: Record<string, string>
  /** What its process printed, without commands. Of a step that fails, act sometimes loses the last of it. */
  prints: string
}

async function act(
  workflow: string | WorkflowText,
  simulator: Simulator,
  inputs: Readonly<Record<string, string>>,
  given: Given,
): Promise<{ readonly exitCode: number; readonly log: string }> {
  const home = mkdtempSync(join(tmpdir(), 'act-'))
  const file = typeof workflow === 'string' ? join(FOLDER, workflow) : join(home, 'workflow.yml')
  if (typeof workflow !== 'string') writeFileSync(file, workflow.text)
  const args = [
    'workflow_dispatch',
    ...['--workflows', file],
    ...['ubuntu-latest', 'self-hosted'].flatMap((label) => ['--platform', `${label}=-self-hosted`]),
    ...['--json', '--no-cache-server'],
    ...pairs('--var', {
      ENDPOINT: simulator.endpoint,
      HUAWEI_CLOUD_PROJECT_ID: simulator.projectId,
      HUAWEI_CLOUD_IDENTITY_PROVIDER_URN: simulator.oidc.providerUrn,
      HUAWEI_CLOUD_AGENCY_URN: simulator.oidc.agencyUrn,
      ...given.vars,
    }),
    ...pairs('--secret', {
      HUAWEI_CLOUD_TOKEN: simulator.token,
      HUAWEI_CLOUD_ACCESS_KEY_ID: simulator.accessKey.id,
      HUAWEI_CLOUD_SECRET_ACCESS_KEY: simulator.accessKey.secret,
      ...given.secrets,
    }),
    // As GitHub sets them for a job that may write id tokens, whatever its permissions: act does not know them.
    ...pairs('--env', { ...simulator.oidc.env, ...given.env }),
    ...pairs('--input', inputs),
  ]
  const child = spawn(pinned('act'), args, {
    cwd: ROOT,
    // Steps see these, too. act copies the work tree to below its cache, so that the cache must not be in the work tree.
    env: {
      PATH: [join(FOLDER, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: home,
      SIMULATOR_ENDPOINT: simulator.endpoint,
      SIMULATOR_PROJECT_ID: simulator.projectId,
      SIMULATOR_TOKEN: simulator.token,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // By SIGTERM, with which act ends its steps, too.
    timeout: LONGEST,
  })
  let log = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  rmSync(home, { recursive: true, force: true })
  if (child.killed || exitCode === null || !log.includes('"jobResult"')) {
    throw new Error(`act did not get through ${file}:\n${log}${complaints}`)
  }
  return { exitCode, log }
}

function pairs(option: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`])
}

/** A line of act's log, as far as it counts here. */
interface Line {
  readonly msg: string
  /** `name of the workflow/job`, filled up with spaces */
  readonly job?: string
  readonly jobResult?: 'success' | 'failure'
  readonly step?: string
  /** `Main` is the step itself; not there where act sets up and cleans up. */
  readonly stage?: 'Pre' | 'Main' | 'Post'
  readonly stepResult?: 'success' | 'failure'
  readonly raw_output?: boolean
  readonly command?: string
  readonly name?: string
  readonly arg?: string
}

function jobsOf(log: string): Record<string, JobRun> {
  const jobs: Record<string, JobRun> = {}
  for (const text of log.split('\n').filter((line) => line.startsWith('{'))) {
    const line = JSON.parse(text) as Line
    if (line.job === undefined) continue
    const job = (jobs[line.job.split('/').at(-1)?.trim() ?? ''] ??= { result: undefined, steps: {} })
    job.result = line.jobResult ?? job.result
    if (line.step === undefined || line.stage !== 'Main') continue
    const step = (job.steps[line.step] ??= { result: undefined, outputs: {}, prints: '' })
    step.result = line.stepResult ?? step.result
    if (line.raw_output === true) step.prints += line.msg
    if (line.command === 'set-output') step.outputs[line.name ?? ''] = line.arg ?? ''
  }
  return jobs
}
