import { jobsEndpointOf, parseEndpoint, type Region } from './api/endpoints.ts'
import type { JobId } from './api/job.ts'
import { isServiceName, SERVICES, type Service } from './api/service.ts'
import { chooseCredentials, registerSecrets, type CredentialsChoice } from './credentials/choice.ts'
import { formatDuration, HOUR, MINUTE, parseDuration, SECOND } from './duration.ts'
import type { Secrets } from './secrets.ts'
import { InvalidInput } from './invalid-input.ts'

/** Every input of action.yml with its default there; a test holds the two and the README together. */
export const INPUTS = {
  endpoint: '',
  region: '',
  'project-id': '',
  'job-id': '',
  'order-id': '',
  token: '',
  'access-key-id': '',
  'secret-access-key': '',
  'security-token': '',
  'identity-provider-urn': '',
  'agency-urn': '',
  audience: 'sts.myhuaweicloud.com',
  'sts-endpoint': '',
  timeout: '60m',
  'poll-interval': 'auto',
  'fail-fast': 'false',
  service: 'taurusdb',
  language: 'en-us',
} as const

export type InputName = keyof typeof INPUTS

/** Variables that hold what is not given, in the order in which they are looked at. */
const PROJECT_VARIABLES = ['HUAWEI_CLOUD_PROJECT_ID', 'HUAWEICLOUD_SDK_PROJECT_ID'] as const
const REGION_VARIABLES = ['HUAWEI_CLOUD_REGION', 'HW_REGION_NAME'] as const

/** More would not fit into the outputs. */
const MAX_JOBS = 500

export interface Settings {
  /** Scheme, host and path prefix, without a slash at its end. */
  readonly endpoint: string
  readonly projectId: string
  /** Distinct, ignoring case, in the order given, at least one; or the order whose jobs are to be found. */
  readonly jobs: readonly JobId[] | { readonly order: JobId }
  readonly credentials: CredentialsChoice
  /** Milliseconds. */
  readonly timeout: number
  /** Milliseconds between two requests for a job, or the schedule's own choice. */
  readonly pollInterval: 'auto' | number
  /** Whether the first job that does not complete ends the wait for all. */
  readonly failFast: boolean
  readonly service: Service
  readonly language: string
}

/** What is wrong with the inputs, one sentence each, in the order of action.yml. They quote no value. */
export interface InputProblems {
  readonly problems: readonly string[]
}

/**
 * Reads all inputs, and registers the secret ones first of all.
 *
 * @param given an input's value, empty when it was not given (`core.getInput`)
 * @param env variables for what was not given
 */
export function readInputs(
  given: (name: InputName) => string,
  env: NodeJS.ProcessEnv,
  secrets: Secrets,
): Settings | InputProblems {
  const problems: string[] = []
  const report = (name: string, problem: string) => {
    problems.push(`${name}: ${problem}`)
  }
  const input = (name: InputName) => given(name).trim() || INPUTS[name]
  const variable = (name: string) => env[name]?.trim() ?? ''
  const read = <T>(name: string, value: T | InvalidInput): T | undefined => {
    if (!(value instanceof InvalidInput)) return value
    report(name, value.problem)
    return undefined
  }

  registerSecrets({ input, variable }, secrets)
  const region = readRegion(input('region'), variable)
  const fromRegion = input('endpoint') === '' && region !== undefined
  const projectId = input('project-id') || (PROJECT_VARIABLES.map(variable).find(Boolean) ?? '')
  const service = parseService(input('service'))
  const settings = {
    endpoint: fromRegion
      ? read(region.source, service instanceof InvalidInput ? undefined : jobsEndpointOf(region.id, service))
      : read('endpoint', parseJobsEndpoint(input('endpoint'))),
    projectId: read('project-id', parseProjectId(projectId)),
    jobs:
      input('order-id') === ''
        ? read('job-id', parseJobIds(input('job-id'), secrets))
        : read('order-id', parseOrderId(input('order-id'), input('job-id'), service, secrets)),
    credentials: chooseCredentials({ input, variable, region, report }),
    timeout: read('timeout', parseLimits(input('timeout'), SECOND, 120 * HOUR)),
    pollInterval: read('poll-interval', parsePollInterval(input('poll-interval'))),
    failFast: read('fail-fast', parseSwitch(input('fail-fast'))),
    service: read('service', service),
    language: read('language', parseLanguage(input('language'))),
  }
  return isComplete(settings) ? settings : { problems }
}

/** Whether the log may be coloured: the runner shows it, and nobody asked for none (no-color.org). */
export function usesColor(env: NodeJS.ProcessEnv): boolean {
  return env['GITHUB_ACTIONS'] === 'true' && (env['NO_COLOR'] ?? '') === ''
}

function isComplete<T extends object>(
  settings: T,
): settings is T & { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.values(settings).every((value) => value !== undefined)
}

