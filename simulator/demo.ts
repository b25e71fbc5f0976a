import { parseArgs } from 'node:util'
import { runStep } from './runner.ts'
import { startSimulator } from './simulator.ts'

/**
 * `npm run demo`: the built action waits for a create job of the simulator, whose five minutes pass in a few seconds.
 * With --fail the job fails. With --oidc there is no stored secret: the action gets its keys with an id token, as on
 * GitHub, and new ones before they end, which here is soon.
 */
const { values: options } = parseArgs({
  options: { fail: { type: 'boolean', default: false }, oidc: { type: 'boolean', default: false } },
})

const simulator = await startSimulator({ speed: 25, oidc: { keySeconds: 150 } })
const job = simulator.addJob({
  runningMs: 290_000,
  ...(options.fail
    ? {
        outcome: 'Failed',
        failReason: 'The quota of vCPUs is used up. Apply for a higher quota, or choose a smaller flavor.',
      }
    : {}),
})

console.log('A create job of five minutes, 25 times as fast. The step’s log:\n')
const result = await runStep({
  with: {
    endpoint: simulator.endpoint,
    'project-id': simulator.projectId,
    'job-id': job,
    'poll-interval': '1s',
    ...(options.oidc
      ? {
          'identity-provider-urn': simulator.oidc.providerUrn,
          'agency-urn': simulator.oidc.agencyUrn,
          'sts-endpoint': simulator.endpoint,
        }
      : { token: simulator.token }),
  },
  env: options.oidc ? simulator.oidc.env : {},
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
console.log(
  `\nThe step is ${result.exitCode === 0 ? 'green' : 'red'} (exit code ${result.exitCode}). Its outputs:\n`,
)
for (const [name, value] of Object.entries(result.outputs)) console.log(`  ${name}: ${value}`)
console.log('\nIts job summary, as Markdown:\n')
console.log(result.summary.replace(/^/gm, '  '))

process.exitCode = result.exitCode ?? 1

/** As the runner shows a line: masks are hidden, annotations read as text. */
function show(line: string): void {
  if (line.startsWith('::add-mask::')) return
  const [, level, title, message] = /^::(error|warning)(?: title=(.*?))?::(.*)$/.exec(line) ?? []
  console.log(
    `  ${level === undefined ? line : `${level}: ${title ?? ''}: ${message ?? ''}`}`.replaceAll(
      '%0A',
      '\n    ',
    ),
  )
}
