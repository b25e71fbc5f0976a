import { afterEach, describe, expect, test } from '@jest/globals'
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { Answer } from '../../src/answer.ts'
import { jobsApi } from '../../src/api/jobs.ts'
import type { Agency } from '../../src/credentials/agency.ts'
import { OidcCredentials } from '../../src/credentials/oidc.ts'
import { HOUR, MINUTE, SECOND } from '../../src/duration.ts'
import { Secrets } from '../../src/secrets.ts'
import { pacing } from '../../src/wait/pace.ts'
import { schedule } from '../../src/wait/schedule.ts'
import { wait, type Waited } from '../../src/wait/wait.ts'
import type { FaultName } from '../../simulator/faults.ts'
import type { Reply } from '../../simulator/reply.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { outside, plain } from '../unit/text.ts'

/** The wait with GitHub OIDC, over real sockets and in virtual time. */

const START = Date.UTC(2026, 10, 25)

let clock = new VirtualClock()
let simulator: Simulator
let secrets: Secrets
let renewals: number[] = []
let notRenewed: string[] = []

/** Requests on their way, a renewal's in the background too: no virtual time passes meanwhile. */
const underWay = new Set<ClientRequest>()
subscribe('http.client.request.created', (report) => {
  const { request } = report as { request: ClientRequest }
  underWay.add(request)
  request.once('close', () => underWay.delete(request))
})

afterEach(() => simulator.close())

async function start(options: SimulatorOptions = {}): Promise<void> {
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

async function waitFor({
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
      now: () => clock.now(),
      wallClock,
      onRenewed: () => renewals.push(clock.now() - begin),
      onNotRenewed: (reason) => notRenewed.push(plain(reason)),
    },
  )
  const { endpoint, projectId } = simulator
  const ask = jobsApi({ endpoint, projectId, language: 'en-us', credentials, secrets, wallClock })
  const answers: Answer[] = []
  let asking = 0
  const ids = jobs ?? [simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 0 })]
  const waited = await clock.run(
    wait(
      {
        jobs: ids.map((value) => ({ value, text: outside(value) })),
        timeout,
        pause: schedule(interval, () => 0.5),
        pacing: pacing(() => 0.5),
        failFast: false,
      },
      {
        ask: async (id, signal) => {
          asking += 1
          const answer = await ask(id, signal).finally(() => (asking -= 1))
          answers.push(answer)
          return answer
        },
        clock,
        signal: new AbortController().signal,
        listener: { answered: () => undefined, warned: () => undefined },
        describe: (error) => secrets.error(error),
      },
    ),
    () => asking > 0 || (underWay.size > 0 && !isAloneInTime),
  )
  return { waited, answers }
}

function requests(path: string) {
  return simulator.requests.filter((request) => request.path.includes(path))
}

function idTokens(): unknown[] {
  return requests('assume-with-oidc').map(({ body }) => (JSON.parse(body) as { id_token: unknown }).id_token)
}

function results(waited: readonly Waited[]): string[] {
  return waited.map(({ end }) => end.result)
}

function saidAtTheEnd([only]: readonly Waited[]): string {
  return only?.end.result === 'error' && only.end.why !== 'other-job'
    ? `${only.end.why}: ${plain(only.end.told.says)}`
    : (only?.end.result ?? '')
}

test('a job that completed costs an id token, keys and one question', async () => {
  await start()
  const { waited } = await waitFor()
  expect(results(waited)).toEqual(['completed'])
  expect(simulator.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /id-token',
    'POST /v5/agencies/assume-with-oidc',
    `GET /v3/${simulator.projectId}/jobs`,
  ])
  expect(requests('id-token')[0]?.query['audience']).toBe(simulator.oidc.audience)
})

