import { isSecure, parseEndpoint, stsEndpointOf, type Region } from '../api/endpoints.ts'
import type { Secrets } from '../secrets.ts'
import { invalid, isComplete, parseBoolean, type Check, type InvalidInput } from '../invalid-input.ts'
import type { AccessKey } from './access-key.ts'
import type { Agency } from './assume-agency.ts'

/** The credentials to use; `source` names their origin in the log. */
export type CredentialsChoice = { readonly source: string } & (
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'access-key'; readonly key: AccessKey }
  | { readonly kind: 'agency'; readonly agency: Agency }
  | { readonly kind: 'ecs-agency' }
)

const ACCESS_KEY = ['access-key-id', 'secret-access-key', 'security-token'] as const

/** The inputs of each kind of credentials. Only one kind may be set. */
const KINDS = [
  { inputs: ['token'], choose: chooseToken },
  { inputs: ACCESS_KEY, choose: ({ input, check }: InputReader) => chooseKey(ACCESS_KEY, input, check) },
  { inputs: ['identity-provider-urn', 'agency-urn'], choose: chooseAgency },
  { inputs: ['use-ecs-agency'], choose: () => ECS_AGENCY },
] as const

export type CredentialsInput = (typeof KINDS)[number]['inputs'][number] | 'audience' | 'sts-endpoint'

type KeyNames<Name extends string> = readonly [id: Name, secret: Name, ...securityToken: Name[]]

/** Environment variables with access keys, in order of precedence. */
const KEY_VARIABLES: readonly KeyNames<string>[] = [
  // The action huaweicloud/auth-action.
  ['HUAWEI_CLOUD_ACCESS_KEY_ID', 'HUAWEI_CLOUD_SECRET_ACCESS_KEY'],
  // The vendor's SDKs.
  ['HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_SECURITY_TOKEN'],
  // The Terraform provider huaweicloud/huaweicloud.
  ['HW_ACCESS_KEY', 'HW_SECRET_KEY', 'HW_SECURITY_TOKEN'],
]

const ID_TOKEN_URL = 'ACTIONS_ID_TOKEN_REQUEST_URL'
const ID_TOKEN_BEARER = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'

/** Provides the values to choose from. */
export interface InputReader {
  /** Returns an input or its default; empty if there is neither. */
  readonly input: (name: CredentialsInput) => string
  /** Returns an environment variable; empty if it is not set. */
  readonly variable: (name: string) => string
  readonly region: Region | undefined
  readonly check: Check
}

/** Registers all secrets, including those that are not used, but not placeholders: they would garble every text. */
export function registerSecrets(
  { input, variable }: Pick<InputReader, 'input' | 'variable'>,
  secrets: Secrets,
): void {
  const inputs = (['token', ...ACCESS_KEY] as const).map(input)
  const variables = [...KEY_VARIABLES.flat(), ID_TOKEN_BEARER].map(variable)
  secrets.add(...[...inputs, ...variables].filter((value) => value.length >= MIN_SECRET_LENGTH))
}

/** Chooses the credentials: those in the inputs, otherwise the first access key in the environment. */
export function chooseCredentials(reader: InputReader): CredentialsChoice | undefined {
  const { input, variable, check } = reader
  const usesEcs = check('use-ecs-agency', parseBoolean(input('use-ecs-agency')))
  if (usesEcs === undefined) return undefined
  const isSet = (name: CredentialsInput) => (name === 'use-ecs-agency' ? usesEcs : input(name) !== '')
  const [first, second] = KINDS.flatMap(({ inputs, choose }) => {
    const name = inputs.find(isSet)
    return name === undefined ? [] : [{ name, choose }]
  })
  if (first !== undefined && second !== undefined) {
    const problem = invalid`cannot be combined with ${second.name}. Set only one kind of credentials.`
    return check<CredentialsChoice>(first.name, problem)
  }
  if (first !== undefined) return first.choose(reader)
  const names = KEY_VARIABLES.find((each) => each.some((name) => variable(name) !== ''))
  if (names !== undefined) return chooseKey(names, variable, check)
  return check<CredentialsChoice>('token', NO_CREDENTIALS)
}

const NO_CREDENTIALS = invalid`missing, and no other credentials are set. Set identity-provider-urn and agency-urn (GitHub OIDC, without a stored secret), access-key-id and secret-access-key, token, or, on a runner that is an ECS, use-ecs-agency: true. A secret is empty if its name is misspelled, or if a pull request from a fork triggered the workflow.`

function chooseToken({ input, check }: InputReader): CredentialsChoice | undefined {
  const problem = invalid`${UNPRINTABLE} Use only the value of the response header X-Subject-Token.`
  const token = check('token', parseSecret(input('token'), problem))
  if (token === undefined) return undefined
  return { kind: 'token', source: 'an IAM token from the input token', token }
}

