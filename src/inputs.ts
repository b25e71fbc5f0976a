import { iamEndpointOf, jobsEndpointOf, parseEndpoint, type Region } from './api/endpoints.ts'
import type { ProjectChoice } from './api/project.ts'
import { SERVICES, type Service } from './api/service.ts'
import { chooseCredentials, registerSecrets, type CredentialsChoice } from './credentials/choice.ts'
import { METADATA_HOST } from './credentials/ecs-agency.ts'
import { formatDuration, HOUR, MINUTE, parseDuration, SECOND } from './duration.ts'
import { NO_PROXY_VARIABLES, parseNoProxy, parseProxy, PROXY_VARIABLES } from './http/proxy.ts'
import { InvalidInput, isComplete, parseBoolean, parseMatching } from './invalid-input.ts'
import type { Secrets } from './secrets.ts'
import { phrase, type Phrase } from './untrusted-text.ts'
import { parseSuccessResults, readWaitFor, type SuccessResult, type WaitFor } from './wait-for.ts'

/** All inputs with their defaults; a test compares them with action.yml and the README. */
export const INPUTS = {
  endpoint: '',
  region: '',
  'project-id': '',
  'iam-endpoint': '',
  'job-id': '',
  'order-id': '',
  'instance-id': '',
  'wait-until': '',
  'connect-to': '',
  token: '',
  'access-key-id': '',
  'secret-access-key': '',
  'security-token': '',
  'identity-provider-urn': '',
  'agency-urn': '',
  audience: 'sts.myhuaweicloud.com',
  'sts-endpoint': '',
  'use-ecs-agency': 'false',
  timeout: '60m',
  'poll-interval': 'auto',
  'fail-fast': 'false',
  'success-results': 'completed',
  service: 'taurusdb',
  language: 'en-us',
} as const

export type InputName = keyof typeof INPUTS

/** Environment variables that replace inputs, in order of precedence. */
const PROJECT_VARIABLES = ['HUAWEI_CLOUD_PROJECT_ID', 'HUAWEICLOUD_SDK_PROJECT_ID'] as const
const REGION_VARIABLES = ['HUAWEI_CLOUD_REGION', 'HW_REGION_NAME'] as const

