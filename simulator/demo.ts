import { parseArgs } from 'node:util'
import { startDatabase, type DatabasePhase } from './database.ts'
import type { JobOptions } from './job.ts'
import { runStep } from './runner.ts'
import { startSimulator } from './simulator.ts'

/**
 * `npm run demo`: the built action waits for a create job of the simulator. The job takes five minutes of simulated
 * time, which pass in a few seconds.
 * - `--fail`: the job fails
 * - `--oidc`: uses no stored secret; the action gets temporary keys with an ID token, as on GitHub. The keys expire
 *   soon, so that the action renews them
 * - `--jobs 5`: one step waits for several jobs
 * - `--order`: the purchase returned an order ID instead of a job ID, and the job appears after a minute
 * - `--ecs`: uses no stored secret, and no project ID; the action gets temporary keys from the metadata service of the ECS
 *   on which it runs, and looks up the project in IAM
 * - `--ready`: waits until the database accepts connections. The clock of the action runs as fast as the simulator, so that
 *   the minutes of this wait pass in seconds, too
 * - `--restore`: the job is a restore of half an hour, whose sub-tasks the action shows. Its clock runs fast, too
 */
const { values: options } = parseArgs({
  options: {
    fail: { type: 'boolean', default: false },
    oidc: { type: 'boolean', default: false },
    ecs: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '1' },
    order: { type: 'boolean', default: false },
    ready: { type: 'boolean', default: false },
    restore: { type: 'boolean', default: false },
  },
})
const count = Number(options.jobs)
if (!Number.isInteger(count) || count < 1 || count > 500) {
  console.error('--jobs must be a number from 1 to 500.')
  process.exit(2)
}

const isFast = options.ready || options.restore
const SPEED = options.restore ? 120 : 25
const database = options.ready ? await startDatabase() : undefined
const simulator = await startSimulator({
  speed: SPEED,
  hasFastClients: isFast,
  oidc: { keySeconds: 150 },
  ecs: { sessionTokens: 'required', keySeconds: 300, renewSeconds: 120 },
  ...(database && { database }),
})
/** What the port does when the job has ended, in milliseconds: the instance is available after about three minutes. */
const starting: readonly DatabasePhase[] = [
  { behavior: 'refused', ms: 200_000 },
  { behavior: 'silent', ms: 10_000 },
  { behavior: 'error-1040', ms: 10_000 },
  { behavior: 'handshake' },
]
const failed: JobOptions = {
  outcome: 'Failed',
  failReason: 'The quota of vCPUs is used up. Apply for a higher quota, or choose a smaller flavor.',
}
const CREDENTIALS_APIS = ['id-token', 'sts', 'ecs-token', 'ecs-keys', 'iam']
const orderId = 'CS2611250656ABCDE'
const ids = Array.from({ length: count }, (_, index) =>
  simulator.addJob({
    instance: { id: `${'0'.repeat(28)}${String(index).padStart(4, '0')}in07`, name: `database-${index + 1}` },
    // The first job takes five minutes or half an hour, the last one about half as long.
    runningMs: (options.restore ? 1_790_000 : 290_000) * (1 - index / count / 2),
    ...(options.restore && { name: 'RestoreTaurusInInstanceToExisted' }),
    ...(options.order && { orderId, notFoundMs: 60_000 }),
    ...(options.ready && { database: starting }),
    ...(options.fail && index === 0 && failed),
  }),
)

const time = options.restore ? 'half an hour' : 'five minutes'
const kind = options.restore ? 'restore' : 'create'
const jobs = count === 1 ? `a ${kind} job of ${time}` : `${count} ${kind} jobs of up to ${time}`
console.log(`Waiting for ${jobs} in a simulator that runs at ${SPEED}× speed. Log of the step:\n`)
const result = await runStep({
  with: {
    endpoint: simulator.endpoint,
    ...(options.ecs
      ? { region: simulator.region, 'iam-endpoint': simulator.endpoint }
      : { 'project-id': simulator.projectId }),
    ...(options.order ? { 'order-id': orderId } : { 'job-id': ids.join(',') }),
    ...(options.ready && { 'wait-until': 'connectable' }),
    ...(!isFast && { 'poll-interval': '1s' }),
    ...credentials(),
  },
  ...(isFast && { speed: SPEED }),
  ...(options.ecs && { metadataPort: simulator.port }),
  env: {
    ...(process.stdout.isTTY && { GITHUB_ACTIONS: 'true', NO_COLOR: process.env['NO_COLOR'] }),
    ...(options.oidc && simulator.oidc.env),
  },
  onLine: printLogLine,
})
await simulator.close()
await database?.close()

const paths = simulator.requests.map(({ path }) => path)
if (options.oidc || options.ecs) {
  const others = simulator.requests.filter(({ api }) => CREDENTIALS_APIS.includes(api))
  console.log('\nRequests for credentials, and for the project:\n')
  for (const { method, path } of others) console.log(`  ${method} ${path}`)
}
if (count > 1 || options.order) {
  const lists = paths.filter((path) => path.endsWith('/immediate-jobs')).length
  console.log(`\nThe service received ${paths.length} requests, ${lists} of them for the job list.`)
}
const verb = result.exitCode === 0 ? 'succeeded' : 'failed'
console.log(`\nThe step ${verb} (exit code ${result.exitCode}). Outputs:\n`)
for (const [name, value] of Object.entries(result.outputs)) console.log(`  ${name}: ${value}`)
console.log('\nJob summary (Markdown):\n')
console.log(result.summary.replace(/^/gm, '  '))

process.exitCode = result.exitCode ?? 1

function credentials(): Record<string, string> {
  if (options.ecs) return { 'use-ecs-agency': 'true' }
  if (!options.oidc) return { token: simulator.token }
  return {
    'identity-provider-urn': simulator.oidc.providerUrn,
    'agency-urn': simulator.oidc.agencyUrn,
    'sts-endpoint': simulator.endpoint,
  }
}

/** Prints a line as the runner shows it: without masks, and with annotations and groups as text. */
function printLogLine(line: string): void {
  if (/^::(add-mask|endgroup)::/.test(line)) return
  const [, level, title = '', message = ''] =
    /^::(error|notice|warning)(?: title=(.*?))?::(.*)$/.exec(line) ?? []
  const text = level === undefined ? line.replace('::group::', '▾ ') : `${level}: ${title}: ${message}`
  console.log(`  ${text.replaceAll('%0A', '\n    ')}`)
}
