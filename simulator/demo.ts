import { parseArgs } from 'node:util'
import type { JobWish } from './job.ts'
import { runStep } from './runner.ts'
import { startSimulator } from './simulator.ts'

/**
 * `npm run demo`: the built action waits for a create job of the simulator, whose five minutes pass in a few seconds.
 * - `--fail`: the job fails
 * - `--oidc`: without a stored secret; the action gets its keys with an id token, as on GitHub, and new ones before they
 *   end, which here is soon
 * - `--jobs 5`: as many jobs in one step
 * - `--order`: the purchase answered an order and no job id, and the job comes after a minute
 */
const { values: options } = parseArgs({
  options: {
    fail: { type: 'boolean', default: false },
    oidc: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '1' },
    order: { type: 'boolean', default: false },
  },
})
const count = Number(options.jobs)
if (!Number.isInteger(count) || count < 1 || count > 500) {
  console.error('--jobs must be a number from 1 to 500.')
  process.exit(2)
}

const simulator = await startSimulator({ speed: 25, oidc: { keySeconds: 150 } })
const failed: JobWish = {
  outcome: 'Failed',
  failReason: 'The quota of vCPUs is used up. Apply for a higher quota, or choose a smaller flavor.',
}
const ordered: JobWish = { orderId: 'CS2611250656ABCDE', hiddenMs: 60_000 }
const ids = Array.from({ length: count }, (_, index) =>
  simulator.addJob({
    instance: { id: `${'0'.repeat(28)}${String(index).padStart(4, '0')}in07`, name: `database-${index + 1}` },
    // From five minutes for the first down to two and a half for the last.
    runningMs: 290_000 - (150_000 * index) / count,
    ...(options.order ? ordered : {}),
    ...(options.fail && index === 0 ? failed : {}),
  }),
)

const what = count === 1 ? 'A create job of five minutes' : `${count} create jobs of two to five minutes`
console.log(`${what}, 25 times as fast. The step’s log:\n`)
const result = await runStep({
  with: {
    endpoint: simulator.endpoint,
    'project-id': simulator.projectId,
    ...(options.order ? { 'order-id': ordered.orderId ?? '' } : { 'job-id': ids.join(',') }),
    'poll-interval': '1s',
    ...(options.oidc
      ? {
          'identity-provider-urn': simulator.oidc.providerUrn,
          'agency-urn': simulator.oidc.agencyUrn,
          'sts-endpoint': simulator.endpoint,
        }
      : { token: simulator.token }),
  },
  env: {
    ...(process.stdout.isTTY && { GITHUB_ACTIONS: 'true', NO_COLOR: process.env['NO_COLOR'] }),
    ...(options.oidc && simulator.oidc.env),
  },
  onLine: show,
})
await simulator.close()

if (options.oidc) {
  console.log(
    '\nWhat was asked of GitHub and of the Security Token Service, between the questions for the job:\n',
  )
  const places = simulator.requests.map(({ method, path }) => `${method} ${path}`)
  for (const place of places.filter((each) => !each.endsWith('/jobs'))) console.log(`  ${place}`)
}
if (count > 1 || options.order) {
  const paths = simulator.requests.map(({ path }) => path)
  const lists = paths.filter((path) => path.endsWith('/immediate-jobs')).length
  console.log(`\nThe service was asked ${paths.length} times, ${lists} of them for its list of jobs.`)
}
console.log(
  `\nThe step is ${result.exitCode === 0 ? 'green' : 'red'} (exit code ${result.exitCode}). Its outputs:\n`,
)
for (const [name, value] of Object.entries(result.outputs)) console.log(`  ${name}: ${value}`)
console.log('\nIts job summary, as Markdown:\n')
console.log(result.summary.replace(/^/gm, '  '))

process.exitCode = result.exitCode ?? 1

/** As the runner shows a line: masks are hidden, annotations and groups read as text. */
function show(line: string): void {
  if (/^::(add-mask|endgroup)::/.test(line)) return
  const [, level, title, message] = /^::(error|notice|warning)(?: title=(.*?))?::(.*)$/.exec(line) ?? []
  console.log(
    `  ${level === undefined ? line.replace('::group::', '▾ ') : `${level}: ${title ?? ''}: ${message ?? ''}`}`.replaceAll(
      '%0A',
      '\n    ',
    ),
  )
}
