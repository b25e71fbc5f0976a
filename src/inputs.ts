import { iamEndpointOf, jobsEndpointOf, parseEndpoint } from './api/endpoints.ts'
import { PROJECT_ID, type ProjectChoice } from './api/project.ts'
import { SERVICES, type Service } from './api/service.ts'
import { chooseCredentials, registerSecrets, type InputReader } from './credentials/choice.ts'
import { METADATA_HOST } from './credentials/ecs-agency.ts'
import { formatDuration, HOUR, MINUTE, parseDuration, SECOND } from './duration.ts'
import { NO_PROXY_VARIABLES, parseNoProxy, parseProxy, PROXY_VARIABLES } from './http/proxy.ts'
import { invalid, InvalidInput, isComplete, parseBoolean, type Check } from './invalid-input.ts'
import type { Secrets } from './secrets.ts'
import { phrase, type Phrase } from './untrusted-text.ts'
import { parseSuccessResults, readWaitFor } from './wait-for.ts'

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

/** All inputs, if they are valid, and what they imply. */
export type Settings = Exclude<ReturnType<typeof readInputs>, { problems: unknown }>

/**
 * Reads and validates all inputs, after registering the secrets among them.
 *
 * @param getInput returns an input's value; empty if it is not set
 * @returns the settings, or all problems in the order of action.yml: `name: problem`; none quotes a value, except an error of KooCLI
 */
export function readInputs(getInput: (name: InputName) => string, env: NodeJS.ProcessEnv, secrets: Secrets) {
  const problems: Phrase[] = []
  const input = (name: InputName) => getInput(name).trim() || INPUTS[name]
  const variable = (name: string) => env[name]?.trim() ?? ''
  const check: Check = (name, value) => {
    if (!(value instanceof InvalidInput)) return value
    problems.push(phrase`${name}: ${value.problem}`)
    return undefined
  }

  registerSecrets({ input, variable }, secrets)
  const regions = REGION_VARIABLES.map((source) => ({ id: variable(source), source }))
  const region = [{ id: input('region'), source: 'region' }, ...regions].find(({ id }) => id !== '')
  const reader = { input, variable, region, check }
  const service =
    Object.entries(SERVICES).find(([name]) => name === input('service'))?.[1] ??
    invalid`must be one of ${Object.keys(SERVICES).join(', ')}.`
  const language = input('language')
  const settings = {
    endpoint: readEndpoint(reader, service),
    project: readProject(reader),
    waitFor: readWaitFor(reader, service, secrets),
    credentials: chooseCredentials(reader),
    /** Milliseconds. */
    timeout: check('timeout', parseDurationBetween(input('timeout'), SECOND, 120 * HOUR)),
    /** Milliseconds between two requests for a job. */
    pollInterval: check('poll-interval', parsePollInterval(input('poll-interval'))),
    failFast: check('fail-fast', parseBoolean(input('fail-fast'))),
    successResults: check('success-results', parseSuccessResults(input('success-results'))),
    service: check('service', service),
    language: check(
      'language',
      /^(en-us|zh-cn)$/.test(language) ? language : invalid`must be en-us or zh-cn.`,
    ),
    environment: readEnvironment(reader),
  }
  return isComplete(settings) ? settings : { problems }
}

interface Reader extends InputReader {
  readonly input: (name: InputName) => string
}

/** Returns the endpoint of the service in the form of {@link parseEndpoint}. */
function readEndpoint({ input, region, check }: Reader, service: Service | InvalidInput): string | undefined {
  const given = input('endpoint')
  if (given !== '' || region === undefined)
    return check('endpoint', given === '' ? NO_ENDPOINT : parseEndpoint(given, 'v3', 'jobs'))
  return service instanceof InvalidInput
    ? undefined
    : check(region.source, jobsEndpointOf(region.id, service))
}

const NO_ENDPOINT = invalid`missing. Set region (for example cn-north-4), or set endpoint to the host of the service's API.`

/** Without an ID, the project of the region is looked up. */
function readProject({ input, variable, region, check }: Reader): ProjectChoice | undefined {
  const id = input('project-id') || (PROJECT_VARIABLES.map(variable).find(Boolean) ?? '')
  const iam = input('iam-endpoint')
  const given = iam === '' ? undefined : check('iam-endpoint', parseEndpoint(iam, 'v3', 'projects'))
  if (iam !== '' && given === undefined) return undefined
  if (id !== '') return check('project-id', parseProjectId(id))
  const iamEndpoint = check('project-id', region === undefined ? NO_PROJECT : iamEndpointOf(region))
  return region && iamEndpoint && { region: region.id, iamEndpoint: given ?? iamEndpoint }
}

const NO_PROJECT = invalid`missing. Set project-id, or the environment variable ${PROJECT_VARIABLES[0]}, to the ID of the project; or set region to look it up.`

function parseProjectId(value: string): string | InvalidInput {
  return PROJECT_ID.test(value)
    ? value
    : invalid`must be exactly 32 letters and digits; the value has ${value.length} characters. Use the project ID, not the project name (a name looks like cn-north-4). The console shows it under My Credentials > Projects.`
}

function parsePollInterval(value: string): 'auto' | number | InvalidInput {
  return value === 'auto' ? value : parseDurationBetween(value, SECOND, 10 * MINUTE, 'auto or a duration')
}

function parseDurationBetween(text: string, min: number, max: number, form = 'a duration') {
  const duration = parseDuration(text)
  return duration !== undefined && duration >= min && duration <= max
    ? duration
    : invalid`must be ${form} from ${formatDuration(min)} to ${formatDuration(max)}, for example 90 (seconds), 45s, or 5m.`
}

/** Returns the environment variables as Node.js and @actions/http-client have to see them. */
function readEnvironment({ variable, check }: Reader): Readonly<Record<string, string>> | undefined {
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
