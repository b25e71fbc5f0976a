import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { JobResponse } from '../../src/response.ts'
import { jobsApi } from '../../src/api/jobs.ts'
import { SERVICES } from '../../src/api/service.ts'
import { assumeAgency, type Agency } from '../../src/credentials/assume-agency.ts'
import { METADATA_HOST, readEcsAgency } from '../../src/credentials/ecs-agency.ts'
import { renewableCredentials } from '../../src/credentials/renewable.ts'
import { HOUR, SECOND } from '../../src/duration.ts'
import { exchange, type ExchangeResult, type HttpRequest } from '../../src/http/exchange.ts'
import { Secrets } from '../../src/secrets.ts'
import { pollInterval } from '../../src/wait/poll-interval.ts'
import { wait, type WaitResult } from '../../src/wait/wait.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { plain } from '../unit/text.ts'
import { dependencies, jobId, plan } from '../unit/virtual-wait.ts'

/**
 * A wait with the keys of an agency, from GitHub OIDC or from the metadata service of an ECS, over real sockets and in virtual
 * time. {@link start} resets everything.
 */

export const START = Date.UTC(2026, 10, 25)

export let clock = new VirtualClock()
export let simulator: Simulator
export let secrets: Secrets
export let renewals: number[] = []
export let notRenewed: string[] = []

/** Open requests, including those of a renewal in the background. Virtual time stands still meanwhile. */
const openRequests = new Set<ClientRequest>()
subscribe('http.client.request.created', (message) => {
  const { request } = message as { request: ClientRequest }
  openRequests.add(request)
  request.once('close', () => openRequests.delete(request))
})

export async function start(options: SimulatorOptions = {}): Promise<void> {
  clock = new VirtualClock()
  secrets = new Secrets(() => undefined)
  renewals = []
  notRenewed = []
  const [virtual, begin] = [clock, clock.now()]
  simulator = await startSimulator({
    now: () => virtual.now(),
    wallClock: () => START + virtual.now() - begin,
    ...options,
  })
}

/** Replaces parts of the simulator's agency, or the bearer token for ID tokens. */
export type AgencyChanges = Partial<Agency> & { readonly bearer?: string }

interface Options {
  readonly jobs?: readonly string[]
  readonly timeout?: number
  readonly interval?: number
  /** Where the keys come from, GitHub OIDC by default. */
  readonly from?: 'oidc' | 'ecs'
  /** Only with GitHub OIDC. */
  readonly agency?: AgencyChanges
  /** Error of this runner's clock, milliseconds. */
  readonly skew?: number
  /** Virtual time passes during a renewal in the background. */
  readonly ignoresRenewals?: boolean
}

export async function waitFor({
  jobs,
  timeout = HOUR,
  interval = 15 * SECOND,
  from = 'oidc',
  agency = {},
  skew = 0,
  ignoresRenewals = false,
}: Options = {}) {
  const begin = clock.now()
  const wallClock = () => START + clock.now() - begin + skew
  const deps = { secrets, exchange: exchangeOnEcs, wallClock }
  const issue = from === 'oidc' ? assumeAgency(trustedAgency(agency), deps) : readEcsAgency(deps)
  const credentials = renewableCredentials(issue, {
    ...deps,
    timeout,
    clock,
    onRenewed: () => renewals.push(clock.now() - begin),
    onNotRenewed: (reason) => notRenewed.push(plain(reason)),
  })
  const { endpoint, projectId } = simulator
  const getProject = () => Promise.resolve({ kind: 'project' as const, id: projectId })
  const api = { endpoint, getProject, service: SERVICES.taurusdb, language: 'en-us' }
  const getJob = jobsApi({ ...api, credentials, exchange, secrets, wallClock })
  const responses: JobResponse[] = []
  let pending = 0
  const ids = jobs ?? [simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })]
  const results = await clock.run(
    wait(
      plan({ ids: ids.map(jobId), timeout, interval: pollInterval(interval, () => 0.5) }),
      dependencies(clock, {
        getJob: async (id, signal) => {
          pending += 1
          const response = await getJob(id, signal).finally(() => (pending -= 1))
          responses.push(response)
          return response
        },
        random: () => 0.5,
        describe: (error) => secrets.error(error),
      }),
    ),
    () => pending > 0 || (openRequests.size > 0 && !ignoresRenewals),
  )
  return { results, responses }
}

function trustedAgency({ bearer, ...changes }: AgencyChanges): Agency {
  const { env, providerUrn: identityProviderUrn, ...trust } = simulator.oidc
  return {
    ...trust,
    identityProviderUrn,
    stsEndpoint: simulator.endpoint,
    sessionName: 'GitHubActions',
    idTokenRequest: {
      url: env.ACTIONS_ID_TOKEN_REQUEST_URL,
      bearer: bearer ?? env.ACTIONS_ID_TOKEN_REQUEST_TOKEN,
    },
    ...changes,
  }
}

/** Sends requests to the metadata service to the simulator. */
function exchangeOnEcs(request: HttpRequest, signal: AbortSignal): Promise<ExchangeResult> {
  const url = request.url.replace(`http://${METADATA_HOST}`, simulator.endpoint)
  return exchange({ ...request, url }, signal)
}

export function requests(path: string) {
  return simulator.requests.filter((request) => request.path.includes(path))
}

export function idTokens(): unknown[] {
  return requests('assume-with-oidc').map(({ body }) => (JSON.parse(body) as { id_token: unknown }).id_token)
}

export function outcomesOf(results: readonly WaitResult[]): string[] {
  return results.map(({ outcome }) => outcome.result)
}

/** The reason and message of the first result, if it is an error; otherwise its outcome. */
export function errorOf([first]: readonly WaitResult[]): string {
  return first?.outcome.result === 'error'
    ? `${first.outcome.reason}: ${plain(first.outcome.detail.message)}`
    : (first?.outcome.result ?? '')
}