function readRegion(given: string, variable: (name: string) => string): Region | undefined {
  if (given !== '') return { id: given, source: 'region' }
  const source = REGION_VARIABLES.find((name) => variable(name) !== '')
  return source && { id: variable(source), source }
}

function parseJobsEndpoint(value: string): string | InvalidInput {
  if (value !== '') return parseEndpoint(value, 'v3', 'jobs')
  return new InvalidInput(
    'is missing. Give endpoint, the host of the service’s API, or region, cn-north-4 say, whose host is looked up.',
  )
}

function parseProjectId(value: string): string | InvalidInput {
  if (value === '') {
    return new InvalidInput(`is missing. Give the project’s id, as an input or in ${PROJECT_VARIABLES[0]}.`)
  }
  return /^[A-Za-z0-9]{32}$/.test(value)
    ? value
    : new InvalidInput(
        `must be 32 letters or digits, and this has ${value.length} characters. Its name, “cn-north-4” say, is not its id: see My Credentials > Projects in the console.`,
      )
}

function parseJobIds(value: string, secrets: Secrets): readonly JobId[] | InvalidInput {
  if (value === '') {
    return new InvalidInput(
      'is missing. Perhaps the step that should have given it has another id or output name, or failed. A yearly or monthly purchase answers an order_id and no job id: give it as order-id.',
    )
  }
  if (/^(null|undefined)$/.test(value)) {
    return new InvalidInput(
      `is the word ${value}: the answer that the earlier step read it from has no job id. A yearly or monthly purchase answers an order_id instead: give it as order-id.`,
    )
  }
  if (value.startsWith('[')) {
    return new InvalidInput(
      "is a JSON array. Join it: ${{ join(fromJSON(steps.create.outputs.job-ids), ',') }}",
    )
  }
  const ids = value
    .split(/[,\r\n]/)
    .map((id) => id.trim())
    .filter((id) => id !== '')
  if (ids.length === 0) return new InvalidInput('holds only commas and line ends. Give at least one id.')
  const bad = ids.findIndex((id) => !/^[!-~]{1,128}$/.test(id))
  if (bad >= 0) {
    return new InvalidInput(
      `must be ids of 1 to 128 printable ASCII characters without spaces, separated by commas or line ends; number ${bad + 1} is not.`,
    )
  }
  const distinct = new Map<string, string>()
  for (const id of ids) if (!distinct.has(id.toLowerCase())) distinct.set(id.toLowerCase(), id)
  if (distinct.size > MAX_JOBS) {
    return new InvalidInput(
      `holds ${distinct.size} ids, and one step waits for ${MAX_JOBS} at most. Use several steps.`,
    )
  }
  return [...distinct.values()].map((id) => ({ value: id, text: secrets.text(id) }))
}

function parseOrderId(
  value: string,
  jobIds: string,
  service: Service | InvalidInput,
  secrets: Secrets,
): { readonly order: JobId } | InvalidInput {
  if (jobIds !== '') {
    return new InvalidInput('is given beside job-id. Give one of them: the order’s jobs are found by its id.')
  }
  if (/^(null|undefined)$/.test(value)) {
    return new InvalidInput(
      `is the word ${value}: the answer that the earlier step read it from has no order id. A pay-per-use purchase answers a job_id instead.`,
    )
  }
  if (!/^[!-+\--~]{1,128}$/.test(value)) {
    return new InvalidInput(
      'must be one id of 1 to 128 printable ASCII characters without spaces and commas.',
    )
  }
  if (!(service instanceof InvalidInput) && !service.hasList) {
    return new InvalidInput(
      `needs TaurusDB’s list of jobs, which ${service.title} does not have. Give job-id.`,
    )
  }
  return { order: { value, text: secrets.text(value) } }
}

function parsePollInterval(value: string): 'auto' | number | InvalidInput {
  return value === 'auto' ? value : parseLimits(value, SECOND, 10 * MINUTE)
}

function parseLimits(value: string, least: number, most: number): number | InvalidInput {
  const duration = parseDuration(value)
  if (duration === undefined) {
    return new InvalidInput('is no duration. Write seconds as 90 or 45s, minutes as 30m, or both as 1h30m.')
  }
  return duration >= least && duration <= most
    ? duration
    : new InvalidInput(`must be ${formatDuration(least)} to ${formatDuration(most)}.`)
}

/** YAML's own spellings. */
function parseSwitch(value: string): boolean | InvalidInput {
  if (/^(true|True|TRUE)$/.test(value)) return true
  return /^(false|False|FALSE)$/.test(value) ? false : new InvalidInput('must be true or false.')
}

function parseService(value: string): Service | InvalidInput {
  return isServiceName(value)
    ? SERVICES[value]
    : new InvalidInput(`must be one of ${Object.keys(SERVICES).join(', ')}.`)
}

function parseLanguage(value: string): string | InvalidInput {
  return value === 'en-us' || value === 'zh-cn' ? value : new InvalidInput('must be en-us or zh-cn.')
}
