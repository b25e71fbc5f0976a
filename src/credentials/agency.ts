import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { Exchange, HttpRequest } from '../http/exchange.ts'
import { faultOf, type Fault, type Passing, type Refusal, type Refused } from '../http/fault.ts'
import { parseHttpDate } from '../http/http-date.ts'
import { parseJson } from '../http/service-error.ts'
import { phrase } from '../outside-text.ts'
import type { Secrets } from '../secrets.ts'
import type { AccessKey } from './access-key.ts'

/** An agency of the cloud, and how GitHub vouches for us to it. */
export interface Agency {
  readonly identityProviderUrn: string
  readonly agencyUrn: string
  readonly audience: string
  /** Security Token Service: scheme, host and path prefix, without a slash at its end. */
  readonly stsEndpoint: string
  /** Names the run in the cloud's audit log. */
  readonly sessionName: string
  /** Where the runner gets id tokens, and the bearer token for it. */
  readonly idTokenUrl: string
  readonly idTokenBearer: string
}

/** Temporary keys. */
export interface Assumed {
  readonly kind: 'assumed'
  readonly key: AccessKey
  /** Milliseconds from now on. */
  readonly lifetime: number
  /** How much the service's clock is ahead of ours, milliseconds; 0 when it did not say. */
  readonly clockOffset: number
  /** All that was registered as secret for them. */
  readonly secrets: readonly string[]
}

/**
 * Assumes an agency: a new id token of GitHub's, and temporary keys for it. It always resolves.
 *
 * @param lifetime how long the keys are wanted, milliseconds
 * @param wallClock milliseconds since the epoch
 */
export async function assumeAgency(
  agency: Agency,
  lifetime: number,
  secrets: Secrets,
  wallClock: () => number,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<Assumed | Fault> {
  const ask = async <T>(party: Party, request: HttpRequest, schema: z.ZodType<T>) => {
    const exchanged = await exchange(request, signal)
    if (exchanged.kind === 'no-reply' || exchanged.status >= 300) {
      return faultAt(party, faultOf(exchanged, secrets, wallClock()))
    }
    const json = exchanged.flaw === undefined ? parseJson(exchanged.body) : undefined
    const { data } = schema.safeParse(json)
    return data === undefined
      ? unusable(party, exchanged.status)
      : { kind: 'given' as const, data, date: exchanged.headers.date ?? '' }
  }

  const token = await ask(GITHUB, idTokenRequest(agency), idTokenSchema)
  if (token.kind !== 'given') return token
  const idToken = token.data.value
  const tokenParts = partsOf(idToken)
  for (const part of tokenParts) secrets.add(part)

  const given = await ask(STS, assumeRequest(agency, idToken, lifetime), assumedSchema)
  if (given.kind !== 'given') return given
  const {
    access_key_id: id,
    secret_access_key: secret,
    security_token: securityToken,
  } = given.data.credentials
  for (const text of [id, secret, securityToken]) secrets.add(text)

  // By the service's own clock, for this runner's may be wrong.
  const serviceClock = parseHttpDate(given.date)
  const clockOffset = Number.isNaN(serviceClock) ? 0 : serviceClock - wallClock()
  const left = Math.min(timeOf(given.data.credentials.expiration) - wallClock() - clockOffset, lifetime)
  if (!(left > 0)) return unusable(STS, 200)
  return {
    kind: 'assumed',
    key: { id, secret, securityToken },
    lifetime: left,
    clockOffset,
    secrets: [...tokenParts, id, secret, securityToken],
  }
}

/** An echo need not be of the whole token. */
function partsOf(idToken: string): readonly string[] {
  const end = idToken.lastIndexOf('.')
  return end < 0 ? [idToken] : [idToken, idToken.slice(0, end), idToken.slice(end + 1)]
}

/** Milliseconds since the epoch; NaN for no date. */
function timeOf(date: string): number {
  return Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(date) ? date : `${date}Z`)
}

/** Source: GitHub's documents, "Methods for requesting the OIDC token". */
function idTokenRequest({ idTokenUrl, idTokenBearer, audience }: Agency): HttpRequest {
  const url = new URL(idTokenUrl)
  url.searchParams.set('audience', audience)
  return {
    method: 'GET',
    url: url.href,
    headers: { Accept: 'application/json', Authorization: `Bearer ${idTokenBearer}` },
    body: '',
  }
}

/** Source: the vendor's API reference of IAM, new edition, "AssumeAgencyWithOIDC". */
function assumeRequest(agency: Agency, idToken: string, lifetime: number): HttpRequest {
  return {
    method: 'POST',
    url: `${agency.stsEndpoint}/v5/agencies/assume-with-oidc`,
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    body: JSON.stringify({
      provider_urn: agency.identityProviderUrn,
      agency_urn: agency.agencyUrn,
      agency_session_name: agency.sessionName,
      id_token: idToken,
      duration_seconds: Math.ceil(lifetime / SECOND),
    }),
  }
}

/** What can stand in a header. */
const visible = z.string().regex(/^[!-~]+$/)
const idTokenSchema = z.object({ value: visible })
const assumedSchema = z.object({
  credentials: z.object({
    access_key_id: visible,
    secret_access_key: visible,
    security_token: visible,
    expiration: z.string(),
  }),
})

interface Party {
  readonly name: string
  /** For the tally of answers. */
  readonly label: string
  readonly gives: string
  /** Why we end when it refuses. */
  readonly why: Refusal
  readonly check: string
}

const GITHUB: Party = {
  name: 'GitHub’s token service',
  label: 'id token',
  gives: 'an id token',
  why: 'id-token',
  check:
    'Check that this runner may reach GitHub’s token service, and that nothing else answers in its place: firewall, https_proxy and no_proxy.',
}

const STS: Party = {
  name: 'the Security Token Service',
  label: 'STS',
  gives: 'keys that are good',
  why: 'agency',
  check:
    'Check sts-endpoint and region, and that this runner may reach the Security Token Service: firewall, VPC, https_proxy and no_proxy.',
}

/** What is wrong with the request itself is the party's own refusal; no other job would fare better. */
function faultAt({ name, label, why, check }: Party, fault: Refused | Passing): Fault {
  const { label: itsLabel, says, check: itsCheck } = fault.told
  const told = { label: `${label} ${itsLabel}`, says: phrase`${name}: ${says}` }
  const isRedirect = fault.kind === 'refused' && fault.why === 'redirect'
  // What it says to check speaks of the jobs API.
  const toldHere = itsCheck !== undefined || isRedirect ? { ...told, check } : told
  // Its limit is not that of the jobs API.
  if (fault.kind === 'try-again') return { kind: fault.kind, retryAfter: fault.retryAfter, told: toldHere }
  const isItsOwn = ['credentials', 'permission', 'request'].includes(fault.why)
  return { ...fault, why: isItsOwn ? why : fault.why, scope: 'all', told: toldHere }
}

/** Nothing of the answer is shown: it may hold half of the keys. */
function unusable({ name, label, gives, check }: Party, status: number): Fault {
  const told = { label: `${label} unusable`, says: phrase`${name}: HTTP ${status} without ${gives}`, check }
  return { kind: 'unusable', told }
}
