import { describe, expect, test } from '@jest/globals'
import type { CredentialsChoice } from '../../src/credentials/choice.ts'
import { readInputs, INPUTS, type InputName, type Settings } from '../../src/inputs.ts'
import { Secrets } from '../../src/secrets.ts'
import { noSecrets, plain } from './text.ts'

/** Which credentials are used, and which problems are reported. */

type Inputs = Partial<Record<InputName, string>>

const NO_CREDENTIALS: Inputs = {
  endpoint: 'gaussdb.example',
  'project-id': '0123456789abcdef0123456789abcdef',
  'job-id': 'job-1',
}
const KEY: Inputs = { 'access-key-id': 'FAKE-KEY-ID', 'secret-access-key': 'fake-secret' }
const AGENCY: Inputs = {
  'identity-provider-urn': 'iam::0123:oidcProvider:github',
  'agency-urn': 'iam::0123:agency:deploy',
  region: 'cn-north-4',
}
const ID_TOKEN = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://github.example/token?api-version=2.0',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'fake-bearer',
}

function read(inputs: Inputs, env: NodeJS.ProcessEnv) {
  return readInputs((name) => ({ ...NO_CREDENTIALS, ...inputs })[name] ?? '', env, noSecrets)
}

function settings(inputs: Inputs, env: NodeJS.ProcessEnv = {}): Settings {
  const result = read(inputs, env)
  if ('problems' in result) throw new Error(result.problems.map(plain).join('\n'))
  return result
}

function credentials(inputs: Inputs, env: NodeJS.ProcessEnv = {}): CredentialsChoice {
  return settings(inputs, env).credentials
}

function problems(inputs: Inputs, env: NodeJS.ProcessEnv = {}): readonly string[] {
  const result = read(inputs, env)
  return 'problems' in result ? result.problems.map(plain) : []
}

describe('an access key', () => {
  test('is permanent, or temporary with a security token', () => {
    expect(credentials(KEY)).toEqual({
      kind: 'access-key',
      source: 'an access key from access-key-id, secret-access-key',
      key: { id: 'FAKE-KEY-ID', secret: 'fake-secret', securityToken: undefined },
    })
    expect(credentials({ ...KEY, 'security-token': 'fake-token' })).toEqual({
      kind: 'access-key',
      source: 'a temporary access key from access-key-id, secret-access-key, security-token',
      key: { id: 'FAKE-KEY-ID', secret: 'fake-secret', securityToken: 'fake-token' },
    })
  })

  test.each([
    [
      { 'access-key-id': 'FAKE-KEY-ID' },
      [
        'secret-access-key: missing, but access-key-id is set. Set access-key-id and secret-access-key together.',
      ],
    ],
    [
      { 'secret-access-key': 'fake-secret' },
      [
        'access-key-id: missing, but secret-access-key is set. Set access-key-id and secret-access-key together.',
      ],
    ],
    [
      { 'security-token': 'fake-token' },
      [
        'access-key-id: missing, but security-token is set. Set access-key-id and secret-access-key together.',
        'secret-access-key: missing, but security-token is set. Set access-key-id and secret-access-key together.',
      ],
    ],
    [
      { 'access-key-id': 'a b', 'secret-access-key': 'fake-secret' },
      [
        'access-key-id: contains a space, a line break, or a character other than printable ASCII. Use only the key itself.',
      ],
    ],
  ] as const)('with %j is invalid', (inputs, expected) => {
    expect(problems(inputs)).toEqual(expected)
  })

  test('that is incomplete in the inputs is not completed from the environment', () => {
    const env = { HW_ACCESS_KEY: 'OTHER-KEY-ID', HW_SECRET_KEY: 'other-secret' }
    expect(problems({ 'access-key-id': 'FAKE-KEY-ID' }, env)).toEqual([
      expect.stringContaining('secret-access-key: missing'),
    ])
  })
})