describe('keys are renewed in the middle of a wait', () => {
  test('of 3 hours with keys of 15 minutes, each time before they end and with a new id token: no question fails', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 3 * HOUR })
    const { waited, answers } = await waitFor({ jobs: [job], timeout: 4 * HOUR })
    expect(results(waited)).toEqual(['completed'])
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['job']))
    expect(answers).toHaveLength(721)
    expect(requests('/jobs')).toHaveLength(721)
    // Five minutes before the end, each ten minutes, that is.
    expect(renewals.map((at) => Math.round(at / MINUTE))).toEqual(
      Array.from({ length: 18 }, (_, index) => 10 * index),
    )
    expect(new Set(idTokens()).size).toBe(renewals.length)
  })

  test('once after a refusal, and the wait goes on', async () => {
    await start()
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 10 * MINUTE })
    clock.at(clock.now() + 4 * MINUTE, simulator.revokeKeys)
    clock.at(clock.now() + 7 * MINUTE, simulator.revokeKeys)
    const { waited, answers } = await waitFor({ jobs: [job] })
    expect(results(waited)).toEqual(['completed'])
    expect(answers.filter(({ kind }) => kind !== 'job')).toHaveLength(2)
    expect(renewals).toHaveLength(3)
    expect(new Set(idTokens()).size).toBe(3)
  })

  test('once for many jobs that are refused together', async () => {
    await start()
    const jobs = Array.from({ length: 8 }, () =>
      simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 10 * MINUTE }),
    )
    clock.at(clock.now() + 4 * MINUTE, simulator.revokeKeys)
    const { waited } = await waitFor({ jobs })
    expect(new Set(results(waited))).toEqual(new Set(['completed']))
    expect(renewals).toHaveLength(2)
  })

  test.each([401, { status: 403, body: '{"error_code":"DBS.280056","error_msg":"Invalid token."}' }])(
    'but a second refusal in a row is final: %j',
    async (refusal) => {
      await start()
      const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 10 * MINUTE })
      clock.at(clock.now() + 4 * MINUTE, () => {
        simulator.misbehave(refusal, { api: 'jobs', times: 'for ever' })
      })
      const { waited } = await waitFor({ jobs: [job] })
      expect(saidAtTheEnd(waited)).toMatch(/^credentials: HTTP 40[13]/)
      expect(renewals).toHaveLength(2)
      // Until then each 15 s from 0 on, and then the two that were refused.
      expect(requests('/jobs')).toHaveLength(16 + 2)
    },
  )

  test('and it is final for a job, whatever other jobs are answered', async () => {
    await start()
    const jobs = [0, 1].map(() => simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: HOUR }))
    simulator.misbehave(401, { jobId: jobs[1] ?? '', times: 'for ever' })
    const { waited } = await waitFor({ jobs })
    expect(results(waited)).toEqual(['error', 'error'])
    expect(requests('/jobs').length).toBeLessThanOrEqual(8)
  })

  test('at most once a minute, even if an accepted answer stands between', async () => {
    await start()
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 10 * MINUTE })
    for (let moment = 1; moment < 600; moment++) clock.at(clock.now() + moment * SECOND, simulator.revokeKeys)
    const { waited } = await waitFor({ jobs: [job], interval: SECOND })
    expect(results(waited)).toEqual(['completed'])
    expect(renewals.length).toBeGreaterThan(5)
    expect(renewals.length).toBeLessThanOrEqual(12)
  })

  test('and what gateways answer in between does not make it the first again', async () => {
    await start()
    for (const fault of [401, 502, 'html-200', 401] as const) simulator.misbehave(fault, { api: 'jobs' })
    const { waited } = await waitFor()
    expect(saidAtTheEnd(waited)).toMatch(/^credentials: /)
    expect(requests('/jobs')).toHaveLength(4)
  })
})

