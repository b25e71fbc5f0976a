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
import { annotationOf, inputsAnnotation } from './report/annotation.ts'
import { explainResults, type Annotation } from './report/explain.ts'
import { createLog, printDetails, type Log } from './report/log.ts'
import { outputsOf, warningOf } from './report/outputs.ts'
import { checkOutputs, publish, publishError, type PublishDependencies } from './report/publish.ts'
import { logRequests } from './report/request-log.ts'
import { summaryOf } from './report/summary.ts'
import { pollInterval } from './wait/poll-interval.ts'
import { wait, type WaitDependencies } from './wait/wait.ts'

export interface Dependencies
  extends PublishDependencies, Pick<WaitDependencies, 'clock' | 'wallClock' | 'random' | 'signal'> {
  readonly toolkit: typeof core
  /** Called when the wait has ended and only the report is left to write. */
  readonly onReport: () => void
}

/** Runs the action; true if the step succeeds: every result is a success, and the outputs are written. */
export async function main(deps: Dependencies): Promise<boolean> {
  const { toolkit, env, secrets, clock, onReport } = deps
  const fail = (annotation: Annotation) => {
    onReport()
    return publishError(annotation, deps)
  }
  const settings = readInputs((name) => toolkit.getInput(name), env, secrets)
  if ('problems' in settings) return fail(inputsAnnotation(settings.problems))
  Object.assign(env, settings.environment)
  const outputsError = await checkOutputs(deps)
  if (outputsError !== undefined) return fail(outputsError)
  const requests = logRequests(send, toolkit, secrets, clock)
  const exchange = detectWrongEndpoints(requests.exchange, () => clock.now())
  const ended = await waitForJobs(settings, deps, exchange)
  onReport()
  const results = explainResults(ended, settings.timeout, settings.successResults)
  const outputs = outputsOf(results)
  printDetails(results, outputs, requests.count(), toolkit, secrets)
  const isSuccess = results.every((result) => result.isSuccess)
  const report = { outputs, isSuccess, annotation: annotationOf(results), summary: summaryOf(results) }
  return publish(report, deps)
}

async function waitForJobs(settings: Settings, deps: Dependencies, exchange: Exchange) {
  const { toolkit, env, secrets, clock, wallClock, random } = deps
  const { waitFor, timeout } = settings
  const log = createLog(waitFor, toolkit, clock, usesColor(env))
  log.onStart(secrets.text(settings.endpoint), timeout, settings.credentials.source)
  const credentials = credentialsFor(settings, deps, exchange, log)
  const sender = { credentials, exchange, secrets, wallClock }
  const getProject = projectApi(settings.project, { ...sender, onProject: log.onProject })
  const api = { ...settings, ...sender, getProject }
  const finished = new AbortController()
  void log.startHeartbeat(finished.signal)
  const interval = pollInterval(settings.pollInterval, random)
  const plan = { ...settings, ...waitFor, interval, hasList: settings.service.hasList }
  const results = await wait(plan, {
    ...deps,
    getJob: jobsApi(api),
    listJobs: jobListApi(api),
    getInstance: instanceApi(api),
    getSubTasks: subTasksApi(api),
    connect: databaseConnector(secrets),
    listener: log,
    describe: (error) => secrets.error(error),
  })
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