describe('an access key in the environment', () => {
  const auth = { HUAWEI_CLOUD_ACCESS_KEY_ID: 'AUTH-KEY-ID', HUAWEI_CLOUD_SECRET_ACCESS_KEY: 'auth-secret' }
  const sdk = { HUAWEICLOUD_SDK_AK: 'SDK-KEY-ID', HUAWEICLOUD_SDK_SK: 'sdk-secret' }
  const terraform = { HW_ACCESS_KEY: 'TERRAFORM', HW_SECRET_KEY: 'terraform-secret' }

  test.each([
    [
      'an access key from HUAWEI_CLOUD_ACCESS_KEY_ID, HUAWEI_CLOUD_SECRET_ACCESS_KEY',
      { ...terraform, ...sdk, ...auth },
    ],
    ['an access key from HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK', { ...terraform, ...sdk }],
    [
      'a temporary access key from HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK, HUAWEICLOUD_SDK_SECURITY_TOKEN',
      { ...sdk, HUAWEICLOUD_SDK_SECURITY_TOKEN: 'fake-token', HW_SECURITY_TOKEN: 'other' },
    ],
    ['an access key from HW_ACCESS_KEY, HW_SECRET_KEY', terraform],
    [
      'a temporary access key from HW_ACCESS_KEY, HW_SECRET_KEY, HW_SECURITY_TOKEN',
      { ...terraform, HW_SECURITY_TOKEN: 'fake-token' },
    ],
  ])('is found in order of precedence: %s', (source, env) => {
    expect(credentials({}, env).source).toBe(source)
  })

  test('is ignored if an input contains credentials', () => {
    expect(credentials({ token: 'fake-token' }, auth).kind).toBe('token')
    expect(credentials(KEY, auth)).toMatchObject({ key: { id: 'FAKE-KEY-ID' } })
    expect(credentials(AGENCY, { ...auth, ...ID_TOKEN }).kind).toBe('agency')
  })

  test.each([
    [
      { HUAWEI_CLOUD_ACCESS_KEY_ID: 'AUTH-KEY-ID', ...sdk },
      'HUAWEI_CLOUD_SECRET_ACCESS_KEY: missing, but HUAWEI_CLOUD_ACCESS_KEY_ID is set.',
    ],
    [{ HUAWEICLOUD_SDK_SK: 'sdk-secret' }, 'HUAWEICLOUD_SDK_AK: missing, but HUAWEICLOUD_SDK_SK is set.'],
    [
      { HW_SECRET_KEY: 'terraform-secret', HW_ACCESS_KEY: ' ' },
      'HW_ACCESS_KEY: missing, but HW_SECRET_KEY is set.',
    ],
  ])('is invalid if incomplete, and the error names both variables: %j', (env, expected) => {
    expect(problems({}, env)).toEqual([expect.stringContaining(expected)])
  })
})

test.each([
  [
    { token: 'fake-token', ...KEY },
    'token: cannot be combined with access-key-id. Set only one kind of credentials.',
  ],
  [
    { token: 'fake-token', 'agency-urn': 'x' },
    'token: cannot be combined with agency-urn. Set only one kind of credentials.',
  ],
  [
    { ...KEY, ...AGENCY },
    'access-key-id: cannot be combined with identity-provider-urn. Set only one kind of credentials.',
  ],
])('two kinds of credentials in the inputs are invalid: %#', (inputs, expected) => {
  expect(problems(inputs, ID_TOKEN)).toEqual([expected])
})

test('without any credentials, the error names every kind', () => {
  expect(problems({})).toEqual([
    expect.stringMatching(
      /^token: missing.*identity-provider-urn and agency-urn.*access-key-id and secret-access-key/,
    ),
  ])
})