describe('a token service that is out of order', () => {
  const PASSES: readonly (FaultName | number)[] = [
    ...(['reset', 'cut', 'garbage', 'cut-in-headers', 'cut-content-length', 'cut-in-chunk'] as const),
    ...(['endless', 'huge', 'invalid-utf8', 'empty-200', 'html-200', '204', '429-retry-after'] as const),
    ...[408, 429, 500, 502, 503, 504],
  ]
  const BOTH = (['sts', 'id-token'] as const).flatMap((api) => PASSES.map((fault) => [api, fault] as const))

  test.each(BOTH)('for a moment is asked again: %s, %s', async (api, fault) => {
    await start()
    simulator.misbehave(fault, { api })
    const { waited, answers } = await waitFor()
    expect(results(waited)).toEqual(['completed'])
    expect(answers.map(({ kind }) => kind)).toEqual([expect.stringMatching(/^(try-again|unusable)$/), 'job'])
  })

  test('with a limit of its own says nothing of the jobs API’s', async () => {
    await start()
    for (const api of ['sts', 'id-token'] as const) simulator.misbehave(429, { api })
    const begin = clock.now()
    const { answers } = await waitFor({ interval: SECOND })
    expect(answers).toHaveLength(3)
    expect(clock.now() - begin).toBeLessThan(5 * SECOND)
  })

  test('obeys its Retry-After', async () => {
    await start()
    simulator.misbehave({ status: 503, headers: { 'retry-after': '120' } }, { api: 'sts' })
    const begin = clock.now()
    await waitFor()
    expect(clock.now() - begin).toBe(120 * SECOND)
  })

  test.each([1, 8, 100])(
    'for an hour is asked by all of %d jobs together, and more and more rarely',
    async (count) => {
      await start()
      simulator.misbehave(503, { api: 'sts', times: 'for ever' })
      const jobs = Array.from({ length: count }, (_, index) => `job-${index}`)
      const { waited } = await waitFor({ jobs })
      expect(new Set(results(waited))).toEqual(new Set(['timed-out']))
      expect(requests('assume-with-oidc').length).toBeLessThanOrEqual(130)
      expect(requests('id-token').length).toBe(requests('assume-with-oidc').length)
    },
    30_000,
  )

  test('that asks for a pause gets it, however many jobs there are', async () => {
    await start()
    simulator.misbehave({ status: 503, headers: { 'retry-after': '120' } }, { api: 'sts', times: 'for ever' })
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`)
    await waitFor({ jobs })
    expect(requests('assume-with-oidc').length).toBeLessThanOrEqual(31)
  })

  test('for ever ends as a timeout that names it', async () => {
    await start()
    simulator.misbehave(503, { api: 'sts', times: 'for ever' })
    const { waited } = await waitFor({ timeout: 10 * MINUTE })
    const [only] = waited
    expect(only?.end.result).toBe('timed-out')
    expect(only?.state.last?.kind === 'try-again' && plain(only.state.last.told.says)).toMatch(
      /^the Security Token Service: HTTP 503 /,
    )
    expect(requests('/jobs')).toHaveLength(0)
  })

  test('harms nothing while the keys are good', async () => {
    await start()
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 62 * MINUTE })
    clock.at(clock.now() + 50 * MINUTE, () => {
      for (let times = 0; times < 6; times++) simulator.misbehave(503, { api: 'sts' })
    })
    const { waited, answers } = await waitFor({ jobs: [job], timeout: 2 * HOUR })
    expect(results(waited)).toEqual(['completed'])
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['job']))
    // From five minutes before their end on, each 30 s.
    expect(renewals.map((at) => at / SECOND)).toEqual([0, 55 * 60 + 6 * 30])
  })

  test('keeps no question waiting while the keys are good', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 14 * MINUTE })
    clock.at(clock.now() + 9 * MINUTE, () => {
      simulator.misbehave('silent', { api: 'id-token' })
    })
    // A renewal that hangs for 30 real seconds: only the questions keep time.
    const { waited, answers } = await waitFor({ jobs: [job], isAloneInTime: true })
    expect(results(waited)).toEqual(['completed'])
    expect(answers).toHaveLength(57)
    expect(renewals).toHaveLength(1)
  })

  test('is told while the keys are good, with the reason', async () => {
    await start()
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 57 * MINUTE })
    clock.at(clock.now() + 50 * MINUTE, () => {
      simulator.misbehave(503, { api: 'sts', times: 'for ever' })
    })
    await waitFor({ jobs: [job] })
    expect(notRenewed).toHaveLength(4)
    expect(notRenewed[0]).toMatch(/^the Security Token Service: HTTP 503 /)
  })

  test('until the keys end keeps them from being used any longer', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 30 * MINUTE })
    clock.at(clock.now() + 9 * MINUTE, () => {
      simulator.misbehave(503, { api: 'sts', times: 'for ever' })
    })
    await waitFor({ jobs: [job], timeout: 25 * MINUTE })
    const last = requests('/jobs').at(-1)
    expect(last?.elapsedMs).toBe(14.75 * MINUTE)
  })
})

describe('a refusal of the token services is final, for all jobs, and says why', () => {
  const CASES: readonly (readonly [
    string,
    Partial<Agency>,
    'sts' | 'id-token',
    number | Reply | FaultName | undefined,
    RegExp,
  ])[] = [
    [
      'unknown agency',
      { agencyUrn: 'iam::0:agency:no' },
      'sts',
      undefined,
      /^agency: the Security Token Service: HTTP 404 STS5\.1106 “the agency .* cannot be found” \(request id /,
    ],
    [
      'other audience',
      { audience: 'elsewhere' },
      'sts',
      undefined,
      /^agency: .* HTTP 403 STS5\.\d+ “.*audience/,
    ],
    [
      'bad bearer',
      { idTokenBearer: 'other' },
      'id-token',
      undefined,
      /^id-token: GitHub’s token service: HTTP 401 “.+”/,
    ],
    ['redirect', {}, 'sts', 'redirect', /^redirect: the Security Token Service: HTTP 302 to /],
    ['redirect', {}, 'id-token', 'redirect', /^redirect: GitHub’s token service: HTTP 302 to /],
    ['401', {}, 'sts', 401, /^agency: the Security Token Service: HTTP 401 /],
    ['400', {}, 'id-token', 400, /^id-token: GitHub’s token service: HTTP 400 /],
  ]
  test.each(CASES)('%s', async (_name, agency, api, fault, says) => {
    await start()
    if (fault !== undefined) simulator.misbehave(fault, { api, times: 'for ever' })
    const jobs = ['job-1', 'job-2', 'job-3']
    const { waited } = await waitFor({ jobs, agency })
    expect(saidAtTheEnd(waited)).toMatch(says)
    expect(results(waited)).toEqual(['error', 'error', 'error'])
    expect(requests('id-token')).toHaveLength(1)
    expect(requests('/jobs')).toHaveLength(0)
  })
})

describe('success without what was asked for is asked again, five times in a row at most:', () => {
  const good = {
    access_key_id: 'AK',
    secret_access_key: 'sk',
    security_token: 'st',
    expiration: '2026-11-25T01:00:00Z',
  }
  test.each<[string, 'sts' | 'id-token', unknown]>([
    ['no value', 'id-token', { count: 1 }],
    ['an empty value', 'id-token', { value: '' }],
    ['a value that no header may have', 'id-token', { value: 'a\nb' }],
    ['no credentials', 'sts', {}],
    ['no expiration', 'sts', { credentials: { ...good, expiration: undefined } }],
    ['an expiration that is no date', 'sts', { credentials: { ...good, expiration: 'never' } }],
    ['keys that have expired', 'sts', { credentials: { ...good, expiration: '2026-11-24T23:00:00Z' } }],
    ['a key that no header may have', 'sts', { credentials: { ...good, secret_access_key: 'ü' } }],
  ])('%s', async (_name, api, body) => {
    await start()
    simulator.misbehave({ status: 200, body: JSON.stringify(body) }, { api, times: 'for ever' })
    const { waited } = await waitFor()
    expect(saidAtTheEnd(waited)).toMatch(
      /^unusable: (the Security Token Service|GitHub’s token service): HTTP 200 without /,
    )
    expect(requests('id-token')).toHaveLength(5)
    expect(requests('/jobs')).toHaveLength(0)
  })
})

describe('the life of the keys', () => {
  function duration(): unknown {
    return (JSON.parse(requests('assume-with-oidc')[0]?.body ?? '{}') as { duration_seconds: unknown })
      .duration_seconds
  }

  test.each([
    [MINUTE, 900],
    [20 * MINUTE, 26 * 60],
    [HOUR, 3_600],
    [120 * HOUR, 3_600],
  ])('a wait of %d ms at most asks for %d s', async (timeout, seconds) => {
    await start()
    await waitFor({ timeout })
    expect(duration()).toBe(seconds)
  })

  test('is measured by the service’s clock, and so is a signature’s time: a runner’s that is an hour wrong does no harm', async () => {
    for (const skew of [-HOUR, HOUR]) {
      await start({ oidc: { keySeconds: 900 } })
      const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: HOUR })
      const { answers } = await waitFor({ jobs: [job], skew, timeout: 2 * HOUR })
      expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['job']))
      expect(renewals).toHaveLength(6)
      await simulator.close()
    }
    await start()
  })

  test('that come again, or are somebody’s secret anyway, stays secret', async () => {
    await start()
    const expiration = new Date(START + 900_000).toISOString()
    const again = {
      access_key_id: 'FAKEKEYID0123',
      secret_access_key: 'fake/secret+key',
      security_token: 'fake+token/0123',
    }
    secrets.add('fake/secret+key')
    for (const end of [expiration, new Date(START + 1_800_000).toISOString()]) {
      simulator.misbehave(
        { status: 200, body: JSON.stringify({ credentials: { ...again, expiration: end } }) },
        { api: 'sts' },
      )
    }
    const running = { status: 200, body: JSON.stringify({ job: { id: 'job-1', status: 'Running' } }) }
    simulator.misbehave(running, { api: 'jobs', times: 'for ever' })
    await waitFor({ jobs: ['job-1'], timeout: 28 * MINUTE })
    for (const secret of Object.values(again)) expect(secrets.text(secret).equals(outside('***'))).toBe(true)
  })

  test('ends their being secret, so that no wait gets slow; the last ones stay', async () => {
    await start({ oidc: { keySeconds: 900 } })
    const job = simulator.addJob({ hiddenMs: 0, pendingMs: 0, runningMs: 3 * HOUR })
    await waitFor({ jobs: [job], timeout: 4 * HOUR })
    const tokens = idTokens().map(String)
    const isHidden = tokens.map((token) => secrets.text(token).equals(outside('***')))
    expect(isHidden.filter(Boolean)).toHaveLength(2)
    expect(isHidden.slice(-2)).toEqual([true, true])
  })
})
