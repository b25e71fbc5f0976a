import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SERVICES } from '../../src/api/service.ts'
import { INPUTS, readInputs, type InputName, type Settings } from '../../src/inputs.ts'
import type { WaitFor } from '../../src/wait-for.ts'
import type { CredentialsChoice } from '../../src/credentials/choice.ts'
import { Secrets } from '../../src/secrets.ts'
import { hostileText } from '../model/hostile-text.ts'
import { plain } from './text.ts'

/** Any string in any input leads to valid settings, or to problems that quote no value. */

const NAMES = Object.keys(INPUTS) as InputName[]
/** Variables that the action reads, and some that it must ignore. */
const VARIABLES = [
  'HUAWEI_CLOUD_PROJECT_ID',
  'HUAWEICLOUD_SDK_PROJECT_ID',
  'HUAWEI_CLOUD_REGION',
  'HW_REGION_NAME',
  'HUAWEI_CLOUD_ACCESS_KEY_ID',
  'HUAWEI_CLOUD_SECRET_ACCESS_KEY',
  'HUAWEICLOUD_SDK_AK',
  'HUAWEICLOUD_SDK_SK',
  'HUAWEICLOUD_SDK_SECURITY_TOKEN',
  'HW_ACCESS_KEY',
  'HW_SECRET_KEY',
  'HW_SECURITY_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_URL',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'GITHUB_RUN_ID',
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  'INPUT_TOKEN',
  'PATH',
  '',
]
/** Inputs and variables with secret values. */
const SECRET_INPUTS = ['token', 'access-key-id', 'secret-access-key', 'security-token'] as const
const SECRET_VARIABLES = VARIABLES.filter((name) => /KEY|_AK|_SK|TOKEN$/.test(name) && name !== 'INPUT_TOKEN')

/** A shorter value is not a secret. */
const MIN_SECRET_LENGTH = 8
/** The length from which a substring of a value counts as quoted. */
const QUOTED_LENGTH = 6
/** Substrings of these files are not quoted: a value may contain words of a message by chance. */
const MESSAGE_PARTS: ReadonlySet<string> = new Set(
  substringsOf(
    [
      'inputs.ts',
      'wait-for.ts',
      'api/endpoints.ts',
      'api/service.ts',
      'credentials/choice.ts',
      'invalid-input.ts',
      'http/proxy.ts',
    ]
      .map((file) => readFileSync(join(import.meta.dirname, '..', '..', 'src', file), 'utf8'))
      .join(''),
  ),
)

type Given = Readonly<Partial<Record<InputName, string>>>

function read(given: Given, env: NodeJS.ProcessEnv = {}) {
  const masked: string[] = []
  const secrets = new Secrets((value) => masked.push(value))
  return { read: readInputs((name) => given[name] ?? '', env, secrets), masked }
}

/** Uses `assert`: in thousands of calls, Jest's `expect` takes more time than what it checks. */
function expectSettingsOrProblems(given: Given, env: NodeJS.ProcessEnv = {}): Settings | undefined {
  const { read: result, masked } = read(given, env)
  const secrets = [
    ...SECRET_INPUTS.map((name) => given[name]),
    ...SECRET_VARIABLES.map((name) => env[name]),
  ].map((value) => value?.trim() ?? '')
  const mustBeMasked = secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH)
  assert.deepEqual(
    mustBeMasked.filter((secret) => !masked.includes(secret)),
    [],
  )
  assert.ok(!masked.includes(''))
  if ('problems' in result) {
    expectUsefulProblems(result.problems.map(plain), [...Object.values(given), ...Object.values(env)])
    return undefined
  }
  expectValidSettings(result, given, env)
  return result
}

