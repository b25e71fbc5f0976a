import { describe, expect, test } from '@jest/globals'
import type { CredentialsChoice } from '../../src/credentials/choice.ts'
import { readInputs, INPUTS, type InputName, type Settings } from '../../src/inputs.ts'
import { Secrets } from '../../src/secrets.ts'
import { noSecrets } from './text.ts'

/** Which credentials are chosen, and what is said of those that are not right. */

type Inputs = Partial<Record<InputName, string>>

const WITHOUT: Inputs = {
  endpoint: 'gaussdb.example',
  'project-id': '0123456789abcdef0123456789abcdef',
  'job-id': 'job-1',
}
const KEY: Inputs = { 'access-key-id': 'FAKEKEY', 'secret-access-key': 'fake-secret' }
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
  return readInputs((name) => ({ ...WITHOUT, ...inputs })[name] ?? '', env, noSecrets)
}

function settings(inputs: Inputs, env: NodeJS.ProcessEnv = {}): Settings {
  const result = read(inputs, env)
  if ('problems' in result) throw new Error(result.problems.join('\n'))
  return result
}

function chosen(inputs: Inputs, env: NodeJS.ProcessEnv = {}): CredentialsChoice {
  return settings(inputs, env).credentials
}

function problems(inputs: Inputs, env: NodeJS.ProcessEnv = {}): readonly string[] {
  const result = read(inputs, env)
  return 'problems' in result ? result.problems : []
}

describe('an access key', () => {
  test('may be permanent or temporary', () => {
    expect(chosen(KEY)).toEqual({
      kind: 'access-key',
      source: 'an access key from access-key-id, secret-access-key',
      key: { id: 'FAKEKEY', secret: 'fake-secret', securityToken: undefined },
    })
    expect(chosen({ ...KEY, 'security-token': 'fake-token' })).toEqual({
      kind: 'access-key',
      source: 'a temporary access key from access-key-id, secret-access-key, security-token',
      key: { id: 'FAKEKEY', secret: 'fake-secret', securityToken: 'fake-token' },
    })
  })

  test.each([
    [
      { 'access-key-id': 'FAKEKEY' },
      [
        'secret-access-key: is missing, and access-key-id is given. Give access-key-id and secret-access-key together.',
      ],
    ],
    [
      { 'secret-access-key': 'fake' },
      [
        'access-key-id: is missing, and secret-access-key is given. Give access-key-id and secret-access-key together.',
      ],
    ],
    [
      { 'security-token': 'fake' },
      [
        'access-key-id: is missing, and security-token is given. Give access-key-id and secret-access-key together.',
        'secret-access-key: is missing, and security-token is given. Give access-key-id and secret-access-key together.',
      ],
    ],
    [
      { 'access-key-id': 'a b', 'secret-access-key': 'x' },
      ['access-key-id: holds a space, a line end or a character that no key has. Give only the key.'],
    ],
  ] as const)('%j is no whole one', (inputs, expected) => {
    expect(problems(inputs)).toEqual(expected)
  })

  test('that is half an input is not made whole by the environment', () => {
    const env = { HW_ACCESS_KEY: 'OTHER', HW_SECRET_KEY: 'other' }
    expect(problems({ 'access-key-id': 'FAKEKEY' }, env)).toEqual([
      expect.stringContaining('secret-access-key: is missing'),
    ])
  })
})

