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
    ['https://host.example/v3/mysql', 'only the part before /v3'],
    ['https://host.example/V3/0123/instances', 'only the part before /v3'],
    ['https://host.example/v3.0', 'only the part before /v3'],
    ['https://host.example/v1.0/mysql', 'only the part before /v3'],
    ['https://host.example/%76%33', 'only the part before /v3'],
    [`https://host.example/${'0a'.repeat(16)}`, 'only the part before /v3'],
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
    expect(settings({ 'project-id': '' }, env).project).toBe(first)
    expect(settings({ 'project-id': '' }, { HUAWEICLOUD_SDK_PROJECT_ID: second }).project).toBe(second)
    expect(settings({}, env).project).toBe(VALID['project-id'])
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
    ['["a","b"]', ['a', 'b']],
    ['[\n  "a",\n  " b ",\n  "A"\n]', ['a', 'b']],
    ['["a,b","c"]', ['a', 'b', 'c']],
    ['"a"', ['a']],
    ["'a'", ['a']],
    ["'a','b'", ['a', 'b']],
    ["'a'\n'b'", ['a', 'b']],
    ['\\"a\\",\\"b\\"', ['a', 'b']],
    ["'a,b'", ['a', 'b']],
    [`'["a","b"]'`, ['a', 'b']],
    ['[\n  "a",\n  "b",\n]', ['a', 'b']],
    ['tolist([\n  "a",\n])', ['a']],
    ['\u001b[32ma\u001b[0m', ['a']],
    ['"a\\nb"', ['a', 'b']],
    ['20260101', ['20260101']],
    ['a&id=b', ['a&id=b']],
    ['paid:1', ['paid:1']],
    ['true', ['true']],
    ['nilpotent,None-1,https', ['nilpotent', 'None-1', 'https']],
  ])('%j is read as the IDs %j', (given, ids) => {
    expect(settings({ 'job-id': given }).waitFor).toMatchObject({
      kind: 'job',
      ids: ids.map((value) => ({ value })),
    })
  })

  test.each([
    ['', 'order_id'],
    ['["a","b"', 'is not a valid JSON array of texts'],
    ['[a,b]', 'is not a valid JSON array of texts'],
    ['[1,2]', 'is not a valid JSON array of texts'],
    ['["a",1]', 'is not a valid JSON array of texts'],
    ['["a",null]', 'is not a valid JSON array of texts'],
    ['[["a"]]', 'is not a valid JSON array of texts'],
    ['[{"job_id":"a"}]', 'is not a valid JSON array of texts'],
    ['["a b"]', 'ID number 1 is not valid'],
    [
      '{"job_id":"a"}',
      'is a JSON object, probably the whole response. Pass only its field job_id: with fromJSON',
    ],
    ['{}', 'jq -r .job_id'],
    ['{"job_id":"a"}\n{"job_id":"b"}', 'is a JSON object'],
    ['{"job_id":"a"}\n202', 'is a JSON object'],
    ['{"error_code":"DBS.1","error_msg":"no quota"}', 'an error of the service: “{"error_code"'],
    ['{"job_id":"a","error_code":null}', 'is a JSON object'],
    ['<html><body>502</body></html>', 'is an HTML page'],
    ['<null>', 'contains the word “<null>”'],
    ['***', 'contains the word “***”'],
    ['NA', 'contains the word “NA”'],
    ['%!s(<nil>)', 'contains the word'],
    ['System.Object[]', 'contains the word “System.Object[]”'],
    ['$JOB_ID', 'contains “$JOB_ID” instead of an ID: a variable or expression'],
    ['%JOB_ID%', 'a variable or expression that was not expanded'],
    ['${{ steps.create.outputs.job-id }}', 'a variable or expression that was not expanded'],
    ['job_id=a', 'contains the name of a field'],
    ['"job_id": "a"', 'contains the name of a field'],
    ['@{job_id=a}', 'contains the name of a field'],
    ['<https://host.example/a>', 'is a URL'],
    ['host.example/v3/p/jobs?id=a', 'is a URL'],
    [
      'https://host.example/v3/p/jobs?id=a',
      'is a URL. Pass only the job ID: the field .job_id of the response.',
    ],
    ['a,HTTP://host.example', 'is a URL'],
    ['["https://host.example"]', 'is a URL'],
    ['null', 'the word “null”'],
    ['undefined', 'the word “undefined”'],
    ['None', 'the word “None”'],
    ['nil', 'the word “nil”'],
    ['<nil>', 'the word “<nil>”'],
    ['NaN', 'the word “NaN”'],
    ['N/A', 'the word “N/A”'],
    ['a, NULL ,b', 'the word “NULL”'],
    ['a\n<nil>', 'the word “<nil>”'],
    ['["a","None"]', 'the word “None”'],
    ['"null"', 'the word “null”'],
    ['null', 'read its field .job_id'],
    ['null', 'use order-id'],
    [',,\n', 'job-id: contains no ID.'],
    ['[]', 'job-id: contains no ID.'],
    ['[" "]', 'job-id: contains no ID.'],
    ['""', 'job-id: contains no ID.'],
    ['a,b c', 'ID number 2 is not valid'],
    ['é', 'ID number 1 is not valid'],
    ['x'.repeat(129), 'ID number 1 is not valid'],
    [Array.from({ length: 501 }, (_, index) => `id${index}`).join(), 'at most 500 jobs'],
  ])('%j is invalid', (given, expected) => {
    expect(problems({ 'job-id': given })).toEqual([expect.stringContaining(expected)])
  })

  test('that is an error of KooCLI is reported as such, and quoted after redaction', () => {
    const error = '[USE_ERROR]不支持的参数: {"token": token-not-a-secret}\nSee hcloud --help'
    const secrets = new Secrets(() => undefined)
    const result = readInputs((name) => ({ ...VALID, 'job-id': error })[name] ?? '', {}, secrets)
    expect('problems' in result ? result.problems.map(plain) : []).toEqual([
      'job-id: contains an error of KooCLI: “[USE_ERROR]不支持的参数: {"token": ***}\nSee hcloud --help”. Fix the call in the earlier step.',
    ])
  })

  test.each(['[NETWORK_ERROR]timeout', '[OPENAPI_ERROR] x', '[ERROR]x'])(
    'that begins like the error %j is an error of KooCLI',
    (given) => {
      expect(problems({ 'job-id': given })).toEqual([
        `job-id: contains an error of KooCLI: “${given}”. Fix the call in the earlier step.`,
      ])
      expect(problems({ 'job-id': '', 'order-id': given })).toEqual([
        `order-id: contains an error of KooCLI: “${given}”. Fix the call in the earlier step.`,
      ])
    },
  )

  test('with 60,000 IDs is read within two seconds', () => {
    expect(problems({ 'job-id': Array.from({ length: 60_000 }, (_, index) => index).join() })).toHaveLength(1)
  }, 2_000)
})

