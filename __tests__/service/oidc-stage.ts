import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { JobResponse } from '../../src/response.ts'
import { jobsApi } from '../../src/api/jobs.ts'
import { SERVICES } from '../../src/api/service.ts'
import type { Agency } from '../../src/credentials/assume-agency.ts'
import { OidcCredentials } from '../../src/credentials/oidc.ts'
import { HOUR, SECOND } from '../../src/duration.ts'
import { exchange } from '../../src/http/exchange.ts'
import { Secrets } from '../../src/secrets.ts'
import { pollInterval } from '../../src/wait/poll-interval.ts'
import { wait, type WaitResult } from '../../src/wait/wait.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { untrusted, plain } from '../unit/text.ts'

/** The wait with GitHub OIDC, over real sockets and in virtual time; {@link start} makes all of it anew. */

export const START = Date.UTC(2026, 10, 25)

export let clock = new VirtualClock()
export let simulator: Simulator
export let secrets: Secrets
export let renewals: number[] = []
export let notRenewed: string[] = []

/** Requests on their way, a renewal's in the background too: no virtual time passes meanwhile. */
const underWay = new Set<ClientRequest>()
subscribe('http.client.request.created', (report) => {
  const { request } = report as { request: ClientRequest }
  underWay.add(request)
  request.once('close', () => underWay.delete(request))
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

interface Options {
  readonly jobs?: readonly string[]
  readonly timeout?: number
  readonly interval?: number
  readonly agency?: Partial<Agency>
  /** Milliseconds by which this runner's clock is wrong. */
  readonly skew?: number
  /** Virtual time passes while a renewal is under way in the background. */
  readonly isAloneInTime?: boolean
}

export async function waitFor({
  jobs,
  timeout = HOUR,
  interval = 15 * SECOND,
  agency,
  skew = 0,
  isAloneInTime = false,
}: Options = {}) {
  const { env, providerUrn: identityProviderUrn, ...trust } = simulator.oidc
  const begin = clock.now()
  const wallClock = () => START + clock.now() - begin + skew
  const credentials = new OidcCredentials(
    {
      ...trust,
      identityProviderUrn,
      stsEndpoint: simulator.endpoint,
      sessionName: 'GitHubActions',
      idTokenUrl: env.ACTIONS_ID_TOKEN_REQUEST_URL,
      idTokenBearer: env.ACTIONS_ID_TOKEN_REQUEST_TOKEN,
      ...agency,
    },
    {
      projectId: simulator.projectId,
      timeout,
      secrets,
      exchange,
      now: () => clock.now(),
      wallClock,
      onRenewed: () => renewals.push(clock.now() - begin),
      onNotRenewed: (reason) => notRenewed.push(plain(reason)),
    },
  )
  const { endpoint, projectId } = simulator
  const api = { endpoint, projectId, service: SERVICES.taurusdb, language: 'en-us' }
  const ask = jobsApi({ ...api, credentials, exchange, secrets, wallClock })
  const answers: JobResponse[] = []
  let asking = 0
  const ids = jobs ?? [simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0 })]
  const waited = await clock.run(
    wait(
      {
        jobs: ids.map((value) => ({ value, text: untrusted(value) })),
        timeout,
        interval: pollInterval(interval, () => 0.5),
        hasList: false,
        failFast: false,
      },
      {
        getJob: async (id, signal) => {
          asking += 1
          const answer = await ask(id, signal).finally(() => (asking -= 1))
          answers.push(answer)
          return answer
        },
        listJobs: () => Promise.reject(new Error('there is no list')),
        wallClock: () => 0,
        random: () => 0.5,
        clock,
        signal: new AbortController().signal,
        listener: { onResponse: () => undefined, onWarning: () => undefined, onJobsFound: () => undefined },
        describe: (error) => secrets.error(error),
      },
    ),
    () => asking > 0 || (underWay.size > 0 && !isAloneInTime),
  )
  return { waited, answers }
}

export function requests(path: string) {
  return simulator.requests.filter((request) => request.path.includes(path))
}

export function idTokens(): unknown[] {
  return requests('assume-with-oidc').map(({ body }) => (JSON.parse(body) as { id_token: unknown }).id_token)
}

export function results(waited: readonly WaitResult[]): string[] {
  return waited.map(({ outcome }) => outcome.result)
}

export function saidAtTheEnd([only]: readonly WaitResult[]): string {
  return only?.outcome.result === 'error' && only.outcome.reason !== 'other-job'
    ? `${only.outcome.reason}: ${plain(only.outcome.detail.message)}`
    : (only?.outcome.result ?? '')
}
