import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Database } from '../../simulator/database.ts'
import type { RecordedRequest } from '../../simulator/request.ts'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { pinned } from '../../tools/pinned.ts'

const FOLDER = import.meta.dirname
const ROOT = join(FOLDER, '..', '..')

/** Simulated seconds per real second. */
const SPEED = 10

/** A workflow that takes longer is stuck. */
const TIMEOUT_MS = 60_000

/**
 * Runs a workflow with act, which starts its steps on this machine, against a simulator at 10× speed. The workflow gets
 * the simulator's address as `vars.ENDPOINT`, and its credentials as the variables and secrets that the README uses.
 *
 * @param workflow a file in this folder, or a text
 * @param inputsFor creates the jobs that the workflow waits for, and returns the workflow's inputs
 * @param given additional variables and secrets, and the environment of the programs in bin/
 */
export async function runWorkflow(
  workflow: string | WorkflowText,
  inputsFor: (simulator: Simulator) => Readonly<Record<string, string>>,
  given: Given = {},
): Promise<WorkflowRun> {
  const simulator = await startSimulator({
    speed: SPEED,
    hasFastClients: given.isFast === true,
    ...(given.region !== undefined && { region: given.region }),
    ...(given.database && { database: given.database }),
  })
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
  /** The database port of all instances. */
  readonly database?: Database
  /** Whether time passes as fast for the action as for the simulator, because the action measures a minute itself. */
  readonly isFast?: boolean
  /** The region of the simulator, whose project IAM knows by this name. */
  readonly region?: string
  /** Whether the steps run on an ECS, whose metadata service is that of the simulator. */
  readonly isEcs?: boolean
}

export interface WorkflowRun {
  readonly exitCode: number
  /** By ID, with a number as a suffix for the jobs of a matrix. Skipped jobs are missing. */
  readonly jobs: Readonly<Record<string, JobRun>>
  /** The requests that the simulator received. */
  readonly requests: readonly RecordedRequest[]
}

export interface JobRun {
  result: 'success' | 'failure' | undefined
  /** The steps by name, in the order in which they started. Skipped steps are missing. */
  readonly steps: Record<string, StepRun>
}

export interface StepRun {
  result: 'success' | 'failure' | undefined
  readonly outputs: Record<string, string>
  /** The output of its process, without workflow commands. When a step fails, act sometimes loses the end of it. */
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
    // GitHub sets these only for jobs with `id-token: write`. act does not, so every job gets them here.
    ...pairs('--env', { ...simulator.oidc.env, ...preloads(simulator, given), ...given.env }),
    ...pairs('--input', inputs),
  ]
  const child = spawn(pinned('act'), args, {
    cwd: ROOT,
    // Steps inherit these. act copies the work tree into its cache below HOME, so HOME must be outside the work tree.
    env: {
      PATH: [join(FOLDER, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: home,
      SIMULATOR_ENDPOINT: simulator.endpoint,
      SIMULATOR_PROJECT_ID: simulator.projectId,
      SIMULATOR_TOKEN: simulator.token,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Sends SIGTERM, on which act also stops its steps.
    timeout: TIMEOUT_MS,
  })
  let log = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  rmSync(home, { recursive: true, force: true })
  if (child.killed || exitCode === null || !log.includes('"jobResult"')) {
    throw new Error(`act did not finish ${file}:\n${log}${errors}`)
  }
  return { exitCode, log }
}

/** The environment that changes the time of the action, or where it finds the metadata service. */
function preloads({ port }: Simulator, { isFast, isEcs }: Given): Readonly<Record<string, string>> {
  const modules = [
    ...(isFast === true ? ['fast-time.ts'] : []),
    ...(isEcs === true ? ['metadata-address.ts'] : []),
  ]
  const options = modules.map((file) => `--import=${pathToFileURL(join(ROOT, 'simulator', file)).href}`)
  return options.length === 0
    ? {}
    : { FAST_TIME: String(SPEED), METADATA_PORT: String(port), NODE_OPTIONS: options.join(' ') }
}

function pairs(option: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`])
}

/** A line of act's log, with the fields that are used here. */
interface Line {
  readonly msg: string
  /** `workflow name/job`, padded with spaces. */
  readonly job?: string
  readonly jobResult?: 'success' | 'failure'
  readonly step?: string
  /** `Main` is the step itself. Undefined while act sets up and cleans up. */
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
