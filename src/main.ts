import type * as core from '@actions/core'
import { jobListApi } from './api/job-list.ts'
import { jobsApi } from './api/jobs.ts'
import { accessKeyCredentials } from './credentials/access-key.ts'
import { tokenCredentials, type Credentials } from './credentials/credentials.ts'
import { OidcCredentials } from './credentials/oidc.ts'
import { exchange as send, type Exchange } from './http/exchange.ts'
import { readInputs, usesColor, type Settings } from './inputs.ts'
import { annotationOf, inputsAnnotation, noticeOf } from './report/annotation.ts'
import { printDetails } from './report/details.ts'
import { Log, type Printer } from './report/log.ts'
import { outputsOf, warningOf } from './report/outputs.ts'
import { publish, publishError, type PublishDependencies, type Toolkit } from './report/publish.ts'
import { logRequests } from './report/request-log.ts'
import { colored, plain } from './report/style.ts'
import { summaryOf } from './report/summary.ts'
import { pollInterval } from './wait/poll-interval.ts'
import type { Clock } from './wait/poll-loop.ts'
import { wait, type WaitResult } from './wait/wait.ts'

export interface Dependencies extends PublishDependencies {
  readonly toolkit: Toolkit & Printer & Pick<typeof core, 'getInput'>
  /** Monotonic, for waiting. */
  readonly clock: Clock
  /** For dates: milliseconds since the epoch. */
  readonly wallClock: () => number
  /** Uniform between 0 and 1. */
  readonly random: () => number
  /** Aborts when the wait must end. */
  readonly signal: AbortSignal
  /** Called when the wait has ended and only the report is left to write. */
  readonly onReport: () => void
}

/** Runs the action; true if every job completed and the outputs are written. */
export async function main(deps: Dependencies): Promise<boolean> {
  const { toolkit, env, secrets, clock, onReport } = deps
  const settings = readInputs((name) => toolkit.getInput(name), env, secrets)
  if ('problems' in settings) {
    onReport()
    return publishError(inputsAnnotation(settings.problems), deps)
  }
  const requests = logRequests(send, toolkit, secrets, clock)
  const results = await waitForJobs(settings, deps, requests.exchange)
  onReport()
  const outputs = outputsOf(results)
  printDetails(results, outputs, requests.count(), toolkit, secrets)
  const report = {
    outputs,
    annotation: annotationOf(results, settings.timeout),
    notice: noticeOf(results),
    summary: summaryOf(results, settings.timeout),
  }
  const isPublished = await publish(report, deps)
  return isPublished && results.every(({ outcome }) => outcome.result === 'completed')
}

async function waitForJobs(
  settings: Settings,
  deps: Dependencies,
  exchange: Exchange,
): Promise<readonly WaitResult[]> {
  const { toolkit, env, secrets, clock, wallClock, random, signal } = deps
  const { jobs, timeout, pollInterval: setting, failFast, ...api } = settings
  const log = new Log(jobs, toolkit, clock, usesColor(env) ? colored : plain)
  log.onStart(secrets.text(api.endpoint), timeout, api.credentials.source)
  const credentials = credentialsFor(settings, deps, exchange, log)
  const apiDeps = { ...api, credentials, exchange, secrets, wallClock }
  const finished = new AbortController()
  void log.startHeartbeat(finished.signal)
  const results = await wait(
    {
      jobs,
      timeout,
      interval: pollInterval(setting, random),
      hasList: api.service.hasList,
      failFast,
    },
    {
      getJob: jobsApi(apiDeps),
      listJobs: jobListApi(apiDeps),
      clock,
      wallClock,
      random,
      signal,
      listener: log,
      describe: (error) => secrets.error(error),
    },
  )
  finished.abort()
  const warning = warningOf(results)
  if (warning !== undefined) log.onWarning(warning)
  return results
}

function credentialsFor(
  { credentials, projectId, timeout }: Settings,
  { secrets, clock, wallClock }: Dependencies,
  exchange: Exchange,
  { onRenewed, onNotRenewed }: Log,
): Credentials {
  switch (credentials.kind) {
    case 'token':
      return tokenCredentials(credentials.token)
    case 'access-key':
      return accessKeyCredentials(credentials.key, projectId, wallClock)
    case 'agency': {
      const now = () => clock.now()
      const deps = { projectId, timeout, secrets, exchange, now, wallClock, onRenewed, onNotRenewed }
      return new OidcCredentials(credentials.agency, deps)
    }
  }
}
