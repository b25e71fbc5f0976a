import type * as core from '@actions/core'
import { instanceApi } from './api/instances.ts'
import { jobListApi } from './api/job-list.ts'
import { jobsApi } from './api/jobs.ts'
import { projectApi } from './api/project.ts'
import { subTasksApi } from './api/sub-tasks.ts'
import { accessKeyCredentials } from './credentials/access-key.ts'
import { tokenCredentials, type Credentials } from './credentials/credentials.ts'
import { assumeAgency } from './credentials/assume-agency.ts'
import { readEcsAgency } from './credentials/ecs-agency.ts'
import { renewableCredentials } from './credentials/renewable.ts'
import { databaseConnector } from './database.ts'
import { exchange as send, type Exchange } from './http/exchange.ts'
import { detectWrongEndpoints } from './http/wrong-endpoint.ts'
import { readInputs, usesColor, type Settings } from './inputs.ts'
import { annotationOf, inputsAnnotation, noticeOf } from './report/annotation.ts'
import { Log, printDetails } from './report/log.ts'
import { outputsOf, warningOf } from './report/outputs.ts'
import { checkOutputs, publish, publishError, type PublishDependencies } from './report/publish.ts'
import { logRequests } from './report/request-log.ts'
import { summaryOf } from './report/summary.ts'
import { pollInterval } from './wait/poll-interval.ts'
import { wait, type WaitDependencies, type WaitResult } from './wait/wait.ts'

export interface Dependencies
  extends PublishDependencies, Pick<WaitDependencies, 'clock' | 'wallClock' | 'random' | 'signal'> {
  readonly toolkit: typeof core
  /** Called when the wait has ended and only the report is left to write. */
  readonly onReport: () => void
}

/** Runs the action; true if the step succeeds: every result is a success, and the outputs are written. */
export async function main(deps: Dependencies): Promise<boolean> {
  const { toolkit, env, secrets, clock, onReport } = deps
  const settings = readInputs((name) => toolkit.getInput(name), env, secrets)
  if ('problems' in settings) {
    onReport()
    return publishError(inputsAnnotation(settings.problems), deps)
  }
  Object.assign(env, settings.environment)
  const outputsError = await checkOutputs(deps)
  if (outputsError !== undefined) {
    onReport()
    return publishError(outputsError, deps)
  }
  const requests = logRequests(send, toolkit, secrets, clock)
  const exchange = detectWrongEndpoints(requests.exchange, () => clock.now())
  const results = await waitForJobs(settings, deps, exchange)
  onReport()
  const { timeout, successResults } = settings
  const outputs = outputsOf(results, timeout)
  printDetails(results, outputs, requests.count(), toolkit, secrets)
  const report = {
    outputs,
    annotation: annotationOf(results, timeout, successResults),
    notice: noticeOf(results, timeout),
    summary: summaryOf(results, timeout, successResults),
  }
  const isPublished = await publish(report, deps)
  return (
    isPublished && results.every(({ outcome }) => successResults.some((result) => result === outcome.result))
  )
}

async function waitForJobs(
  settings: Settings,
  deps: Dependencies,
  exchange: Exchange,
): Promise<readonly WaitResult[]> {
  const { toolkit, env, secrets, clock, wallClock, random } = deps
  const { waitFor, timeout, service } = settings
  const log = new Log(waitFor, toolkit, clock, usesColor(env))
  log.onStart(secrets.text(settings.endpoint), timeout, settings.credentials.source)
  const credentials = credentialsFor(settings, deps, exchange, log)
  const sender = { credentials, exchange, secrets, wallClock }
  const getProject = projectApi(settings.project, { ...sender, onProject: log.onProject })
  const api = { ...settings, ...sender, getProject }
  const finished = new AbortController()
  void log.startHeartbeat(finished.signal)
  const results = await wait(
    {
      ...settings,
      ...waitFor,
      interval: pollInterval(settings.pollInterval, random),
      hasList: service.hasList,
    },
    {
      ...deps,
      getJob: jobsApi(api),
      listJobs: jobListApi(api),
      getInstance: instanceApi(api),
      getSubTasks: subTasksApi(api),
      connect: databaseConnector(secrets),
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
  { credentials, timeout }: Settings,
  deps: Dependencies,
  exchange: Exchange,
  { onRenewed, onNotRenewed }: Log,
): Credentials {
  const renewal = { ...deps, exchange, timeout, onRenewed, onNotRenewed }
  switch (credentials.kind) {
    case 'token':
      return tokenCredentials(credentials.token)
    case 'access-key':
      return accessKeyCredentials(credentials.key, deps.wallClock)
    case 'agency':
      return renewableCredentials(assumeAgency(credentials.agency, renewal), renewal)
    case 'ecs-agency':
      return renewableCredentials(readEcsAgency(renewal), renewal)
  }
}