function expectUsefulProblems(problems: readonly string[], values: readonly (string | undefined)[]): void {
  const named = problems.map((problem) => /^([A-Za-z_-]+): \S/.exec(problem)?.[1])
  assert.notDeepEqual(named, [])
  const inputs = named.filter((name) => !VARIABLES.includes(name ?? ''))
  assert.deepEqual(
    [...new Set(inputs)],
    NAMES.filter((name) => named.includes(name)),
  )
  // An error of KooCLI is not a secret, and the only value that is quoted.
  const unquoted = problems.map((problem) =>
    problem.replace(
      /(?<=^(job|order|instance)-id: contains an error of KooCLI: “)\[[A-Z_]*ERROR\].*(?=”)/s,
      '',
    ),
  )
  const substrings = unquoted.flatMap(substringsOf).filter((part) => !MESSAGE_PARTS.has(part))
  assert.deepEqual(
    substrings.filter((part) => values.some((value) => value?.includes(part))),
    [],
  )
}

function substringsOf(text: string): string[] {
  const length = Math.max(0, text.length - QUOTED_LENGTH + 1)
  return Array.from({ length }, (_, at) => text.slice(at, at + QUOTED_LENGTH))
}

/** The form of each service's hosts. */
const HOSTS: Record<string, RegExp> = {
  taurusdb: /^https:\/\/gaussdb(formysql|-mysql)?\.[a-z]+-[a-z]+-\d+\.myhuaweicloud\.com$/,
  rds: /^https:\/\/rds\.[a-z]+-[a-z]+-\d+\.myhuaweicloud\.(com|eu)$/,
  dds: /^https:\/\/dds\.[a-z]+-[a-z]+-\d+\.myhuaweicloud\.(com|eu)$/,
  gaussdb: /^https:\/\/gaussdb(-opengauss)?\.[a-z]+-[a-z]+-\d+\.myhuaweicloud\.com$/,
  geminidb: /^https:\/\/gaussdb-nosql\.[a-z]+-[a-z]+-\d+\.myhuaweicloud\.(com|eu)$/,
}

function expectValidSettings(settings: Settings, given: Given, env: NodeJS.ProcessEnv): void {
  const { endpoint, project, credentials, timeout, pollInterval, service, language } = settings
  const name = Object.entries(SERVICES).find(([, each]) => each === service)?.[0] ?? ''
  const givenService = given.service?.trim() ?? ''
  assert.equal(name, givenService === '' ? 'taurusdb' : givenService)
  if (given.endpoint?.trim()) expectValidEndpoint(endpoint, given.endpoint.trim())
  else assert.match(endpoint, HOSTS[name] ?? /^$/)
  expectValidProject(project, given, env)
  expectValidWaitFor(settings.waitFor, given)
  expectValidSuccessResults(settings.successResults, given)
  expectValidCredentials(credentials, given, env)
  expectValidEnvironment(settings.environment)
  expectWithin(timeout, 1_000, 432_000_000)
  if (pollInterval !== 'auto') expectWithin(pollInterval, 1_000, 600_000)
  assert.ok(['en-us', 'zh-cn'].includes(language))
}

function expectValidProject(project: Settings['project'], given: Given, env: NodeJS.ProcessEnv): void {
  const values = [given['project-id'], ...VARIABLES.map((name) => env[name])].map((value) => value?.trim())
  if (typeof project === 'string') {
    assert.match(project, /^[A-Za-z0-9]{32}$/)
    assert.ok(values.includes(project))
    return
  }
  const { region, iamEndpoint } = project
  assert.equal(given['project-id']?.trim() ?? '', '')
  const regions = [given.region, ...VARIABLES.map((name) => env[name])].map((value) => value?.trim())
  assert.ok(regions.includes(region))
  const iam = given['iam-endpoint']?.trim() ?? ''
  if (iam !== '') expectValidEndpoint(iamEndpoint, iam)
  else assert.match(iamEndpoint, /^https:\/\/iam\.[a-z\d-]{1,40}\.myhuaweicloud\.com$/)
}

const KINDS = ['job', 'order', 'instance'] as const
const MAX_IDS = { job: 500, order: 50, instance: 20 }