describe('order-id', () => {
  const given = { 'job-id': '', 'order-id': ' CS2026 ' }

  test.each([
    [' CS2026 ', ['CS2026']],
    ['"CS2026"', ['CS2026']],
    ["'CS2026'", ['CS2026']],
    ['["CS2026"]', ['CS2026']],
    ['a,b', ['a', 'b']],
    ['["a","b","A"]', ['a', 'b']],
  ])('replaces job-id: %j', (orders, ids) => {
    expect(settings({ ...given, 'order-id': orders }).waitFor).toEqual({
      kind: 'order',
      ids: ids.map((value) => expect.objectContaining({ value })),
      until: 'completed',
      connectTo: undefined,
    })
  })

  test.each([
    [{ 'job-id': 'a' }, 'cannot be combined with job-id'],
    [{ 'order-id': 'null' }, 'the word “null” .* read its field .order_id. .* use job-id'],
    [{ 'order-id': 'N/A' }, 'the word “N/A”'],
    [{ 'order-id': '{"order_id":"CS1"}' }, 'is a JSON object.*.order_id'],
    [{ 'order-id': 'https://host.example' }, 'is a URL. Pass only the order ID'],
    [{ 'order-id': '[1]' }, 'is not a valid JSON array of texts'],
    [{ 'order-id': '[]' }, 'contains no ID. Set at least one order ID'],
    [{ 'order-id': 'a b' }, 'must contain IDs .* ID number 1 is not valid'],
    [{ 'order-id': 'x'.repeat(129) }, 'must contain IDs of 1 to 128 printable ASCII characters'],
    [{ 'order-id': Array.from({ length: 51 }, (_, index) => `CS${index}`).join() }, 'at most 50 orders'],
    [{ service: 'rds' }, 'For RDS, use job-id'],
  ])('is invalid with %j', (change, expected) => {
    expect(problems({ ...given, ...change })).toEqual([
      expect.stringMatching(new RegExp(`^order-id: .*${expected}`)),
    ])
  })
})

