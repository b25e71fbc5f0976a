import { describe, expect, test } from '@jest/globals'
import { SERVICES } from '../../src/api/service.ts'
import { readInputs, type InputName, type Settings } from '../../src/inputs.ts'
import { Secrets } from '../../src/secrets.ts'
import { noSecrets, plain } from './text.ts'

const VALID: Partial<Record<InputName, string>> = {
  endpoint: 'gaussdb.cn-north-4.myhuaweicloud.com',
  'project-id': '0123456789abcdef0123456789abcdef',
  'job-id': 'job-1',
  token: 'token-not-a-secret',
}

function read(inputs: Partial<Record<InputName, string>>, env: NodeJS.ProcessEnv = {}) {
  return readInputs((name) => ({ ...VALID, ...inputs })[name] ?? '', env, noSecrets)
}

function settings(inputs: Partial<Record<InputName, string>>, env?: NodeJS.ProcessEnv): Settings {
  const result = read(inputs, env)
  if ('problems' in result) throw new Error(result.problems.map(plain).join('\n'))
  return result
}

function problems(inputs: Partial<Record<InputName, string>>): readonly string[] {
  const result = read(inputs)
  return 'problems' in result ? result.problems.map(plain) : []
}

test('inputs that are not set have their defaults', () => {
  const { timeout, pollInterval, language } = settings({ timeout: ' ', 'poll-interval': '' })
  expect({ timeout, pollInterval, language }).toEqual({
    timeout: 3_600_000,
    pollInterval: 'auto',
    language: 'en-us',
  })
})

describe('endpoint', () => {
  test.each([
    ['host.example', 'https://host.example'],
    ['HOST.example:8443', 'https://host.example:8443'],
    ['https://host.example/', 'https://host.example'],
    ['https://host.example/mysql//', 'https://host.example/mysql'],
    ['host.example/a/b', 'https://host.example/a/b'],
    ['http://127.0.0.1:8480', 'http://127.0.0.1:8480'],
    ['http://localhost:8480/mysql', 'http://localhost:8480/mysql'],
    ['http://[::1]:8480', 'http://[::1]:8480'],
    ['https://host.example/v3x', 'https://host.example/v3x'],
  ])('%s is read as %s', (endpoint, expected) => {
    expect(settings({ endpoint }).endpoint).toBe(expected)
  })

  test.each([
    ['', 'missing'],
    ['http://host.example', 'must use https://'],
    ['http://localhost.example', 'must use https://'],
    ['http://128.0.0.1', 'must use https://'],
    ['ftp://host.example', 'must use https://'],
    ['https://user:word@host.example', 'user name or password'],
    ['https://host.example?x=1', 'a query'],
    ['https://host.example#x', 'a fragment'],
    ['https://host.example/v3', 'only the part before /v3'],
    ['https://host.example/mysql/v3/', 'only the part before /v3'],
    ['https://host.example/v3/project/jobs', 'only the part before /v3'],
    ['https://host.example/v3/project/jobs?id=x', 'a query'],
    ['https://', 'must be host or host:port'],
    ['ho st.example', 'contains a space'],
    ['host.example:port', 'must be host or host:port'],
    ['${{ vars.ENDPOINT }}', 'contains a space'],
    ['https:\\\\host.example', 'a backslash'],
    ['https:/host.example', 'must be host or host:port'],
    ['https:host.example', 'must be host or host:port'],
    ['host.example:/x', 'must be host or host:port'],
    ['host.example/%ff', 'not valid percent-encoding of UTF-8'],
    ['host.example/%zz', 'not valid percent-encoding of UTF-8'],
  ])('%j is invalid: %s', (endpoint, expected) => {
    expect(problems({ endpoint })).toEqual([expect.stringContaining(expected)])
    expect(problems({ endpoint })[0]).toMatch(/^endpoint: /)
  })
})