function expectValidWaitFor({ kind, ids, until, connectTo }: WaitFor, given: Given): void {
  const inputs = KINDS.filter((each) => (given[`${each}-id`]?.trim() ?? '') !== '')
  assert.deepEqual(inputs, [kind])
  expectValidIds(
    ids.map(({ value }) => value),
    kind,
    given[`${kind}-id`],
  )
  const givenUntil = given['wait-until']?.trim() ?? ''
  assert.equal(until, givenUntil || (kind === 'instance' ? 'available' : 'completed'))
  assert.ok(['completed', 'available', 'connectable'].includes(until))
  if (kind !== 'job' || until !== 'completed')
    assert.ok(['', 'taurusdb'].includes(given.service?.trim() ?? ''))
  expectValidConnectTo(connectTo, until, given['connect-to']?.trim() ?? '')
}

function expectValidIds(ids: readonly string[], kind: WaitFor['kind'], given: string | undefined): void {
  assert.ok(ids.length >= 1)
  assert.ok(ids.length <= MAX_IDS[kind])
  assert.equal(new Set(ids.map((id) => id.toLowerCase())).size, ids.length)
  const pattern = kind === 'instance' ? /^[\w-]{1,128}$/ : /^[!-+\--~]{1,128}$/
  assert.deepEqual(
    ids.filter((id) => !pattern.test(id)),
    [],
  )
  const givenIds = textsIn(given).flatMap((text) => text.split(/[,\r\n]/).map(unquoted))
  const first = (id: string) => givenIds.findIndex((other) => other.toLowerCase() === id.toLowerCase())
  assert.deepEqual(
    ids,
    givenIds.filter((id, index) => id !== '' && first(id) === index),
  )
}

function expectValidConnectTo(connectTo: WaitFor['connectTo'], until: WaitFor['until'], given: string): void {
  assert.equal(connectTo === undefined, given === '')
  if (connectTo === undefined) return
  const { host, port } = connectTo
  assert.equal(until, 'connectable')
  assert.match(host, /^[\w.:-]{1,253}$/)
  assert.ok(Number.isInteger(port) && port >= 1 && port <= 65_535)
  const colon = given.lastIndexOf(':')
  assert.deepEqual(
    [given.slice(0, colon), Number(given.slice(colon + 1))],
    [host.includes(':') || given.startsWith('[') ? `[${host}]` : host, port],
  )
}

function expectValidSuccessResults(results: Settings['successResults'], given: Given): void {
  const names = (given['success-results'] ?? '').split(/[,\s]/).filter((name) => name !== '')
  assert.deepEqual(new Set(results), new Set(names.length === 0 ? ['completed'] : names))
  assert.ok(results.includes('completed'))
  assert.deepEqual(
    results.filter((name) => !['completed', 'vanished', 'canceled', 'timed-out'].includes(name)),
    [],
  )
}

