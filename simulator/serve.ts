import { parseArgs } from 'node:util'
import { databaseBehaviors, startDatabase } from './database.ts'
import { faults } from './faults.ts'
import { newInstanceId } from './job.ts'
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
  --database-port PORT
                     The port of the simulated database. Default: any free port
  --faults           Lists the faults and the behaviors of the database port, and exits
  --help             Prints this text, and exits`

try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8480' },
      speed: { type: 'string', default: '1' },
      service: { type: 'string', default: 'taurusdb' },
      'database-port': { type: 'string', default: '0' },
      faults: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) console.log(USAGE)
  else if (values.faults) listFaults()
  else await serve(values.port, Number(values.speed), values.service, values['database-port'])
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  const isUsageError = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS_')
  console.error(isUsageError ? `${message}\n\n${USAGE}` : `The simulator could not start: ${message}`)
  process.exitCode = 1
}

/** Starts a simulator and prints how to use it. It runs until the process ends. */
async function serve(
  portText: string,
  speed: number,
  service: string,
  databasePortText: string,
): Promise<void> {
  const port = parsePort('--port', portText)
  const databasePort = parsePort('--database-port', databasePortText)
  if (!(speed > 0))
    throw new UsageError('--speed must be a number above 0: simulated seconds per real second')
  if (!isService(service)) throw new UsageError(`--service must be one of ${SERVICES}`)
  const database = await startDatabase({ port: databasePort })
  const simulator = await startSimulator({ port, speed, service, database }).catch(async (error: unknown) => {
    // An open port would keep the process running.
    await database.close()
    throw error
  })
  const busyInstance = simulator.addInstance({
    statuses: [{ status: 'MODIFYING', ms: 60_000 }, { status: 'ACTIVE' }],
  })
  const restore = {
    name: 'RestoreTaurusInInstanceToExisted',
    instance: { id: newInstanceId(), name: 'restored-database' },
    runningMs: 1_800_000,
  }
  const restoreId = simulator.addJob(restore)
  const jobs = {
    'completes after about a minute': simulator.addJob(),
    'fails after about 30 seconds': simulator.addJob({
      runningMs: 25_000,
      outcome: 'Failed',
      failReason: 'The quota of vCPUs is used up.',
    }),
    'is not found for a minute, then completes after another': simulator.addJob({ notFoundMs: 60_000 }),
    ...(service === 'taurusdb' && {
      'restores an instance in half an hour, in four sub-tasks': restoreId,
      'has completed: the example of the API reference': referenceExample.jobId,
    }),
  }
  const url = `${simulator.endpoint}/v3/${simulator.projectId}`
  const token = `-H 'X-Auth-Token: ${simulator.token}'`
  const create = {
    name: 'my-database',
    simulate: { seconds: 30, not_found_seconds: 5, faults: ['502', 'cut-in-chunk', '429-retry-after'] },
  }
  const build = {
    name: 'my-database',
    simulate: { seconds: 30, active_seconds: 20, backup_seconds: 40, database: ['refused', 'error-1040'] },
  }
  const metadataVariables = {
    METADATA_PORT: String(simulator.port),
    NODE_OPTIONS: `--import=${new URL('metadata-address.ts', import.meta.url).href}`,
  }
  const buy = { charge_info: { charge_mode: 'prePaid' }, simulate: { order_seconds: 20 } }

  console.log(`Simulated jobs API of ${service}. Time passes at ${speed}× speed. Press Ctrl+C to stop.

endpoint    ${simulator.endpoint}
project-id  ${simulator.projectId}, or let the action look it up in IAM with:
  region        ${simulator.region}
  iam-endpoint  ${simulator.endpoint}

Use one of these credentials:
  token                  ${simulator.token}

  access-key-id          ${simulator.accessKey.id}
  secret-access-key      ${simulator.accessKey.secret}

  identity-provider-urn  ${simulator.oidc.providerUrn}
  agency-urn             ${simulator.oidc.agencyUrn}
  sts-endpoint           ${simulator.endpoint}
  with these variables, which GitHub sets for a job with the permission id-token: write:
${assignments(simulator.oidc.env)}

  use-ecs-agency         true
  with these variables, which redirect http://169.254.169.254, the metadata service of an ECS, to this simulator:
${assignments(metadataVariables)}

Jobs (their simulated time starts now):
${Object.entries(jobs)
  .map(([description, id]) => `  ${id}  ${description}`)
  .join('\n')}

Get the status of a job:
  curl -i ${token} '${url}/jobs?id=${jobs['completes after about a minute']}'

Create an instance, and choose how its job behaves. Other fields of "simulate" are job_name, pending_seconds, fail,
fail_reason, outcome, omit, and override. To list the faults, run npm run simulator -- --faults.
  curl -i ${token} '${url}/instances' -d '${JSON.stringify(create)}'
`)
  if (service !== 'taurusdb') return
  console.log(`Buy a yearly or monthly instance. The response contains an order ID; the job starts 20 seconds later.
  curl -i ${token} '${url}/instances' -d '${JSON.stringify(buy)}'

List the jobs, including those of orders, or only those that are running:
  curl -i ${token} '${url}/immediate-jobs?limit=10'
  curl -i ${token} '${url}/immediate-jobs?limit=50&status=Running'

Get the sub-tasks of the restore job. To choose those of a new one, create an instance with the job_name
RestoreGaussDBforMySQLNewInstance, and with sub_tasks (["First", {"name": "Second", "share": 3}]), sub_task_override,
sub_task_omit, and sub_task_faults.
  curl -i ${token} '${url}/instances/${restore.instance.id}/task-center-detail?job_id=${restoreId}&job_name=${restore.name}'

Get the details of an instance. This one is MODIFYING for a minute, then ACTIVE:
  curl -i ${token} '${url}/instances/${busyInstance}'

The instances have the address of a database port, ${database.address}, which sends the handshake of a MySQL server.
Create an instance, and choose how it and this port behave. A created instance is BUILD until its job completes, then
ACTIVE for active_seconds (30), BACKING UP for backup_seconds (60; 0 for no backup), and then has the final_status
(ACTIVE). Other fields of "simulate" for the instance are address ("host:port"), deleted_seconds (from the start of the
job), instance_statuses (a timeline in place of the usual one: [{"status": "BUILD", "seconds": 30}, "STORAGE FULL"]),
instance_override, instance_omit, and instance_faults. With "database", the port refuses connections until the job
completes, then behaves as listed, 20 seconds each or {"behavior": "silent", "seconds": 5}, and then sends handshakes.
To list the behaviors, run npm run simulator -- --faults.
  curl -i ${token} '${url}/instances' -d '${JSON.stringify(build)}'
`)
}

/** Lines that set variables in a shell. */
function assignments(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `    ${name}='${value}'`)
    .join('\n')
}

function parsePort(option: string, text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65_535) {
    throw new UsageError(`${option} must be a number from 0 to 65535`)
  }
  return Number(text)
}

function listFaults(): void {
  const print = (table: Readonly<Record<string, { readonly description: string }>>): void => {
    for (const [name, { description }] of Object.entries(table)) {
      console.log(`${name.padEnd(26)} ${description}`)
    }
  }
  console.log('The simulator, as a fault of a request:\n')
  print(faults)
  console.log('\nThe database port, as a behavior in "database":\n')
  print(databaseBehaviors)
}