describe('project-id', () => {
  test('comes from the environment if it is not set, in order of precedence', () => {
    const [first, second] = ['1'.repeat(32), '2'.repeat(32)]
    const env = { HUAWEICLOUD_SDK_PROJECT_ID: second, HUAWEI_CLOUD_PROJECT_ID: first }
    expect(settings({ 'project-id': '' }, env).projectId).toBe(first)
    expect(settings({ 'project-id': '' }, { HUAWEICLOUD_SDK_PROJECT_ID: second }).projectId).toBe(second)
    expect(settings({}, env).projectId).toBe(VALID['project-id'])
  })

  test.each(['', 'cn-north-4', '0'.repeat(31), '0'.repeat(33), `${'0'.repeat(31)}-`])(
    '%j is invalid',
    (id) => {
      expect(problems({ 'project-id': id })).toEqual([expect.stringMatching(/^project-id: /)])
    },
  )
})

describe('job-id', () => {
  test.each([
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['a\nb\r\nc\r', ['a', 'b', 'c']],
    [' a , ,b,\n', ['a', 'b']],
    ['B,a,b,A,B', ['B', 'a']],
    ['!"#$%&\'()*+-./:;<=>?@[]^_`{|}~', ['!"#$%&\'()*+-./:;<=>?@[]^_`{|}~']],
    ['x'.repeat(128), ['x'.repeat(128)]],
  ])('%j is read as the IDs %j', (given, ids) => {
    expect(settings({ 'job-id': given }).jobs).toMatchObject(ids.map((value) => ({ value })))
  })

  test.each([
    ['', 'order_id'],
    ['["a","b"]', 'join(fromJSON('],
    ['null', 'the word null'],
    ['undefined', 'the word undefined'],
    [',,\n', 'only commas'],
    ['a,b c', 'ID number 2 is not valid'],
    ['é', 'ID number 1 is not valid'],
    ['x'.repeat(129), 'ID number 1 is not valid'],
    [Array.from({ length: 501 }, (_, index) => `id${index}`).join(), 'at most 500 jobs'],
  ])('%j is invalid', (given, expected) => {
    expect(problems({ 'job-id': given })).toEqual([expect.stringContaining(expected)])
  })

  test('with 60,000 IDs is read within two seconds', () => {
    expect(problems({ 'job-id': Array.from({ length: 60_000 }, (_, index) => index).join() })).toHaveLength(1)
  }, 2_000)
})

describe('order-id', () => {
  const given = { 'job-id': '', 'order-id': ' CS2026 ' }

  test('replaces job-id', () => {
    expect(settings(given).jobs).toMatchObject({ order: { value: 'CS2026' } })
  })

  test.each([
    [{ 'job-id': 'a' }, 'cannot be combined with job-id'],
    [{ 'order-id': 'null' }, 'the word null'],
    [{ 'order-id': 'a,b' }, 'must be one ID'],
    [{ 'order-id': 'a b' }, 'must be one ID'],
    [{ 'order-id': 'x'.repeat(129) }, 'must be one ID'],
    [{ service: 'rds' }, 'For RDS, use job-id'],
  ])('is invalid with %j', (change, expected) => {
    expect(problems({ ...given, ...change })).toEqual([
      expect.stringMatching(new RegExp(`^order-id: .*${expected}`)),
    ])
  })
})

describe('durations', () => {
  test.each([
    ['timeout', '1', 1_000],
    ['timeout', '120h', 432_000_000],
    ['poll-interval', '1s', 1_000],
    ['poll-interval', '10m', 600_000],
  ] as const)('%s accepts %s', (name, value, ms) => {
    const { timeout, pollInterval } = settings({ [name]: value })
    expect(name === 'timeout' ? timeout : pollInterval).toBe(ms)
  })

  test.each([
    ['timeout', '0', 'must be a duration from 1s to 120h'],
    ['timeout', '121h', 'must be a duration from 1s to 120h'],
    ['timeout', '60 minutes', 'must be a duration'],
    ['timeout', 'auto', 'must be a duration'],
    ['poll-interval', '0', 'must be auto or a duration from 1s to 10m'],
    ['poll-interval', '11m', 'must be auto or a duration from 1s to 10m'],
    ['poll-interval', 'AUTO', 'must be auto or a duration'],
  ] as const)('%s rejects %j', (name, value, expected) => {
    expect(problems({ [name]: value })).toEqual([expect.stringContaining(`${name}: ${expected}`)])
  })
})