describe('the environment', () => {
  const auth = { HUAWEI_CLOUD_ACCESS_KEY_ID: 'AUTH', HUAWEI_CLOUD_SECRET_ACCESS_KEY: 'auth-secret' }
  const sdk = { HUAWEICLOUD_SDK_AK: 'SDK', HUAWEICLOUD_SDK_SK: 'sdk-secret' }
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
  ])('is looked at in a fixed order: %s', (source, env) => {
    expect(chosen({}, env).source).toBe(source)
  })

  test('gives way to any input', () => {
    expect(chosen({ token: 'fake' }, auth).kind).toBe('token')
    expect(chosen(KEY, auth)).toMatchObject({ key: { id: 'FAKEKEY' } })
    expect(chosen(AGENCY, { ...auth, ...ID_TOKEN }).kind).toBe('agency')
  })

  test.each([
    [
      { HUAWEI_CLOUD_ACCESS_KEY_ID: 'AUTH', ...sdk },
      'HUAWEI_CLOUD_SECRET_ACCESS_KEY: is missing, and HUAWEI_CLOUD_ACCESS_KEY_ID is given.',
    ],
    [{ HUAWEICLOUD_SDK_SK: 'x' }, 'HUAWEICLOUD_SDK_AK: is missing, and HUAWEICLOUD_SDK_SK is given.'],
    [{ HW_SECRET_KEY: 'x', HW_ACCESS_KEY: ' ' }, 'HW_ACCESS_KEY: is missing, and HW_SECRET_KEY is given.'],
  ])('half a pair is an error that names both: %j', (env, expected) => {
    expect(problems({}, env)).toEqual([expect.stringContaining(expected)])
  })
})

test.each([
  [{ token: 'fake', ...KEY }, 'token: is one kind of credentials, and access-key-id another. Give one kind.'],
  [
    { token: 'fake', 'agency-urn': 'x' },
    'token: is one kind of credentials, and agency-urn another. Give one kind.',
  ],
  [
    { ...KEY, ...AGENCY },
    'access-key-id: is one kind of credentials, and identity-provider-urn another. Give one kind.',
  ],
])('two kinds as inputs are an error: %#', (inputs, expected) => {
  expect(problems(inputs, ID_TOKEN)).toEqual([expected])
})

test('no credentials at all are an error that names every kind', () => {
  expect(problems({})).toEqual([
    expect.stringMatching(
      /^token: is missing.*identity-provider-urn and agency-urn.*access-key-id and secret-access-key/,
    ),
  ])
})

