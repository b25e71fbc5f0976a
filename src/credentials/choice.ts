import { isPrivate, parseEndpoint, stsEndpointOf, type Region } from '../api/endpoints.ts'
import type { Secrets } from '../secrets.ts'
import { InvalidInput } from '../invalid-input.ts'
import type { AccessKey } from './access-key.ts'
import type { Agency } from './assume-agency.ts'

/** The one kind of credentials that is used; `source` tells the log where they come from. */
export type CredentialsChoice = { readonly source: string } & (
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'access-key'; readonly key: AccessKey }
  | { readonly kind: 'agency'; readonly agency: Agency }
)

/** Inputs that are credentials, or a part of them, by kind; at most one kind may be given. */
const KINDS = {
  token: ['token'],
  'access-key': ['access-key-id', 'secret-access-key', 'security-token'],
  agency: ['identity-provider-urn', 'agency-urn'],
} as const

type Kind = keyof typeof KINDS
export type CredentialsInput = (typeof KINDS)[Kind][number] | 'audience' | 'sts-endpoint'

interface KeyNames<Name extends string> {
  readonly id: Name
  readonly secret: Name
  readonly securityToken?: Name
}

const KEY_INPUTS = {
  id: 'access-key-id',
  secret: 'secret-access-key',
  securityToken: 'security-token',
} as const

/** Access keys in the environment, in the order in which they are looked for. */
const KEY_VARIABLES: readonly KeyNames<string>[] = [
  // Set by the action huaweicloud/auth-action.
  { id: 'HUAWEI_CLOUD_ACCESS_KEY_ID', secret: 'HUAWEI_CLOUD_SECRET_ACCESS_KEY' },
  // The vendor's SDKs.
  { id: 'HUAWEICLOUD_SDK_AK', secret: 'HUAWEICLOUD_SDK_SK', securityToken: 'HUAWEICLOUD_SDK_SECURITY_TOKEN' },
  // Terraform's provider.
  { id: 'HW_ACCESS_KEY', secret: 'HW_SECRET_KEY', securityToken: 'HW_SECURITY_TOKEN' },
]

/** Where values come from, and where problems go. */
export interface InputReader {
  /** An input's value, or its default; empty when there is neither. */
  readonly input: (name: CredentialsInput) => string
  /** A variable's value; empty when there is none. */
  readonly variable: (name: string) => string
  readonly region: Region | undefined
  readonly report: (name: string, problem: string) => void
}

/** Registers all that is secret, used or not, before anything is said. */
export function registerSecrets(
  { input, variable }: Pick<InputReader, 'input' | 'variable'>,
  secrets: Secrets,
): void {
  for (const name of [...KINDS.token, ...KINDS['access-key']]) secrets.add(input(name))
  for (const name of [...KEY_VARIABLES.flatMap(namesOf), ID_TOKEN_BEARER]) secrets.add(variable(name))
}

/** Chooses the credentials: those that are inputs, else the first access key of the environment. */
export function chooseCredentials(asked: InputReader): CredentialsChoice | undefined {
  const { input, variable, report } = asked
  const given = (kind: Kind) => KINDS[kind].filter((name) => input(name) !== '')
  const [kind, other] = (['token', 'access-key', 'agency'] as const).filter((each) => given(each).length > 0)
  if (kind !== undefined && other !== undefined) {
    report(
      given(kind)[0] ?? kind,
      `is one kind of credentials, and ${given(other)[0]} another. Give one kind.`,
    )
    return undefined
  }
  if (kind === 'token') return chooseToken(asked)
  if (kind === 'access-key') return chooseKey(KEY_INPUTS, input, report)
  if (kind === 'agency') return chooseAgency(asked)

  const inEnvironment = KEY_VARIABLES.find((names) => namesOf(names).some((name) => variable(name) !== ''))
  if (inEnvironment !== undefined) return chooseKey(inEnvironment, variable, report)
  report(
    'token',
    'is missing, and so are all other credentials. Give identity-provider-urn and agency-urn (GitHub OIDC, without a stored secret), access-key-id and secret-access-key, or token. A secret is empty in workflows of forks and where its name is misspelled.',
  )
  return undefined
}

function namesOf<Name extends string>({ id, secret, securityToken }: KeyNames<Name>): Name[] {
  return securityToken === undefined ? [id, secret] : [id, secret, securityToken]
}

function chooseToken({ input, report }: InputReader): CredentialsChoice | undefined {
  const token = input('token')
  if (isPrintable(token)) return { kind: 'token', source: 'an IAM token from the input token', token }
  report(
    'token',
    'holds a space, a line end or a character that no token has. Give only the value of X-Subject-Token.',
  )
  return undefined
}