test('fail-fast is a boolean in any spelling of YAML 1.2', () => {
  expect(settings({}).failFast).toBe(false)
  for (const value of ['true', 'True', 'TRUE']) expect(settings({ 'fail-fast': value }).failFast).toBe(true)
  expect(settings({ 'fail-fast': 'FALSE' }).failFast).toBe(false)
  for (const value of ['yes', '1', 'on', 'tRUE'])
    expect(problems({ 'fail-fast': value })).toEqual(['fail-fast: must be true or false.'])
})

describe('service', () => {
  test('is TaurusDB by default, or another database service', () => {
    expect(settings({}).service).toBe(SERVICES.taurusdb)
    for (const [name, service] of Object.entries(SERVICES))
      expect(settings({ service: name }).service).toBe(service)
  })

  test.each([
    ['taurusdb', 'gaussdb'],
    ['rds', 'rds'],
    ['dds', 'dds'],
    ['gaussdb', 'gaussdb-opengauss'],
    ['geminidb', 'gaussdb-nosql'],
  ])('%s selects the host %s in a region', (service, host) => {
    expect(settings({ endpoint: '', region: 'cn-north-4', service }).endpoint).toBe(
      `https://${host}.cn-north-4.myhuaweicloud.com`,
    )
    expect(settings({ region: 'cn-north-4', service }).endpoint).toBe(`https://${VALID.endpoint}`)
  })

  test('is named if it has no documented host in the region', () => {
    expect(problems({ endpoint: '', region: 'cn-north-3', service: 'rds' })).toEqual([
      expect.stringMatching(/^region: no RDS host is documented .* Similar regions: .*cn-north-1/),
    ])
  })

  test.each(['RDS', 'mysql', 'gaussdbformysql', 'taurus db', '__proto__', 'constructor'])(
    '%j is invalid',
    (service) => {
      const expected = ['service: must be one of taurusdb, rds, dds, gaussdb, geminidb.']
      expect(problems({ service })).toEqual(expected)
      expect(problems({ endpoint: '', region: 'cn-north-4', service })).toEqual(expected)
    },
  )
})

test.each(['en', 'zh-CN', 'de-de'])('language %s is invalid', (language) => {
  expect(problems({ language })).toEqual(['language: must be en-us or zh-cn.'])
})

test.each(['to\nken', 'to ken', 'töken'])('token %j is invalid', (token) => {
  expect(problems({ token })).toEqual([expect.stringMatching(/^token: /)])
})

test('all invalid inputs are reported together, in the order of action.yml, without quoting a value', () => {
  const all = problems({
    endpoint: 'http://wrong.example',
    'project-id': 'wrong-project',
    'job-id': 'wrong job',
    token: 'wrong token',
    timeout: 'wrong timeout',
    'poll-interval': 'wrong interval',
    'fail-fast': 'wrong',
    service: 'wrong-service',
    language: 'wrong-language',
  })
  expect(all.map((problem) => problem.split(':')[0])).toEqual([
    'endpoint',
    'project-id',
    'job-id',
    'token',
    'timeout',
    'poll-interval',
    'fail-fast',
    'service',
    'language',
  ])
  expect(all.join('\n')).not.toContain('wrong')
})

test('the token is registered as a secret even if other inputs are invalid', () => {
  const masked: string[] = []
  readInputs(
    (name) => (name === 'token' ? 'token-not-a-secret' : ''),
    {},
    new Secrets((value) => masked.push(value)),
  )
  expect(masked).toContain('token-not-a-secret')
})
