import type * as core from '@actions/core'
import { jobListApi } from './api/job-list.ts'
import { jobsApi } from './api/jobs.ts'
import { accessKeyCredentials } from './credentials/access-key.ts'
import type { CredentialsChoice } from './credentials/choice.ts'
import type { Credentials } from './credentials/credentials.ts'
import { OidcCredentials } from './credentials/oidc.ts'
import { tokenCredentials } from './credentials/token.ts'
import { exchange, type Exchange } from './http/exchange.ts'
import { readInputs, usesColor, type Settings } from './inputs.ts'
import { annotationOf, inputsAnnotation, noticeOf } from './report/annotation.ts'
import { printDetails } from './report/details.ts'
import { RequestLog } from './report/request-log.ts'
import { Log, type Printer } from './report/log.ts'
import { outputsOf, EMPTY_OUTPUTS, warningOf } from './report/outputs.ts'
import { colored, plain } from './report/style.ts'
import { publish, type Toolkit } from './report/publish.ts'
import { summaryOf, summaryOfAnnotation } from './report/summary.ts'
import type { Secrets } from './secrets.ts'
import { pollInterval } from './wait/poll-interval.ts'
import { wait, type Clock, type WaitResult } from './wait/wait.ts'

/** What a run needs of the process it is in. */
export interface Dependencies {
  readonly toolkit: Toolkit & Printer & Pick<typeof core, 'getInput'>
  readonly env: NodeJS.ProcessEnv
  readonly secrets: Secrets
  /** For waiting. */
  readonly clock: Clock
  /** For dates: milliseconds since the epoch. */
  readonly wallClock: () => number
  /** Uniform in 0 to 1. */
  readonly random: () => number
  /** Aborts when the process shall end. */
  readonly signal: AbortSignal
  /** Called when only the report is left to be written. */
  readonly onReport: () => void
}

/** One run of the action; true when every job completed and the outputs are written. */
export async function main(deps: Dependencies): Promise<boolean> {
  const { toolkit, env, secrets, onReport } = deps
  const settings = readInputs((name) => toolkit.getInput(name), env, secrets)
  if ('problems' in settings) {
    const annotation = inputsAnnotation(settings.problems)
    onReport()
    const report = { outputs: EMPTY_OUTPUTS, annotation, summary: summaryOfAnnotation(annotation) }
    return publish(report, toolkit, env, secrets)
  }
  const exchanges = new RequestLog(exchange, toolkit, secrets, deps.clock)
  const waited = await waitFor(settings, deps, exchanges)
  onReport()
  const outputs = outputsOf(waited)
  printDetails(waited, outputs, exchanges.count, toolkit, secrets)
  const report = {
    outputs,
    annotation: annotationOf(waited, settings.timeout),
    notice: noticeOf(waited),
    summary: summaryOf(waited, settings.timeout),
  }
  const isPublished = await publish(report, toolkit, env, secrets)
  return isPublished && waited.every(({ outcome }) => outcome.result === 'completed')
}

async function waitFor(
  settings: Settings,
  around: Dependencies,
  { exchange }: RequestLog,
): Promise<readonly WaitResult[]> {
  const { toolkit, env, secrets, clock, wallClock, random, signal } = around
  const { jobs, timeout, pollInterval: setting, failFast, credentials: choice, ...api } = settings
  const log = new Log(jobs, toolkit, clock, usesColor(env) ? colored : plain)
  log.begin(secrets.text(api.endpoint), timeout, choice.source)
  const credentials = credentialsFor(choice, settings, around, exchange, log)
  const asking = { ...api, credentials, exchange, secrets, wallClock }
  const over = new AbortController()
  void log.startHeartbeat(over.signal)
  const waited = await wait(
    {
      jobs,
      timeout,
      interval: pollInterval(setting, random),
      hasList: api.service.hasList,
      failFast,
    },
    {
      getJob: jobsApi(asking),
      listJobs: jobListApi(asking),
      clock,
      wallClock,
      random,
      signal,
      listener: log,
      describe: (error) => secrets.error(error),
    },
  )
  over.abort()
  const warning = warningOf(waited)
  if (warning !== undefined) log.onWarning(warning)
  return waited
}

function credentialsFor(
  choice: CredentialsChoice,
  { projectId, timeout }: Settings,
  { secrets, clock, wallClock }: Dependencies,
  exchange: Exchange,
  log: Log,
): Credentials {
  switch (choice.kind) {
    case 'token':
      return tokenCredentials(choice.token)
    case 'access-key':
      return accessKeyCredentials(choice.key, projectId, wallClock)
    case 'agency':
      return new OidcCredentials(choice.agency, {
        projectId,
        timeout,
        secrets,
        exchange,
        now: () => clock.now(),
        wallClock,
        onRenewed: (lifetime) => {
          log.renewed(lifetime)
        },
        onNotRenewed: (reason, lifetime) => {
          log.notRenewed(reason, lifetime)
        },
      })
  }
}