describe('what to wait for', () => {
  const waitFor = (inputs: Partial<Record<InputName, string>>) =>
    settings({ 'job-id': '', ...inputs }).waitFor

  test('is by default that the job completed, or that the instance is available', () => {
    expect(waitFor({ 'job-id': 'a' })).toMatchObject({ kind: 'job', until: 'completed' })
    expect(waitFor({ 'order-id': 'a' })).toMatchObject({ kind: 'order', until: 'completed' })
    expect(waitFor({ 'instance-id': 'a' })).toMatchObject({ kind: 'instance', until: 'available' })
  })

  test('may be a database at another address', () => {
    const given = { 'job-id': 'a', 'wait-until': 'connectable', 'connect-to': '[::1]:3306' }
    expect(waitFor(given)).toMatchObject({ until: 'connectable', connectTo: { host: '::1', port: 3306 } })
  })

  test.each<[Partial<Record<InputName, string>>, string[]]>([
    [
      { 'order-id': 'a', 'instance-id': 'b' },
      ['instance-id: cannot be combined with order-id. Set only one of them.'],
    ],
    [
      { 'job-id': 'a', 'order-id': 'b', 'instance-id': 'c' },
      ['order-id: cannot be combined with job-id. Set only one of them.'],
    ],
    [
      { 'instance-id': 'a', service: 'rds' },
      ['instance-id: works only with service: taurusdb. For RDS, use job-id.'],
    ],
    [
      { 'job-id': 'a', 'wait-until': 'available', service: 'rds' },
      ['wait-until: works only with service: taurusdb. For RDS, use wait-until: completed.'],
    ],
    [
      { 'job-id': 'a', 'wait-until': 'ready', service: 'rds' },
      ['wait-until: must be completed, available, or connectable.'],
    ],
    [
      { 'job-id': 'a', 'connect-to': 'db.example:3306' },
      ['connect-to: works only with wait-until: connectable.'],
    ],
    [
      { 'job-id': 'a', 'wait-until': 'connectable', 'connect-to': 'mysql://db.example' },
      ['connect-to: must be host:port, for example 192.168.0.10:3306, without a scheme.'],
    ],
    [
      { 'instance-id': '..' },
      [
        'instance-id: must contain IDs of 1 to 128 letters, digits, underscores, and hyphens, separated by commas or line breaks. ID number 1 is not valid.',
      ],
    ],
    [
      { 'instance-id': Array.from({ length: 21 }, (_, index) => `in${index}`).join() },
      ['instance-id: contains 21 IDs, but a step can wait for at most 20 instances. Use several steps.'],
    ],
    [
      { 'job-id': 'a', 'success-results': 'completed,failed' },
      [
        'success-results: can contain only completed, vanished, canceled, timed-out. With any other result, the step always fails.',
      ],
    ],
    [
      { 'job-id': 'a', 'success-results': 'vanished' },
      ['success-results: must contain completed, for example completed,vanished.'],
    ],
  ])('is invalid with %j', (inputs, expected) => {
    expect(problems({ 'job-id': '', ...inputs })).toEqual(expected)
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

describe('proxy variables', () => {
  const environment = (env: NodeJS.ProcessEnv) => settings({}, env).environment
  const proxyProblems = (env: NodeJS.ProcessEnv) => {
    const result = read({}, env)
    return 'problems' in result ? result.problems.map(plain) : []
  }

  test.each(['https_proxy', 'HTTPS_PROXY'])('%s without a scheme is completed', (name) => {
    expect(environment({ [name]: 'proxy.example:3128' })[name]).toBe('http://proxy.example:3128/')
  })

  test('of which https_proxy takes precedence, so that the other one is not checked', () => {
    const env = { https_proxy: 'proxy.example:3128', HTTPS_PROXY: 'socks5://other.example' }
    expect(environment(env)['https_proxy']).toBe('http://proxy.example:3128/')
    expect(proxyProblems({ ...env, https_proxy: ' ' })).toEqual([expect.stringMatching(/^HTTPS_PROXY: /)])
  })

  test('that are not URLs are invalid inputs that are named, but not quoted', () => {
    const found = proxyProblems({ https_proxy: 'http://user:pa%ss-word@proxy.example:3128' })
    expect(found).toEqual([
      expect.stringMatching(/^https_proxy: is not the URL of an HTTP proxy\. .* % as %25/),
    ])
    expect(found.join()).not.toContain('ss-word')
  })

  test('with the hosts that need no proxy are adapted', () => {
    expect(environment({ NO_PROXY: '*.example, a.test b.test' })['NO_PROXY']).toBe(
      '.example,a.test,b.test,169.254.169.254',
    )
    expect(environment({ no_proxy: '*.example', NO_PROXY: 'a.test' })['no_proxy']).toBe(
      '.example,169.254.169.254',
    )
  })

  test('that contain only spaces count as not set, also for http-client', () => {
    const env = { https_proxy: ' ', HTTPS_PROXY: 'proxy.example:3128', no_proxy: ' ', NO_PROXY: 'a.test' }
    const { https_proxy, no_proxy } = environment(env)
    expect([https_proxy, no_proxy]).toEqual(['http://proxy.example:3128/', 'a.test,169.254.169.254'])
    expect(environment({ https_proxy: ' ', HTTPS_PROXY: '\n' })).toMatchObject({
      https_proxy: '',
      HTTPS_PROXY: '',
    })
  })

  test('are empty if they are not set, and certificates are always verified', () => {
    expect(environment({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual({
      https_proxy: '',
      HTTPS_PROXY: '',
      no_proxy: '169.254.169.254',
      NO_PROXY: '169.254.169.254',
      NODE_TLS_REJECT_UNAUTHORIZED: '1',
    })
  })
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
