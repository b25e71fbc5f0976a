import type { JobId } from './api/job.ts'
import { formatDuration, HOUR, MINUTE, parseDuration, SECOND } from './duration.ts'
import type { Secrets } from './secrets.ts'

/** Every input of action.yml with its default there; a test holds the two and the README together. */
export const INPUTS = {
  endpoint: '',
  'project-id': '',
  'job-id': '',
  token: '',
  timeout: '60m',
  'poll-interval': 'auto',
  language: 'en-us',
} as const

export type InputName = keyof typeof INPUTS

/** Variables that hold a project id, in the order in which they are looked at. */
const PROJECT_VARIABLES = ['HUAWEI_CLOUD_PROJECT_ID', 'HUAWEICLOUD_SDK_PROJECT_ID'] as const

/** More would not fit into the outputs. */
const MOST_JOBS = 500

export interface Settings {
  /** Scheme, host and path prefix, without a slash at its end. */
  readonly endpoint: string
  readonly projectId: string
  /** Distinct, ignoring case, in the order given; at least one. */
  readonly jobs: readonly JobId[]
  readonly token: string
  /** Milliseconds. */
  readonly timeout: number
  /** Milliseconds between two requests for a job, or the schedule's own choice. */
  readonly pollInterval: 'auto' | number
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
  const input = <T>(name: InputName, parse: (value: string) => T | Wrong, fallback = ''): T | undefined => {
    const parsed = parse(given(name).trim() || fallback || INPUTS[name])
    if (!(parsed instanceof Wrong)) return parsed
    problems.push(`${name}: ${parsed.problem}`)
    return undefined
  }

  const token = given('token').trim()
  secrets.add(token)
  const projectFromEnv = PROJECT_VARIABLES.map((name) => env[name]?.trim()).find(Boolean)
  const settings = {
    endpoint: input('endpoint', parseEndpoint),
    projectId: input('project-id', parseProjectId, projectFromEnv),
    jobs: input('job-id', (value) => parseJobIds(value, secrets)),
    token: input('token', parseToken),
    timeout: input('timeout', (value) => parseLimits(value, SECOND, 120 * HOUR)),
    pollInterval: input('poll-interval', (value) =>
      value === 'auto' ? ('auto' as const) : parseLimits(value, SECOND, 10 * MINUTE),
    ),
    language: input('language', parseLanguage),
  }
  return isComplete(settings) ? settings : { problems }
}

class Wrong {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}

function isComplete<T extends object>(
  settings: T,
): settings is T & { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.values(settings).every((value) => value !== undefined)
}

function parseEndpoint(value: string): string | Wrong {
  if (value === '') {
    return new Wrong(
      'is missing. Give the host of the TaurusDB API, gaussdb.cn-north-4.myhuaweicloud.com say.',
    )
  }
  if (!/^[!-~]+$/.test(value) || value.includes('\\')) {
    return new Wrong(
      'holds a space, a backslash or a character that no host name has. Give host or host:port.',
    )
  }
  const url = parseUrl(value)
  if (url === null) return new Wrong('is no host name. Give host or host:port, with or without https://.')
  if (url.username !== '' || url.password !== '' || value.includes('@')) {
    return new Wrong('holds a user name or password. Leave it out; credentials are inputs of their own.')
  }
  if (/[?#]/.test(value)) return new Wrong('holds a query (?) or a fragment (#). Leave it out.')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    return new Wrong(
      'must be https://. Plain http:// would send the token in the clear, so only a loopback address may have it.',
    )
  }
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  if (
    segments.at(-1)?.toLowerCase() === 'v3' ||
    segments.some((segment) => segment.toLowerCase() === 'jobs')
  ) {
    return new Wrong('already holds the API’s path. Give only the part before /v3; the action adds the rest.')
  }
  return [url.origin, ...segments].join('/')
}

/** Without a scheme, only host or host:port may come first: `https:/host` would else name the host `https`. */
function parseUrl(value: string): URL | null {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return URL.parse(value)
  return /^(\[[^/\]]*\]|[^/:]+)(:\d+)?(\/|$)/.test(value) ? URL.parse(`https://${value}`) : null
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

function parseProjectId(value: string): string | Wrong {
  if (value === '') {
    return new Wrong(`is missing. Give the project’s id, as an input or in ${PROJECT_VARIABLES[0]}.`)
  }
  return /^[A-Za-z0-9]{32}$/.test(value)
    ? value
    : new Wrong(
        `must be 32 letters or digits, and this has ${value.length} characters. Its name, “cn-north-4” say, is not its id: see My Credentials > Projects in the console.`,
      )
}

function parseJobIds(value: string, secrets: Secrets): readonly JobId[] | Wrong {
  if (value === '') {
    return new Wrong(
      'is missing. Perhaps the step that should have given it has another id or output name, or failed; a yearly or monthly purchase answers an order_id and no job id.',
    )
  }
  if (/^(null|undefined)$/.test(value)) {
    return new Wrong(
      `is the word ${value}: the answer that the earlier step read it from has no job id. A yearly or monthly purchase answers an order_id instead.`,
    )
  }
  if (value.startsWith('[')) {
    return new Wrong("is a JSON array. Join it: ${{ join(fromJSON(steps.create.outputs.job-ids), ',') }}")
  }
  const ids = value
    .split(/[,\r\n]/)
    .map((id) => id.trim())
    .filter((id) => id !== '')
  if (ids.length === 0) return new Wrong('holds only commas and line ends. Give at least one id.')
  const bad = ids.findIndex((id) => !/^[!-~]{1,128}$/.test(id))
  if (bad >= 0) {
    return new Wrong(
      `must be ids of 1 to 128 printable ASCII characters without spaces, separated by commas or line ends; number ${bad + 1} is not.`,
    )
  }
  const distinct = new Map<string, string>()
  for (const id of ids) if (!distinct.has(id.toLowerCase())) distinct.set(id.toLowerCase(), id)
  if (distinct.size > MOST_JOBS) {
    return new Wrong(
      `holds ${distinct.size} ids, and one step waits for ${MOST_JOBS} at most. Use several steps.`,
    )
  }
  return [...distinct.values()].map((id) => ({ value: id, text: secrets.text(id) }))
}

function parseToken(value: string): string | Wrong {
  if (value === '') {
    return new Wrong(
      'is missing. Give an IAM user token from a secret; a secret’s value is empty in workflows of forks and where its name is misspelled.',
    )
  }
  return /^[!-~]+$/.test(value)
    ? value
    : new Wrong(
        'holds a space, a line end or a character that no token has. Give only the value of X-Subject-Token.',
      )
}

function parseLimits(value: string, least: number, most: number): number | Wrong {
  const duration = parseDuration(value)
  if (duration === undefined) {
    return new Wrong('is no duration. Write seconds as 90 or 45s, minutes as 30m, or both as 1h30m.')
  }
  return duration >= least && duration <= most
    ? duration
    : new Wrong(`must be ${formatDuration(least)} to ${formatDuration(most)}.`)
}

function parseLanguage(value: string): string | Wrong {
  return value === 'en-us' || value === 'zh-cn' ? value : new Wrong('must be en-us or zh-cn.')
}