describe('GitHub OIDC', () => {
  test('needs two URNs and a region', () => {
    expect(credentials(AGENCY, { ...ID_TOKEN, GITHUB_RUN_ID: '1234' })).toEqual({
      kind: 'agency',
      source: 'GitHub OIDC with identity-provider-urn and agency-urn',
      agency: {
        identityProviderUrn: 'iam::0123:oidcProvider:github',
        agencyUrn: 'iam::0123:agency:deploy',
        audience: INPUTS.audience,
        stsEndpoint: 'https://sts.cn-north-4.myhuaweicloud.com',
        sessionName: 'GitHubActions-1234',
        idTokenRequest: { url: ID_TOKEN.ACTIONS_ID_TOKEN_REQUEST_URL, bearer: 'fake-bearer' },
      },
    })
  })

  test('uses sts-endpoint and audience', () => {
    const inputs = { ...AGENCY, audience: 'other', 'sts-endpoint': 'sts.example/prefix/' }
    expect(credentials(inputs, ID_TOKEN)).toMatchObject({
      agency: { audience: 'other', stsEndpoint: 'https://sts.example/prefix', sessionName: 'GitHubActions' },
    })
  })

  test('without the permission for ID tokens shows the three lines to add', () => {
    const [problem] = problems(AGENCY)
    expect(problem).toMatch(/^identity-provider-urn: needs a GitHub ID token/)
    expect(problem).toContain('\n  permissions:\n    id-token: write\n    contents: read\n')
    expect(problems(AGENCY, { ...ID_TOKEN, ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' })).toEqual([problem])
  })

  test.each([
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'not a URL' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://github.example/token' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'ftp://127.0.0.1/token' },
    { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a\nb' },
  ])('is invalid with variables that no runner sets: %j', (env) => {
    expect(problems(AGENCY, { ...ID_TOKEN, ...env })).toEqual([
      expect.stringContaining('is not in the format that a runner sets'),
    ])
  })

  test.each(['../../x', 'a b', '9'.repeat(21), ''])(
    'does not use the run ID %j in the session name',
    (run) => {
      expect(credentials(AGENCY, { ...ID_TOKEN, GITHUB_RUN_ID: run })).toMatchObject({
        agency: { sessionName: 'GitHubActions' },
      })
    },
  )

  test.each([
    [{ 'agency-urn': '' }, 'agency-urn: missing.'],
    [{ 'identity-provider-urn': ' ' }, 'identity-provider-urn: missing.'],
    [
      { 'identity-provider-urn': AGENCY['agency-urn'] },
      'identity-provider-urn: must be a URN of the form iam::{account id}:oidcProvider:{name}',
    ],
    [
      { 'agency-urn': AGENCY['identity-provider-urn'] },
      'agency-urn: must be a URN of the form iam::{account id}:agency:{name}',
    ],
    [{ 'agency-urn': 'a b' }, 'agency-urn: must be a URN of the form iam::{account id}:agency:{name}'],
    [
      { 'agency-urn': 'iam:::agency:deploy' },
      'agency-urn: must be a URN of the form iam::{account id}:agency:{name}',
    ],
    [{ 'agency-urn': 'deploy' }, 'agency-urn: must be a URN of the form iam::{account id}:agency:{name}'],
    [{ audience: 'a b' }, 'audience: must be a client ID'],
    [{ region: '' }, 'sts-endpoint: missing.'],
    [
      { region: 'cn-north-9' },
      'sts-endpoint: missing, and no Security Token Service host is documented for the value of region',
    ],
    [{ 'sts-endpoint': 'http://sts.example' }, 'sts-endpoint: must use https://'],
    [
      { 'sts-endpoint': 'sts.example/v5' },
      'sts-endpoint: already contains the API path. Use only the part before /v5',
    ],
    [{ 'sts-endpoint': 'sts.example/v5/agencies/assume-with-oidc' }, 'sts-endpoint: already contains'],
  ])('is invalid with %j', (inputs, expected) => {
    expect(problems({ ...AGENCY, ...(inputs as Inputs) }, ID_TOKEN)).toEqual([
      expect.stringContaining(expected),
    ])
  })
})

test('all secrets are registered, including those that are not used', () => {
  const masked: string[] = []
  const env = {
    HUAWEI_CLOUD_SECRET_ACCESS_KEY: 'fake-one',
    HUAWEICLOUD_SDK_SECURITY_TOKEN: 'fake-two',
    HW_ACCESS_KEY: 'fake-three',
    ...ID_TOKEN,
  }
  const inputs: Inputs = {
    token: 'fake-four',
    'secret-access-key': 'fake-five',
    'security-token': 'fake-six',
  }
  readInputs((name) => inputs[name] ?? '', env, new Secrets((value) => masked.push(value)))
  expect(masked).toEqual(
    expect.arrayContaining([
      'fake-one',
      'fake-two',
      'fake-three',
      'fake-four',
      'fake-five',
      'fake-six',
      'fake-bearer',
    ]),
  )
})

describe('a value under 8 characters is not a secret', () => {
  const SHORT = 'zq-7chr'
  const KEY_VARIABLES = {
    HUAWEI_CLOUD_ACCESS_KEY_ID: SHORT,
    HUAWEI_CLOUD_SECRET_ACCESS_KEY: SHORT,
    HUAWEICLOUD_SDK_AK: SHORT,
    HUAWEICLOUD_SDK_SK: SHORT,
    HUAWEICLOUD_SDK_SECURITY_TOKEN: SHORT,
    HW_ACCESS_KEY: SHORT,
    HW_SECRET_KEY: SHORT,
    HW_SECURITY_TOKEN: SHORT,
  }

  test('and is neither masked nor redacted nor an error in a variable that is not used', () => {
    const masked: string[] = []
    const secrets = new Secrets((value) => masked.push(value))
    const inputs = { ...NO_CREDENTIALS, token: 'fake-token' } as Inputs
    const result = readInputs((name) => inputs[name] ?? '', KEY_VARIABLES, secrets)
    expect(result).toMatchObject({ credentials: { kind: 'token', token: 'fake-token' } })
    expect(masked).toContain('fake-token')
    expect(masked.filter((value) => value.length < 8)).toEqual([])
    expect(secrets.text(`a ${SHORT} b fake-token c`).reveal()).toBe(`a ${SHORT} b *** c`)
  })

  test.each<[Inputs, NodeJS.ProcessEnv, readonly string[]]>([
    [{ token: SHORT }, {}, ['token']],
    [
      { 'access-key-id': SHORT, 'secret-access-key': SHORT, 'security-token': SHORT },
      {},
      ['access-key-id', 'secret-access-key', 'security-token'],
    ],
    [{ ...KEY, 'security-token': SHORT }, {}, ['security-token']],
    [{}, KEY_VARIABLES, ['HUAWEI_CLOUD_ACCESS_KEY_ID', 'HUAWEI_CLOUD_SECRET_ACCESS_KEY']],
    [
      {},
      { ...KEY_VARIABLES, HUAWEI_CLOUD_ACCESS_KEY_ID: '', HUAWEI_CLOUD_SECRET_ACCESS_KEY: '' },
      ['HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_SECURITY_TOKEN'],
    ],
    [{}, { HW_ACCESS_KEY: 'FAKE-KEY-ID', HW_SECRET_KEY: SHORT }, ['HW_SECRET_KEY']],
  ])('so it is invalid where it would be used, without being quoted: %#', (inputs, env, names) => {
    const found = problems(inputs, env)
    expect(found).toEqual(
      names.map(
        (name) =>
          `${name}: has only 7 characters, so it is not a real key or token. Set the real value, or none.`,
      ),
    )
    expect(found.join()).not.toContain(SHORT)
  })

  test('but one of 8 characters is', () => {
    expect(credentials({ token: 'zq-8char' })).toMatchObject({ token: 'zq-8char' })
  })
})

describe('the region', () => {
  test('determines the endpoint if endpoint is not set', () => {
    const token = { token: 'fake-token', region: 'cn-east-5' }
    expect(settings({ ...token, endpoint: '' }).endpoint).toBe(
      'https://gaussdb-mysql.cn-east-5.myhuaweicloud.com',
    )
    expect(settings(token).endpoint).toBe('https://gaussdb.example')
    expect(settings({ ...token, region: 'no-such-region' }).endpoint).toBe('https://gaussdb.example')
  })

  test('comes from the environment if it is not set, in order of precedence', () => {
    const env = { HW_REGION_NAME: 'cn-east-3', HUAWEI_CLOUD_REGION: 'cn-south-1' }
    const endpoint = (inputs: Inputs, variables: NodeJS.ProcessEnv) =>
      settings({ token: 'fake-token', endpoint: '', ...inputs }, variables).endpoint
    expect(endpoint({}, env)).toContain('.cn-south-1.')
    expect(endpoint({}, { HW_REGION_NAME: 'cn-east-3' })).toContain('.cn-east-3.')
    expect(endpoint({ region: 'cn-north-4' }, env)).toContain('.cn-north-4.')
    expect(credentials({ ...AGENCY, region: '' }, { ...env, ...ID_TOKEN })).toMatchObject({
      agency: { stsEndpoint: 'https://sts.cn-south-1.myhuaweicloud.com' },
    })
  })

  test('that is unknown is reported under the input or variable that contains it', () => {
    const inputs = { token: 'fake-token', endpoint: '' }
    expect(problems({ ...inputs, region: 'cn-north-5' })).toEqual([
      expect.stringMatching(/^region: no TaurusDB host is documented/),
    ])
    expect(problems(inputs, { HW_REGION_NAME: 'eu-de' })).toEqual([
      expect.stringMatching(/^HW_REGION_NAME: no TaurusDB host is/),
    ])
  })

  test('is required if endpoint is not set', () => {
    expect(problems({ token: 'fake-token', endpoint: '' })).toEqual([
      expect.stringMatching(/^endpoint: missing.*region/),
    ])
  })
})