/** The texts of a JSON array, or the value itself, each without quotes around it. */
function textsIn(value = ''): readonly string[] {
  const outer = parsed(value)
  const text = typeof outer === 'string' ? outer : value.trim().replace(/^'(.*)'$/s, '$1')
  const json = parsed(text)
  return Array.isArray(json) ? json.filter((one) => typeof one === 'string') : [text]
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unquoted(id: string): string {
  return id.trim().replace(/^"(.*)"$|^'(.*)'$/, '$1$2')
}

/** Checks that all parts come from the inputs, or all from the environment, and are valid in headers. */
function expectValidCredentials(credentials: CredentialsChoice, given: Given, env: NodeJS.ProcessEnv): void {
  const inputs = SECRET_INPUTS.map((name) => given[name]?.trim() ?? '')
  const variables = SECRET_VARIABLES.map((name) => env[name]?.trim() ?? '')
  switch (credentials.kind) {
    case 'token':
      assert.match(credentials.token, /^[!-~]{8,}$/)
      assert.deepEqual(inputs, [credentials.token, '', '', ''])
      return
    case 'access-key': {
      const { id, secret, securityToken = '' } = credentials.key
      for (const part of securityToken === '' ? [id, secret] : [id, secret, securityToken])
        assert.match(part, /^[!-~]{8,}$/)
      const source = inputs.join('') === '' ? variables : inputs
      for (const part of [id, secret, ...(securityToken === '' ? [] : [securityToken])])
        assert.ok(source.includes(part))
      return
    }
    case 'agency':
      assert.equal(inputs.join(''), '')
      assert.ok(variables.includes(credentials.agency.idTokenRequest.bearer))
      assert.match(credentials.agency.sessionName, /^[\w+=,.@-]{2,64}$/)
      return
    case 'ecs-agency':
      assert.equal(inputs.join(''), '')
      assert.equal(given['use-ecs-agency']?.trim().toLowerCase(), 'true')
  }
}

/** Checks that no proxy is set, or one that @actions/http-client can use. */
function expectValidEnvironment({
  https_proxy = '',
  HTTPS_PROXY,
  no_proxy = '',
  NO_PROXY,
}: NodeJS.ProcessEnv): void {
  assert.deepEqual([HTTPS_PROXY, NO_PROXY], [https_proxy, no_proxy])
  assert.doesNotMatch(no_proxy, /[\s*]\.|\s/)
  if (https_proxy === '') return
  const { protocol, pathname, search, hash, username, password } = new URL(https_proxy)
  assert.match(protocol, /^https?:$/)
  assert.deepEqual([pathname, search, hash], ['/', '', ''])
  assert.doesNotThrow(() => [decodeURIComponent(username), decodeURIComponent(password)])
}

function expectWithin(duration: number, min: number, max: number): void {
  assert.ok(Number.isInteger(duration / 1_000) && duration >= min && duration <= max)
}

function expectValidEndpoint(endpoint: string, given: string): void {
  assert.doesNotMatch(given, /[?#@\\\s]/)
  const url = new URL(endpoint)
  assert.match(endpoint, /^[!-~]*[^/]$/)
  const isLoopback = /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(url.hostname)
  assert.equal(url.protocol, url.protocol === 'http:' && isLoopback ? 'http:' : 'https:')
  assert.doesNotMatch(url.pathname, /\/v3$|\/jobs(\/|$)/i)
  // The endpoint leads where the input leads, and only the API path is appended.
  const expected = new URL(/^https?:/i.test(given) ? given : `https://${given}`)
  assert.deepEqual([url.protocol, url.host], [expected.protocol, expected.host])
  assert.deepEqual(expected.pathname.split('/').filter(Boolean), url.pathname.split('/').filter(Boolean))
  const request = new URL(`${endpoint}/v3/p/jobs?id=a%2Fb`)
  assert.equal(request.href, `${endpoint}/v3/p/jobs?id=a%2Fb`)
  assert.deepEqual(
    [request.origin, request.username, request.password, request.hash],
    [url.origin, '', '', ''],
  )
  assert.equal(request.pathname, `${url.pathname.replace(/\/$/, '')}/v3/p/jobs`)
}

const PROJECT = '0123456789abcdefABCDEF0123456789'

/** Values that are almost valid, or valid and look invalid. */
const nearlyValid = {
  endpoint: fc
    .tuple(
      fc.constantFrom(
        '',
        'https://',
        'HTTPS://',
        'http://',
        'https:',
        'https:/',
        'https:///',
        '//',
        'ftp://',
        'x',
      ),
      fc.constantFrom(
        ...[
          'gaussdb.cn-north-4.myhuaweicloud.com',
          'HOST.example.',
          '127.0.0.1',
          '127.1',
          '0x7f.1',
          '2130706433',
        ],
        ...[
          'localhost',
          'LOCALHOST',
          'localhost.',
          '[::1]',
          '[0:0::1]',
          '[::ffff:7f00:1]',
          '[::]',
          '0.0.0.0',
          '::1',
        ],
        ...[
          '192.0.2.1',
          '256.1.1.1',
          'xn--a',
          'xn--bcher-kva.example',
          'user@host',
          'user:word@127.0.0.1',
          '%31',
        ],
        ...[
          '127.0.0.1.example',
          'a'.repeat(64),
          'a.'.repeat(130),
          '-',
          '_',
          '.',
          '..',
          '',
          'h%00st',
          'h,st',
          'h|st',
        ],
      ),
      fc.constantFrom('', ':443', ':80', ':8480', ':0', ':65535', ':65536', ':', ':x', ':-1', ':٣'),
      fc.constantFrom(
        '',
        '/',
        '//',
        '/mysql',
        '/mysql/',
        '/a//b',
        '/v3',
        '/V3/',
        '/v3x',
        '/v3/p/jobs',
        '/JOBS/x',
      ),
      fc.constantFrom(
        '',
        '/..',
        '/%2e%2e',
        '/./',
        '/%2F',
        '/%6aobs',
        '/v%33',
        '?',
        '?a',
        '#',
        '#a',
        '\\',
        ' ',
        '\n',
      ),
    )
    .map((parts) => parts.join('')),
  'project-id': fc.constantFrom(
    PROJECT,
    `${PROJECT}0`,
    PROJECT.slice(1),
    ` ${PROJECT}\n`,
    `${PROJECT}\0`,
    '٣'.repeat(32),
  ),
  'order-id': fc.constantFrom(
    '',
    'CS2026',
    ' CS2026 ',
    '"CS2026"',
    '["CS2026"]',
    '["a","b"]',
    'a,b',
    'CS1\ncs1,CS2',
    'a b',
    'null',
    'é',
    'x'.repeat(129),
    ...[50, 51].map((count) => Array.from({ length: count }, (_, index) => `CS${index}`).join()),
  ),
  'instance-id': fc.constantFrom(
    '',
    'a48e43ff268f4c0e879652d65e63d0fbin07',
    ' instance_1, Instance_1\ninstance-2 ',
    '["instance-1","instance-2"]',
    '"instance-1"',
    '..',
    'a/b',
    'a?b',
    'null',
    '{"instance":{"id":"a"}}',
    'x'.repeat(128),
    'x'.repeat(129),
    ...[20, 21].map((count) => Array.from({ length: count }, (_, index) => `in${index}`).join()),
  ),
  'wait-until': fc.constantFrom('', 'completed', ' available ', 'connectable', 'Available', 'ready', 'null'),
  'connect-to': fc.oneof(
    fc.constantFrom('db.example:3306', '[::1]:3306'),
    fc
      .tuple(
        fc.constantFrom(
          ...['', '192.168.0.10', 'db.example', 'db_1.example', '[::1]', '[::ffff:192.0.2.1]', '[]', '::1'],
          ...[
            'mysql://db.example',
            'user@db.example',
            'db.example/a',
            'a b',
            'é',
            'x'.repeat(253),
            'x'.repeat(254),
          ],
        ),
        fc.constantFrom(
          ':3306',
          ':65535',
          ':1',
          ':0',
          ':65536',
          ':03306',
          ':',
          '',
          ':x',
          ':-1',
          ':٣',
          ':3306/',
        ),
      )
      .map((parts) => parts.join('')),
  ),
  'success-results': fc.constantFrom(
    '',
    'completed',
    ' completed , vanished ',
    'completed\nvanished,canceled\ntimed-out',
    'vanished,completed,vanished',
    'vanished',
    'completed;vanished',
    'completed,failed',
    'Completed',
    'completed,not-ready',
    ',',
  ),
  'job-id': fc.oneof(
    fc.constantFrom(
      '"job-1"',
      "'job-1'",
      '["job-1", "JOB-2"]',
      '["job-1",2]',
      '[',
      '{"job_id":"a"}',
      'https://host.example/a',
      'None',
      'a,<nil>',
      '[USE_ERROR]unknown parameter',
    ),
    fc
      .array(
        fc.constantFrom(
          'job-1',
          'JOB-1',
          'a'.repeat(128),
          'a'.repeat(129),
          '',
          ' ',
          'x y',
          'é',
          '[',
          ']',
          '"a"',
          '%',
        ),
      )
      .chain((ids) =>
        fc.constantFrom(',', '\n', '\r\n', ', ', ';', '\u2028').map((separator) => ids.join(separator)),
      ),
  ),
  token: fc.constantFrom(
    'MIIFake-token',
    'MIIFake',
    'a',
    ' a ',
    'a b',
    'a\nb',
    'é',
    '"',
    '%',
    '***',
    '$&',
    "$'",
    '\0',
    '\uD800',
  ),
  region: fc.constantFrom(
    'cn-north-4',
    'tr-west-1',
    'cn-east-5',
    'CN-NORTH-4',
    'cn-north-1',
    'eu-de',
    '__proto__',
    'gaussdb',
  ),
  'access-key-id': fc.constantFrom('', 'FAKE-KEY-ID', 'FAKEKEY', 'a b', 'a\nb', 'é', ','),
  'secret-access-key': fc.constantFrom('', 'fake-secret', 'fakefak', 'a b', '\0'),
  'security-token': fc.constantFrom('', 'fake+token/=', 'a b', '\uD800'),
  'identity-provider-urn': fc.constantFrom(
    '',
    'iam::0123:oidcProvider:github',
    'iam::0123:agency:deploy',
    'a b',
  ),
  'agency-urn': fc.constantFrom('', 'iam::0123:agency:deploy', 'iam::0123:oidcProvider:github', 'é'),
  audience: fc.constantFrom('', 'sts.myhuaweicloud.com', 'a b', '&audience=b', 'x'.repeat(256)),
  'sts-endpoint': fc.constantFrom('', 'sts.example', 'http://sts.example', 'sts.example/v5', 'a b'),
  'use-ecs-agency': fc.constantFrom('', 'false', 'true', 'TRUE', 'yes'),
  'iam-endpoint': fc.constantFrom('', 'iam.example', 'http://iam.example', 'iam.example/v3', 'a b'),
  timeout: fc
    .tuple(
      fc.nat(500),
      fc.constantFrom('', 's', 'm', 'h', 'd', 'm30s', 'h30m', ' m', '.5', 'e3', 'S', '٣', '\n'),
    )
    .map((parts) => parts.join('')),
  'poll-interval': fc.constantFrom('auto', 'AUTO', ' auto ', '1', '0', '10m', '601s', '-1', '1.5', '１'),
  'fail-fast': fc.constantFrom('', 'true', 'FALSE', 'yes', '1', ' true '),
  service: fc.constantFrom('', ...Object.keys(SERVICES), ' rds ', 'RDS', 'dds,rds', '__proto__', 'toString'),
  language: fc.constantFrom('en-us', 'zh-cn', 'EN-US', 'en', 'zh-cn\n', 'zh_cn'),
} satisfies Record<InputName, fc.Arbitrary<string>>

const anyText = fc.oneof(
  hostileText,
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
)

const proxies = fc
  .tuple(
    fc.constantFrom('', 'http://', 'https://', 'socks5://', 'HTTP:', '*.'),
    fc.constantFrom(
      '',
      'user@',
      'user:password@',
      'user:%@',
      'us%4:1@',
      ':@',
      'user:80#@',
      'user:80/@',
      'a:b:c@',
    ),
    fc.constantFrom('proxy.example', '[::1]', '[::1', '::1', '192.0.2.1', 'ho st', 'hö.example', '', '%'),
    fc.constantFrom('', ':3128', ':', ':99999', '/', '/a', '?', '#'),
  )
  .map((parts) => parts.join(''))

const environment = fc.dictionary(
  fc.constantFrom(...VARIABLES),
  fc.oneof(anyText, proxies, nearlyValid['project-id']),
)

describe('valid settings, or problems that name inputs and quote no value, result from', () => {
  test('arbitrary text in all inputs', () => {
    const inputs = fc.record(
      Object.fromEntries(NAMES.map((name) => [name, fc.oneof(anyText, nearlyValid[name])])) as Record<
        InputName,
        fc.Arbitrary<string>
      >,
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(inputs, environment, (given, env) => {
        expectSettingsOrProblems(given, env)
      }),
      { seed: 1, numRuns: 1_000 },
    )
  })

  test('arbitrary text in one input among valid ones', () => {
    const changed = fc
      .constantFrom(...NAMES)
      .chain((name) => fc.oneof(anyText, nearlyValid[name]).map((value) => ({ ...VALID, [name]: value })))
    fc.assert(
      fc.property(changed, environment, (given, env) => {
        expectSettingsOrProblems(given, env)
      }),
      { seed: 2, numRuns: 2_000, examples: [[{ ...VALID, endpoint: 'host.example/@a' }, {}]] },
    )
  })

  test('nearly valid values', () => {
    let accepted = 0
    fc.assert(
      fc.property(
        fc.record({ ...nearlyValid, token: fc.constant('MIIFake-token') }),
        environment,
        (given, env) => {
          for (const name of NAMES) {
            if (expectSettingsOrProblems({ ...VALID, [name]: given[name] }, env) !== undefined) accepted++
          }
        },
      ),
      { seed: 3, numRuns: 400 },
    )
    expect(accepted).toBeGreaterThan(400)
  })

  test('nearly valid services and regions, with each service accepted', () => {
    const accepted = new Set<string>()
    const { region, service } = nearlyValid
    const changed = fc.record({
      region: fc.oneof(region, fc.constantFrom('eu-west-101', 'cn-north-12')),
      service,
    })
    fc.assert(
      fc.property(changed, (given) => {
        const settings = expectSettingsOrProblems({ ...VALID, endpoint: '', ...given })
        if (settings !== undefined) accepted.add(settings.service.title)
      }),
      { seed: 5, numRuns: 400 },
    )
    expect(accepted.size).toBe(Object.keys(SERVICES).length)
  })

  test('nearly valid ways to say what to wait for, with each kind and condition accepted', () => {
    const accepted = new Set<string>()
    const names = [
      'job-id',
      'order-id',
      'instance-id',
      'wait-until',
      'connect-to',
      'success-results',
      'service',
    ] as const
    const given = fc
      .tuple(
        fc.constantFrom(...names.slice(0, 3)),
        fc.subarray([...names]),
        fc.record(Object.fromEntries(names.map((name) => [name, nearlyValid[name]]))),
      )
      .map(([id, others, values]): Given =>
        Object.fromEntries([id, ...others].map((name) => [name, values[name] ?? ''])),
      )
    fc.assert(
      fc.property(given, (some) => {
        const settings = expectSettingsOrProblems({ ...VALID, 'job-id': '', ...some })
        if (settings === undefined) return
        const { kind, until, connectTo } = settings.waitFor
        accepted.add(kind).add(until)
        if (connectTo !== undefined) accepted.add('connect-to')
        if (settings.successResults.length > 1) accepted.add('success-results')
      }),
      { seed: 6, numRuns: 1_500 },
    )
    expect([...accepted].toSorted()).toEqual([
      'available',
      'completed',
      'connect-to',
      'connectable',
      'instance',
      'job',
      'order',
      'success-results',
    ])
  })

  test('nearly valid credentials of every kind in inputs and environment', () => {
    const sources = new Set<string>()
    const any = (...names: InputName[]) =>
      fc.record(Object.fromEntries(names.map((name) => [name, nearlyValid[name]])), { requiredKeys: [] })
    const credentials = fc.oneof(
      any('token'),
      any('access-key-id', 'secret-access-key', 'security-token'),
      any('region', 'identity-provider-urn', 'agency-urn', 'audience', 'sts-endpoint'),
      any('token', 'secret-access-key', 'agency-urn', 'use-ecs-agency'),
      fc.constant({ 'use-ecs-agency': 'true' }),
      any('region', 'identity-provider-urn', 'agency-urn', 'audience', 'sts-endpoint'),
    )
    const idToken = {
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://github.example/token?api-version=2.0',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'fake-bearer',
    }
    const variables = fc.dictionary(
      fc.constantFrom(...VARIABLES),
      fc.constantFrom('fake-value', 'fake-value', 'https://github.example/token', 'cn-north-4', 'a b', ''),
      { minKeys: 5 },
    )
    const TEMPORARY_KEY = {
      'access-key-id': 'FAKE-KEY-ID',
      'secret-access-key': 'fake-secret',
      'security-token': 'fake+token/=',
    }
    fc.assert(
      fc.property(
        credentials,
        fc.oneof(
          variables,
          variables.map((some) => ({ ...some, ...idToken })),
        ),
        (given, env) => {
          const settings = expectSettingsOrProblems(
            { ...VALID, endpoint: 'gaussdb.example', token: '', ...given },
            env,
          )
          if (settings !== undefined) sources.add(settings.credentials.source)
        },
      ),
      { seed: 4, numRuns: 2_000, examples: [[TEMPORARY_KEY, {}]] },
    )
    // Every kind of credentials was accepted.
    expect([...sources]).toEqual(
      expect.arrayContaining([
        'an IAM token from the input token',
        'an access key from access-key-id, secret-access-key',
        'a temporary access key from access-key-id, secret-access-key, security-token',
        'an access key from HUAWEI_CLOUD_ACCESS_KEY_ID, HUAWEI_CLOUD_SECRET_ACCESS_KEY',
        'an access key from HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK',
        'GitHub OIDC with identity-provider-urn and agency-urn',
        'the agency of this ECS, from its metadata service',
      ]),
    )
  })

  const VALID = {
    endpoint: 'gaussdb.cn-north-4.myhuaweicloud.com',
    'project-id': PROJECT,
    'job-id': 'job-1',
    token: 'MIIFake-token',
  }
})

describe('a quarter of a megabyte in one input is read within half a second:', () => {
  /** Twice as long as a variable can be on Linux. Source: execve(2), MAX_ARG_STRLEN. */
  const SIZE = 256 * 1_024
  /** Includes texts that make regular expressions backtrack. */
  const fillers = [
    'a',
    '0',
    ' ',
    '\n',
    '/',
    '/a',
    '//',
    '/..',
    ',',
    'a,',
    '[',
    '"',
    '%',
    '%2e',
    '-',
    '.',
    'a.',
    ':',
    '@',
  ]
  const more = [
    'https://',
    '1h',
    '9m',
    '1s',
    '\\',
    '#',
    '?',
    '\r\n',
    '\0',
    'é',
    '😀',
    '\uD800',
    '=',
    '***',
    '$&',
    '<',
  ]

  // One secret is enough: their many forms make this slow.
  const names = NAMES.filter((name) => name === 'token' || !SECRET_INPUTS.some((secret) => secret === name))

  /**
   * Each text at both ends of a value, after its start and before its end. Spaces around a value are removed, so the first
   * value includes the text alone.
   */
  const valuesOf = (long: string) => [`  ${long}\u00A0`, `1${long}x`]
  /** In an address, a text after the host is another part than a text at the start. */
  const addressesOf = (long: string) => [long, `https://host.example/${long}`, ...valuesOf(long)]

  test.each(names)('%s', (name) => {
    for (const filler of [...fillers, ...more]) {
      const long = filler.repeat(SIZE / filler.length)
      for (const value of name.endsWith('endpoint') ? addressesOf(long) : valuesOf(long)) {
        // CPU time of this process, so that other load does not count.
        const start = process.cpuUsage()
        const { read: result } = read({ [name]: value })
        expect(process.cpuUsage(start).user).toBeLessThan(500_000)
        expect('problems' in result && result.problems.map(plain).join('').length < 5_000).toBe(true)
      }
    }
  })
})
