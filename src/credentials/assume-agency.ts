import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { Exchange, HttpRequest } from '../http/exchange.ts'
import { faultOf, type Fault, type Transient, type RejectionReason, type Rejected } from '../http/fault.ts'
import { parseHttpDate } from '../http/http-date.ts'
import { parseJson } from '../http/service-error.ts'
import { phrase } from '../untrusted-text.ts'
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
  const ask = async <T>(party: TokenService, request: HttpRequest, schema: z.ZodType<T>) => {
    const exchanged = await exchange(request, signal)
    if (exchanged.kind === 'no-response' || exchanged.status >= 300) {
      return faultAt(party, faultOf(exchanged, secrets, wallClock()))
    }
    const json = exchanged.bodyError === undefined ? parseJson(exchanged.body) : undefined
    const { data } = schema.safeParse(json)
    return data === undefined
      ? unusable(party, exchanged.status)
      : { kind: 'issued' as const, data, date: exchanged.headers.date ?? '' }
  }

  const token = await ask(GITHUB, idTokenRequest(agency), idTokenSchema)
  if (token.kind !== 'issued') return token
  const idToken = token.data.value
  const tokenParts = partsOf(idToken)
  for (const part of tokenParts) secrets.add(part)

  const given = await ask(STS, assumeRequest(agency, idToken, lifetime), assumedSchema)
  if (given.kind !== 'issued') return given
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
const printable = z.string().regex(/^[!-~]+$/)
const idTokenSchema = z.object({ value: printable })
const assumedSchema = z.object({
  credentials: z.object({
    access_key_id: printable,
    secret_access_key: printable,
    security_token: printable,
    expiration: z.string(),
  }),
})

interface TokenService {
  readonly name: string
  /** For the tally of answers. */
  readonly label: string
  readonly issues: string
  /** Why we end when it refuses. */
  readonly reason: RejectionReason
  readonly hint: string
}

const GITHUB: TokenService = {
  name: 'GitHub’s token service',
  label: 'id token',
  issues: 'an id token',
  reason: 'id-token',
  hint: 'Check that this runner may reach GitHub’s token service, and that nothing else answers in its place: firewall, https_proxy and no_proxy.',
}

const STS: TokenService = {
  name: 'the Security Token Service',
  label: 'STS',
  issues: 'keys that are good',
  reason: 'agency',
  hint: 'Check sts-endpoint and region, and that this runner may reach the Security Token Service: firewall, VPC, https_proxy and no_proxy.',
}

/** What is wrong with the request itself is the party's own refusal; no other job would fare better. */
function faultAt({ name, label, reason, hint }: TokenService, fault: Rejected | Transient): Fault {
  const { label: itsLabel, message, hint: itsHint } = fault.detail
  const detail = { label: `${label} ${itsLabel}`, message: phrase`${name}: ${message}` }
  const isRedirect = fault.kind === 'rejected' && fault.reason === 'redirect'
  // What it says to check speaks of the jobs API.
  const adapted = itsHint !== undefined || isRedirect ? { ...detail, hint } : detail
  // Its limit is not that of the jobs API.
  if (fault.kind === 'transient') return { kind: fault.kind, retryAfter: fault.retryAfter, detail: adapted }
  const isItsOwn = ['credentials', 'permission', 'request'].includes(fault.reason)
  return { ...fault, reason: isItsOwn ? reason : fault.reason, scope: 'all', detail: adapted }
}

/** Nothing of the answer is shown: it may hold half of the keys. */
function unusable({ name, label, issues, hint }: TokenService, status: number): Fault {
  const detail = {
    label: `${label} unusable`,
    message: phrase`${name}: HTTP ${status} without ${issues}`,
    hint,
  }
  return { kind: 'unusable', detail }
}