const ECS_AGENCY: CredentialsChoice = {
  kind: 'ecs-agency',
  source: 'the agency of this ECS, from its metadata service',
}

function chooseKey<Name extends string>(
  names: KeyNames<Name>,
  value: (name: Name) => string,
  check: Check,
): CredentialsChoice | undefined {
  const [idName, secretName, tokenName] = names
  const given = names.filter((name) => value(name) !== '')
  const missing = invalid`missing, but ${given.join(' and ')} is set. Set ${idName} and ${secretName} together.`
  const read = (name: Name) => {
    const problem = value(name) === '' ? missing : invalid`${UNPRINTABLE} Use only the key itself.`
    return check(name, parseSecret(value(name), problem))
  }
  const isTemporary = tokenName !== undefined && given.includes(tokenName)
  const key = {
    id: read(idName),
    secret: read(secretName),
    ...(isTemporary && { securityToken: read(tokenName) }),
  }
  if (!isComplete(key)) return undefined
  const source = `${isTemporary ? 'a temporary access key' : 'an access key'} from ${given.join(', ')}`
  return { kind: 'access-key', source, key }
}

/** For GitHub OIDC. */
function chooseAgency({ input, variable, region, check }: InputReader): CredentialsChoice | undefined {
  const [sts, audience, runId] = [input('sts-endpoint'), input('audience'), variable('GITHUB_RUN_ID')]
  const stsEndpoint = sts === '' ? stsEndpointOf(region) : parseEndpoint(sts, 'v5', 'agencies')
  const idTokenRequest = parseIdTokenRequest(variable(ID_TOKEN_URL), variable(ID_TOKEN_BEARER))
  const readUrn = (name: CredentialsInput, type: string) => check(name, parseUrn(input(name), type))
  const agency = {
    identityProviderUrn: readUrn('identity-provider-urn', ':oidcProvider:'),
    idTokenRequest: check('identity-provider-urn', idTokenRequest),
    agencyUrn: readUrn('agency-urn', ':agency:'),
    audience: check('audience', /^[!-~]{1,255}$/.test(audience) ? audience : INVALID_AUDIENCE),
    stsEndpoint: check('sts-endpoint', stsEndpoint),
    sessionName: /^\d{1,20}$/.test(runId) ? `GitHubActions-${runId}` : 'GitHubActions',
  }
  if (!isComplete(agency)) return undefined
  return { kind: 'agency', source: 'GitHub OIDC with identity-provider-urn and agency-urn', agency }
}

/** Source: Huawei Cloud IAM API Reference (new edition): a URN is `iam::{account id}:{type}:{name}`. */
function parseUrn(value: string, type: string): string | InvalidInput {
  if (value === '') return invalid`missing. GitHub OIDC needs both identity-provider-urn and agency-urn.`
  return /^iam:[^:]*:[^:]+:[!-~]{1,1400}$/.test(value) && value.includes(type)
    ? value
    : invalid`must be a URN of the form iam::{account id}${type}{name}, as the IAM console shows it.`
}

/** The runner sets both variables if the job has the permission. */
function parseIdTokenRequest(url: string, bearer: string): Agency['idTokenRequest'] | InvalidInput {
  if (url === '' || bearer === '') return NO_ID_TOKEN
  const parsed = URL.parse(url)
  const isBearer = PRINTABLE.test(bearer) && bearer.length >= MIN_SECRET_LENGTH
  return parsed !== null && isSecure(parsed) && isBearer
    ? { url, bearer }
    : invalid`needs a GitHub ID token, but ${ID_TOKEN_URL} or ${ID_TOKEN_BEARER} is not in the format that a runner sets. Do not change these variables.`
}

const NO_ID_TOKEN = invalid`needs a GitHub ID token, but this job is not allowed to request one. Workflows that a fork's pull request triggers never are. Otherwise, add the permission to the job (and to the calling job of a reusable workflow), together with all others that the job needs:
  \`\`\`yaml
  permissions:
    id-token: write
    contents: read
  \`\`\``

const INVALID_AUDIENCE = invalid`must be a client ID of the identity provider: 1 to 255 characters without spaces.`

/** A shorter value is not a real key or token. */
const MIN_SECRET_LENGTH = 8

function parseSecret(value: string, problem: InvalidInput): string | InvalidInput {
  if (!PRINTABLE.test(value)) return problem
  return value.length < MIN_SECRET_LENGTH
    ? invalid`has only ${value.length} characters, so it is not a real key or token. Set the real value, or none.`
    : value
}

/** What a header can contain. */
const PRINTABLE = /^[!-~]+$/
const UNPRINTABLE = 'contains a space, a line break, or a character other than printable ASCII.'