function chooseKey<Name extends string>(
  names: KeyNames<Name>,
  value: (name: Name) => string,
  report: InputReader['report'],
): CredentialsChoice | undefined {
  const given = namesOf(names).filter((name) => value(name) !== '')
  const problems = namesOf(names).flatMap((name) => {
    if (isPrintable(value(name)) || (name === names.securityToken && value(name) === '')) return []
    const problem =
      value(name) === ''
        ? `is missing, and ${given.join(' and ')} is given. Give ${names.id} and ${names.secret} together.`
        : 'holds a space, a line end or a character that no key has. Give only the key.'
    return { name, problem }
  })
  for (const { name, problem } of problems) report(name, problem)
  if (problems.length > 0) return undefined
  const securityToken = names.securityToken === undefined ? '' : value(names.securityToken)
  return {
    kind: 'access-key',
    source: `${securityToken === '' ? 'an access key' : 'a temporary access key'} from ${given.join(', ')}`,
    key: {
      id: value(names.id),
      secret: value(names.secret),
      securityToken: securityToken === '' ? undefined : securityToken,
    },
  }
}

const ID_TOKEN_URL = 'ACTIONS_ID_TOKEN_REQUEST_URL'
const ID_TOKEN_BEARER = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'

/** GitHub OIDC. */
function chooseAgency({ input, variable, region, report }: InputReader): CredentialsChoice | undefined {
  const [identityProviderUrn, agencyUrn] = [input('identity-provider-urn'), input('agency-urn')]
  const [idTokenUrl, idTokenBearer] = [variable(ID_TOKEN_URL), variable(ID_TOKEN_BEARER)]
  const [audience, run] = [input('audience'), variable('GITHUB_RUN_ID')]
  const givenSts = input('sts-endpoint')
  const sts = givenSts === '' ? stsEndpointOf(region) : parseEndpoint(givenSts, 'v5', 'agencies')
  const problems = [
    urnProblem('identity-provider-urn', identityProviderUrn, ':oidcProvider:'),
    idTokenProblem(idTokenUrl, idTokenBearer),
    urnProblem('agency-urn', agencyUrn, ':agency:'),
    /^[!-~]{1,255}$/.test(audience) ? [] : { name: 'audience', problem: BAD_AUDIENCE },
    sts instanceof InvalidInput ? { name: 'sts-endpoint', problem: sts.problem } : [],
  ].flat()
  for (const { name, problem } of problems) report(name, problem)
  if (problems.length > 0 || sts instanceof InvalidInput) return undefined
  return {
    kind: 'agency',
    source: 'GitHub OIDC by identity-provider-urn and agency-urn',
    agency: {
      identityProviderUrn,
      agencyUrn,
      audience,
      stsEndpoint: sts,
      sessionName: /^\d{1,20}$/.test(run) ? `GitHubActions-${run}` : 'GitHubActions',
      idTokenUrl,
      idTokenBearer,
    },
  }
}

interface Problem {
  readonly name: string
  readonly problem: string
}

/** A URN is `iam::{account id}:{type}:{name}`. Source: the vendor's API reference of IAM, new edition. */
function urnProblem(name: string, value: string, type: string): Problem | [] {
  if (value === '')
    return { name, problem: 'is missing. GitHub OIDC takes identity-provider-urn and agency-urn.' }
  const isGood = /^iam:[^:]*:[^:]+:[!-~]{1,1400}$/.test(value) && value.includes(type)
  return isGood
    ? []
    : { name, problem: `is no such URN. The console of IAM shows it: iam::{account id}${type}{name}.` }
}

/** What the runner sets, given the permission. */
function idTokenProblem(url: string, bearer: string): Problem | [] {
  const name = 'identity-provider-urn'
  if (url === '' || bearer === '') return { name, problem: NO_ID_TOKEN }
  const parsed = URL.parse(url)
  if (parsed !== null && isPrivate(parsed) && isPrintable(bearer)) return []
  return {
    name,
    problem: `needs an id token, and ${ID_TOKEN_URL} or ${ID_TOKEN_BEARER} is not what a runner sets.`,
  }
}

const BAD_AUDIENCE = 'must be a client id of the identity provider, 1 to 255 characters without spaces.'

const NO_ID_TOKEN = `needs an id token of GitHub’s, and this job may not have one. Give the job (in a reusable workflow the calling one, too) this, and beside it what else it needs; workflows of forks never get one:
  \`\`\`yaml
  permissions:
    id-token: write
    contents: read
  \`\`\``

/** Printable ASCII without spaces: what can stand in a header. */
function isPrintable(value: string): boolean {
  return /^[!-~]+$/.test(value)
}
