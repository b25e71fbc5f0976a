import { parseArgs } from 'node:util'
import { faults } from './faults.ts'
import { referenceExample } from './reference-example.ts'
import { isService, services } from './services.ts'
import { startSimulator } from './simulator.ts'

class UsageError extends Error {}

const SERVICES = Object.keys(services).join(', ')
const USAGE = `Usage: npm run simulator -- [options]

Starts a simulator of the jobs API, to try the action or a script against.

  --port PORT        The port, 0 to 65535; 0 is any free port. Default: 8480
  --speed NUMBER     Simulated seconds per real second. Default: 1
  --service SERVICE  The database service: ${SERVICES}. Default: taurusdb
  --faults           Lists the faults that it can produce, and exits
  --help             Prints this text, and exits`

try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8480' },
      speed: { type: 'string', default: '1' },
      service: { type: 'string', default: 'taurusdb' },
      faults: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) console.log(USAGE)
  else if (values.faults) listFaults()
  else await serve(values.port, Number(values.speed), values.service)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  const isUsageError = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS_')
  console.error(isUsageError ? `${message}\n\n${USAGE}` : `The simulator could not start: ${message}`)
  process.exitCode = 1
}

/** Starts a simulator and prints how to use it. It runs until the process ends. */
async function serve(portText: string, speed: number, service: string): Promise<void> {
  const port = Number(portText)
  if (!/^\d+$/.test(portText) || port > 65_535)
    throw new UsageError('--port must be a number from 0 to 65535')
  if (!(speed > 0))
    throw new UsageError('--speed must be a number above 0: simulated seconds per real second')
  if (!isService(service)) throw new UsageError(`--service must be one of ${SERVICES}`)
  const simulator = await startSimulator({ port, speed, service })
  const jobs = {
    'completes after about a minute': simulator.addJob(),
    'fails after about 30 seconds': simulator.addJob({
      runningMs: 25_000,
      outcome: 'Failed',
      failReason: 'The quota of vCPUs is used up.',
    }),
    'is not found for a minute, then completes after another': simulator.addJob({ notFoundMs: 60_000 }),
    ...(service === 'taurusdb' && {
      'has completed: the example of the API reference': referenceExample.jobId,
    }),
  }
  const url = `${simulator.endpoint}/v3/${simulator.projectId}`
  const token = `-H 'X-Auth-Token: ${simulator.token}'`
  const create = {
    name: 'my-database',
    simulate: { seconds: 30, not_found_seconds: 5, faults: ['502', 'cut-in-chunk', '429-retry-after'] },
  }
  const buy = { charge_info: { charge_mode: 'prePaid' }, simulate: { order_seconds: 20 } }

  console.log(`Simulated jobs API of ${service}. Time passes at ${speed}× speed. Press Ctrl+C to stop.

endpoint    ${simulator.endpoint}
project-id  ${simulator.projectId}

Use one of these credentials:
  token                  ${simulator.token}

  access-key-id          ${simulator.accessKey.id}
  secret-access-key      ${simulator.accessKey.secret}

  identity-provider-urn  ${simulator.oidc.providerUrn}
  agency-urn             ${simulator.oidc.agencyUrn}
  sts-endpoint           ${simulator.endpoint}
  with these variables, which GitHub sets for a job with the permission id-token: write:
${Object.entries(simulator.oidc.env)
  .map(([name, value]) => `    ${name}='${value}'`)
  .join('\n')}

Jobs (their simulated time starts now):
${Object.entries(jobs)
  .map(([description, id]) => `  ${id}  ${description}`)
  .join('\n')}

Get the status of a job:
  curl -i ${token} '${url}/jobs?id=${jobs['completes after about a minute']}'

Create an instance, and choose how its job behaves. Other fields of "simulate" are pending_seconds, fail, fail_reason,
outcome, omit, and override. To list the faults, run npm run simulator -- --faults.
  curl -i ${token} '${url}/instances' -d '${JSON.stringify(create)}'
`)
  if (service !== 'taurusdb') return
  console.log(`Buy a yearly or monthly instance. The response contains an order ID; the job starts 20 seconds later.
  curl -i ${token} '${url}/instances' -d '${JSON.stringify(buy)}'

List the jobs, including those of orders:
  curl -i ${token} '${url}/immediate-jobs?limit=10'
`)
}

function listFaults(): void {
  for (const [name, { description }] of Object.entries(faults)) {
    console.log(`${name.padEnd(26)} ${description}`)
  }
}