describe('GitHub OIDC', () => {
  test('needs two URNs and a region', () => {
    expect(chosen(AGENCY, { ...ID_TOKEN, GITHUB_RUN_ID: '1234' })).toEqual({
      kind: 'agency',
      source: 'GitHub OIDC by identity-provider-urn and agency-urn',
      agency: {
        identityProviderUrn: 'iam::0123:oidcProvider:github',
        agencyUrn: 'iam::0123:agency:deploy',
        audience: INPUTS.audience,
        stsEndpoint: 'https://sts.cn-north-4.myhuaweicloud.com',
        sessionName: 'GitHubActions-1234',
        idTokenUrl: ID_TOKEN.ACTIONS_ID_TOKEN_REQUEST_URL,
        idTokenBearer: 'fake-bearer',
      },
    })
  })

  test('takes an endpoint and an audience', () => {
    const inputs = { ...AGENCY, audience: 'other', 'sts-endpoint': 'sts.example/prefix/' }
    expect(chosen(inputs, ID_TOKEN)).toMatchObject({
      agency: { audience: 'other', stsEndpoint: 'https://sts.example/prefix', sessionName: 'GitHubActions' },
    })
  })

  test('without the permission shows the three lines to add', () => {
    const [problem] = problems(AGENCY)
    expect(problem).toMatch(/^identity-provider-urn: needs an id token/)
    expect(problem).toContain('\n  permissions:\n    id-token: write\n    contents: read\n')
    expect(problems(AGENCY, { ...ID_TOKEN, ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' })).toEqual([problem])
  })

  test.each([
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'no URL' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://github.example/token' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'ftp://127.0.0.1/token' },
    { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a\nb' },
  ])('with what no runner sets is an error: %j', (env) => {
    expect(problems(AGENCY, { ...ID_TOKEN, ...env })).toEqual([
      expect.stringContaining('is not what a runner sets'),
    ])
  })

  test.each(['../../x', 'a b', '9'.repeat(21), ''])('names its session without the run %j', (run) => {
    expect(chosen(AGENCY, { ...ID_TOKEN, GITHUB_RUN_ID: run })).toMatchObject({
      agency: { sessionName: 'GitHubActions' },
    })
  })

  test.each([
    [{ 'agency-urn': '' }, 'agency-urn: is missing.'],
    [{ 'identity-provider-urn': ' ' }, 'identity-provider-urn: is missing.'],
    [{ 'identity-provider-urn': AGENCY['agency-urn'] }, 'identity-provider-urn: is no such URN.'],
    [{ 'agency-urn': AGENCY['identity-provider-urn'] }, 'agency-urn: is no such URN.'],
    [{ 'agency-urn': 'a b' }, 'agency-urn: is no such URN.'],
    [{ 'agency-urn': 'iam:::agency:deploy' }, 'agency-urn: is no such URN.'],
    [{ 'agency-urn': 'deploy' }, 'agency-urn: is no such URN.'],
    [{ audience: 'a b' }, 'audience: must be a client id'],
    [{ region: '' }, 'sts-endpoint: is missing.'],
    [{ region: 'cn-north-9' }, 'sts-endpoint: is missing, and region names none'],
    [{ 'sts-endpoint': 'http://sts.example' }, 'sts-endpoint: must be https://'],
    [
      { 'sts-endpoint': 'sts.example/v5' },
      'sts-endpoint: already holds the API’s path. Give only the part before /v5',
    ],
    [{ 'sts-endpoint': 'sts.example/v5/agencies/assume-with-oidc' }, 'sts-endpoint: already holds'],
  ])('with %j is an error', (inputs, expected) => {
    expect(problems({ ...AGENCY, ...(inputs as Inputs) }, ID_TOKEN)).toEqual([
      expect.stringContaining(expected),
    ])
  })
})

test('everything secret is registered, used or not', () => {
  const masked: string[] = []
  const env = {
    HUAWEI_CLOUD_SECRET_ACCESS_KEY: 'one',
    HUAWEICLOUD_SDK_SECURITY_TOKEN: 'two',
    HW_ACCESS_KEY: 'three',
    ...ID_TOKEN,
  }
  const inputs: Inputs = { token: 'four', 'secret-access-key': 'five', 'security-token': 'six' }
  readInputs((name) => inputs[name] ?? '', env, new Secrets((value) => masked.push(value)))
  expect(masked).toEqual(
    expect.arrayContaining(['one', 'two', 'three', 'four', 'five', 'six', 'fake-bearer']),
  )
})

describe('the region', () => {
  test('finds the endpoint, unless one is given', () => {
    const token = { token: 'fake', region: 'cn-east-5' }
    expect(settings({ ...token, endpoint: '' }).endpoint).toBe(
      'https://gaussdb-mysql.cn-east-5.myhuaweicloud.com',
    )
    expect(settings(token).endpoint).toBe('https://gaussdb.example')
    expect(settings({ ...token, region: 'no-such-region' }).endpoint).toBe('https://gaussdb.example')
  })

  test('comes from the environment when it is not given, in a fixed order', () => {
    const env = { HW_REGION_NAME: 'cn-east-3', HUAWEI_CLOUD_REGION: 'cn-south-1' }
    const endpoint = (inputs: Inputs, variables: NodeJS.ProcessEnv) =>
      settings({ token: 'fake', endpoint: '', ...inputs }, variables).endpoint
    expect(endpoint({}, env)).toContain('.cn-south-1.')
    expect(endpoint({}, { HW_REGION_NAME: 'cn-east-3' })).toContain('.cn-east-3.')
    expect(endpoint({ region: 'cn-north-4' }, env)).toContain('.cn-north-4.')
    expect(chosen({ ...AGENCY, region: '' }, { ...env, ...ID_TOKEN })).toMatchObject({
      agency: { stsEndpoint: 'https://sts.cn-south-1.myhuaweicloud.com' },
    })
  })

  test('that is not known is an error that names where it comes from', () => {
    const inputs = { token: 'fake', endpoint: '' }
    expect(problems({ ...inputs, region: 'cn-north-5' })).toEqual([
      expect.stringMatching(/^region: has no documented/),
    ])
    expect(problems(inputs, { HW_REGION_NAME: 'eu-de' })).toEqual([
      expect.stringMatching(/^HW_REGION_NAME: has no/),
    ])
  })

  test('or the endpoint is needed', () => {
    expect(problems({ token: 'fake', endpoint: '' })).toEqual([
      expect.stringMatching(/^endpoint: is missing.*region/),
    ])
  })
})
