import { parseArgs } from 'node:util'
import { faults } from './faults.ts'
import { referenceExample } from './reference-example.ts'
import { isService, services } from './services.ts'
import { startSimulator } from './simulator.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8480' },
    speed: { type: 'string', default: '1' },
    service: { type: 'string', default: 'taurusdb' },
    faults: { type: 'boolean', default: false },
  },
})

if (values.faults) listFaults()
else await serve(Number(values.port), Number(values.speed), values.service)

/** Starts a simulator and tells a person what to do with it. It runs until the process ends. */
async function serve(port: number, speed: number, service: string): Promise<void> {
  if (!(speed > 0)) throw new Error('--speed must be a number above 0: simulated seconds per real second')
  if (!isService(service)) throw new Error(`--service must be one of ${Object.keys(services).join(', ')}`)
  const simulator = await startSimulator({ port, speed, service })
  const jobs = {
    'completes in about a minute': simulator.addJob(),
    'fails after half a minute': simulator.addJob({
      runningMs: 25_000,
      outcome: 'Failed',
      failReason: 'The quota of vCPUs is used up.',
    }),
    'hidden for a minute, then completes in another': simulator.addJob({ hiddenMs: 60_000 }),
    ...(service === 'taurusdb' && { "completed, the reference's own example": referenceExample.jobId }),
  }
  const url = `${simulator.endpoint}/v3/${simulator.projectId}`
  const token = `-H 'X-Auth-Token: ${simulator.token}'`
  const order = {
    name: 'my-database',
    simulate: { seconds: 30, hidden_seconds: 5, faults: ['502', 'cut-in-chunk', '429-retry-after'] },
  }
  const bought = { charge_info: { charge_mode: 'prePaid' }, simulate: { order_seconds: 20 } }

  console.log(`A simulated jobs API of ${service}, ${speed} simulated seconds per second. Ctrl-C ends it.

endpoint    ${simulator.endpoint}
project-id  ${simulator.projectId}

Credentials, one of:
  token                  ${simulator.token}

  access-key-id          ${simulator.accessKey.id}
  secret-access-key      ${simulator.accessKey.secret}

  identity-provider-urn  ${simulator.oidc.providerUrn}
  agency-urn             ${simulator.oidc.agencyUrn}
  sts-endpoint           ${simulator.endpoint}
  with these variables, as GitHub sets them for a job that may write id tokens:
${Object.entries(simulator.oidc.env)
  .map(([name, value]) => `    ${name}='${value}'`)
  .join('\n')}

Jobs, counted from now in simulated time:
${Object.entries(jobs)
  .map(([what, id]) => `  ${id}  ${what}`)
  .join('\n')}

Ask for a job:
  curl -i ${token} '${url}/jobs?id=${jobs['completes in about a minute']}'

Create an instance whose job goes as you like (also: pending_seconds, fail, fail_reason, outcome, omit, override;
the names of the faults: npm run simulator -- --faults):
  curl -i ${token} '${url}/instances' -d '${JSON.stringify(order)}'
`)
  if (service !== 'taurusdb') return
  console.log(`Buy one for a month or a year, which answers an order; its job begins 20 s later. List the jobs, orders' too:
  curl -i ${token} '${url}/instances' -d '${JSON.stringify(bought)}'
  curl -i ${token} '${url}/immediate-jobs?limit=10'
`)
}

function listFaults(): void {
  for (const [name, { what }] of Object.entries(faults)) console.log(`${name.padEnd(26)} ${what}`)
}