export interface Settings {
  /** Scheme, host, and path prefix, without a trailing slash. */
  readonly endpoint: string
  readonly project: ProjectChoice
  readonly waitFor: WaitFor
  readonly credentials: CredentialsChoice
  /** Milliseconds. */
  readonly timeout: number
  /** Milliseconds between two requests for a job. */
  readonly pollInterval: 'auto' | number
  readonly failFast: boolean
  /** Results with which the step succeeds. */
  readonly successResults: readonly SuccessResult[]
  readonly service: Service
  readonly language: string
  /** Environment variables as Node.js and @actions/http-client have to see them. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Reads and validates all inputs, after registering the secrets among them.
 *
 * @param getInput returns an input's value; empty if it is not set
 * @returns the settings, or all problems in the order of action.yml: `name: problem`; none quotes a value, except an error of KooCLI
 */
export function readInputs(
  getInput: (name: InputName) => string,
  env: NodeJS.ProcessEnv,
  secrets: Secrets,
): Settings | { readonly problems: readonly Phrase[] } {
  const problems: Phrase[] = []
  const input = (name: InputName) => getInput(name).trim() || INPUTS[name]
  const variable = (name: string) => env[name]?.trim() ?? ''
  const check = <T>(name: string, value: T | InvalidInput): T | undefined => {
    if (!(value instanceof InvalidInput)) return value
    problems.push(phrase`${name}: ${value.problem}`)
    return undefined
  }

  registerSecrets({ input, variable }, secrets)
  const region = readRegion(input('region'), variable)
  const fromRegion = input('endpoint') === '' && region !== undefined
  const projectId = input('project-id') || (PROJECT_VARIABLES.map(variable).find(Boolean) ?? '')
  const service = parseService(input('service'))
  const settings = {
    endpoint: fromRegion
      ? check(region.source, service instanceof InvalidInput ? undefined : jobsEndpointOf(region.id, service))
      : check('endpoint', parseJobsEndpoint(input('endpoint'))),
    project: readProject(projectId, input('iam-endpoint'), region, check),
    waitFor: readWaitFor({ input, check }, service, secrets),
    credentials: chooseCredentials({ input, variable, region, check }),
    timeout: check('timeout', parseDurationBetween(input('timeout'), SECOND, 120 * HOUR)),
    pollInterval: check('poll-interval', parsePollInterval(input('poll-interval'))),
    failFast: check('fail-fast', parseBoolean(input('fail-fast'))),
    successResults: check('success-results', parseSuccessResults(input('success-results'))),
    service: check('service', service),
    language: check(
      'language',
      parseMatching(input('language'), /^(en-us|zh-cn)$/, 'must be en-us or zh-cn.'),
    ),
    environment: readEnvironment(variable, check),
  }
  return isComplete(settings) ? settings : { problems }
}

function readEnvironment(
  variable: (name: string) => string,
  check: (name: string, value: string | InvalidInput) => string | undefined,
): Record<string, string> | undefined {
  const proxy = PROXY_VARIABLES.find((name) => variable(name) !== '')
  const url = proxy === undefined ? '' : check(proxy, parseProxy(variable(proxy)))
  if (url === undefined) return undefined
  const hosts = NO_PROXY_VARIABLES.map(variable).find(Boolean) ?? ''
  const noProxy = parseNoProxy(`${hosts},${METADATA_HOST}`)
  return {
    // All names, because http-client would prefer a variable that contains only spaces.
    ...Object.fromEntries(PROXY_VARIABLES.map((name) => [name, url])),
    ...Object.fromEntries(NO_PROXY_VARIABLES.map((name) => [name, noProxy])),
    // Certificates are always verified, also those of proxies, for which http-client has no option.
    NODE_TLS_REJECT_UNAUTHORIZED: '1',
  }
}

/** Whether the log is styled: only for the runner's log viewer, and unless NO_COLOR is set (https://no-color.org). */
export function usesColor(env: NodeJS.ProcessEnv): boolean {
  return env['GITHUB_ACTIONS'] === 'true' && (env['NO_COLOR'] ?? '') === ''
}

function readRegion(id: string, variable: (name: string) => string): Region | undefined {
  if (id !== '') return { id, source: 'region' }
  const source = REGION_VARIABLES.find((name) => variable(name) !== '')
  return source && { id: variable(source), source }
}

function parseJobsEndpoint(value: string): string | InvalidInput {
  if (value !== '') return parseEndpoint(value, 'v3', 'jobs')
  return new InvalidInput(
    "missing. Set region (for example cn-north-4), or set endpoint to the host of the service's API.",
  )
}

/** Without an ID, the project of the region is looked up. */
function readProject(
  id: string,
  iam: string,
  region: Region | undefined,
  check: <T>(name: string, value: T | InvalidInput) => T | undefined,
): ProjectChoice | undefined {
  const given = iam === '' ? undefined : check('iam-endpoint', parseEndpoint(iam, 'v3', 'projects'))
  if (iam !== '' && given === undefined) return undefined
  if (id !== '') return check('project-id', parseProjectId(id))
  if (region === undefined) {
    const problem = `missing. Set project-id, or the environment variable ${PROJECT_VARIABLES[0]}, to the ID of the project; or set region to look it up.`
    return check<ProjectChoice>('project-id', new InvalidInput(problem))
  }
  const iamEndpoint = check('project-id', iamEndpointOf(region))
  return iamEndpoint && { region: region.id, iamEndpoint: given ?? iamEndpoint }
}

function parseProjectId(value: string): string | InvalidInput {
  return parseMatching(
    value,
    /^[A-Za-z0-9]{32}$/,
    `must be exactly 32 letters and digits; the value has ${value.length} characters. Use the project ID, not the project name (a name looks like cn-north-4). The console shows it under My Credentials > Projects.`,
  )
}

function parsePollInterval(value: string): 'auto' | number | InvalidInput {
  return value === 'auto' ? value : parseDurationBetween(value, SECOND, 10 * MINUTE, 'auto or a duration')
}

function parseDurationBetween(
  value: string,
  min: number,
  max: number,
  form = 'a duration',
): number | InvalidInput {
  const duration = parseDuration(value)
  if (duration !== undefined && duration >= min && duration <= max) return duration
  const range = `${formatDuration(min)} to ${formatDuration(max)}`
  return new InvalidInput(`must be ${form} from ${range}, for example 90 (seconds), 45s, or 5m.`)
}

function parseService(value: string): Service | InvalidInput {
  const found = Object.entries(SERVICES).find(([name]) => name === value)
  return found?.[1] ?? new InvalidInput(`must be one of ${Object.keys(SERVICES).join(', ')}.`)
}
