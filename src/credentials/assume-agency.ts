import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { Exchange, HttpRequest } from '../http/exchange.ts'
import { faultOf, type Fault, type RejectionReason, type ResponseContext } from '../http/fault.ts'
import { readClockOffset } from '../http/headers.ts'
import { parseJson } from '../http/service-error.ts'
import { phrase } from '../untrusted-text.ts'
import type { AccessKey } from './access-key.ts'

/** A trust agency in IAM, and what is needed to assume it with an ID token of GitHub. */
export interface Agency {
  readonly identityProviderUrn: string
  readonly agencyUrn: string
  readonly audience: string
  /** Security Token Service: scheme, host, and path prefix, without a trailing slash. */
  readonly stsEndpoint: string
  /** Identifies the workflow run in the audit log of the cloud. */
  readonly sessionName: string
  /** GitHub's endpoint for ID tokens, and the bearer token for it. */
  readonly idTokenRequest: { readonly url: string; readonly bearer: string }
}

/** Temporary keys of an agency. */
export interface Assumed {
  readonly kind: 'assumed'
  readonly key: AccessKey
  /** Milliseconds from now. */
  readonly lifetime: number
  /** How far the service's clock is ahead of this runner's, in milliseconds; 0 if unknown. */
  readonly clockOffset: number
  /** Everything that was registered as a secret. */
  readonly secrets: readonly string[]
}

export interface AssumeDependencies extends ResponseContext {
  readonly exchange: Exchange
}

/**
 * Assumes an agency: requests an ID token from GitHub and exchanges it for temporary keys. It never rejects.
 *
 * @param lifetime requested lifetime of the keys, milliseconds
 */
export async function assumeAgency(
  agency: Agency,
  lifetime: number,
  deps: AssumeDependencies,
  signal: AbortSignal,
): Promise<Assumed | Fault> {
  const { exchange, secrets, wallClock } = deps
  const send = async <T>(service: TokenService, request: HttpRequest, schema: z.ZodType<T>) => {
    const result = await exchange(request, signal)
    if (result.kind === 'no-response' || result.status >= 300) {
      const isPassing = result.kind === 'response' && service.passing.includes(result.status)
      return tokenServiceFault(service, faultOf(result, deps), isPassing)
    }
    const json = result.bodyError === undefined ? parseJson(result.body) : undefined
    const { data } = schema.safeParse(json)
    return data === undefined
      ? unusable(service, result.status)
      : { kind: 'issued' as const, data, headers: result.headers }
  }

  const token = await send(GITHUB, requestIdToken(agency), idTokenSchema)
  if (token.kind !== 'issued') return token
  const idToken = token.data.value
  const tokenParts = partsOf(idToken)
  for (const part of tokenParts) secrets.add(part)

  const assumed = await send(STS, requestKeys(agency, idToken, lifetime), assumedSchema)
  if (assumed.kind !== 'issued') return assumed
  const { credentials } = assumed.data
  const key = {
    id: credentials.access_key_id,
    secret: credentials.secret_access_key,
    securityToken: credentials.security_token,
  }
  const keyParts = Object.values(key)
  for (const part of keyParts) secrets.add(part)

  // The remaining lifetime is measured by the service's clock, because this runner's may be wrong.
  const clockOffset = readClockOffset(assumed.headers, wallClock()) || 0
  const left = Math.min(parseExpiration(credentials.expiration) - wallClock() - clockOffset, lifetime)
  if (!(left > 0)) return unusable(STS, 200)
  return { kind: 'assumed', key, lifetime: left, clockOffset, secrets: [...tokenParts, ...keyParts] }
}

/** A service may echo the token without its signature, or the signature alone. */
function partsOf(idToken: string): readonly string[] {
  const end = idToken.lastIndexOf('.')
  const parts = end < 0 ? [idToken] : [idToken, idToken.slice(0, end), idToken.slice(end + 1)]
  return parts.filter((part) => part.length >= 8)
}

/** Returns milliseconds since the epoch, or NaN; a time without an offset is UTC. */
function parseExpiration(time: string): number {
  return Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(time) ? time : `${time}Z`)
}

/** Source: GitHub Docs, "Methods for requesting the OIDC token". */
function requestIdToken({ idTokenRequest, audience }: Agency): HttpRequest {
  const url = new URL(idTokenRequest.url)
  url.searchParams.set('audience', audience)
  return {
    method: 'GET',
    url: url.href,
    headers: { Accept: 'application/json', Authorization: `Bearer ${idTokenRequest.bearer}` },
    body: '',
  }
}

/** Source: Huawei Cloud IAM API Reference (new edition), "AssumeAgencyWithOIDC". */
function requestKeys(agency: Agency, idToken: string, lifetime: number): HttpRequest {
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

/** Text that a header can contain, and long enough for a key or token. */
const printable = z.string().regex(/^[!-~]{8,}$/)
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
  /** Precedes the labels of its faults in the tally. */
  readonly label: string
  readonly issues: string
  /** Statuses with which it sometimes rejects a valid request: a new ID token is worth a retry. */
  readonly passing: readonly number[]
  /** The reason of an error when it rejects a request. */
  readonly reason: RejectionReason
  readonly hint: string
}

const GITHUB: TokenService = {
  name: "GitHub's token service",
  label: 'ID token',
  issues: 'an ID token',
  // Source: issue 1441 of actions/toolkit.
  passing: [400, 404],
  reason: 'id-token',
  hint: "Check that this runner can reach GitHub's token service, and that no other server responds in its place: firewall, https_proxy, and no_proxy.",
}

const STS: TokenService = {
  name: 'the Security Token Service',
  label: 'STS',
  issues: 'valid keys',
  // Seen with the AWS service of the same kind: issues 299 and 348 of aws-actions/configure-aws-credentials.
  passing: [400, 403],
  reason: 'agency',
  hint: 'Check sts-endpoint and region, and that this runner can reach the Security Token Service: firewall, VPC, https_proxy, and no_proxy.',
}

/** Adapts a fault, whose hint and rate limit would otherwise be taken for those of the jobs API. */
function tokenServiceFault(
  service: TokenService,
  fault: ReturnType<typeof faultOf>,
  isPassing: boolean,
): Fault {
  const { label, message, hint } = fault.detail
  const isRedirect = fault.kind === 'rejected' && fault.reason === 'redirect'
  const detail = {
    label: `${service.label} ${label}`,
    message: phrase`${service.name}: ${message}`,
    ...((hint !== undefined || isRedirect) && { hint: service.hint }),
  }
  if (fault.kind === 'transient') return { kind: fault.kind, retryAfter: fault.retryAfter, detail }
  const isAboutRequest = ['credentials', 'permission', 'request'].includes(fault.reason)
  const reason = isAboutRequest ? service.reason : fault.reason
  return { ...fault, reason, scope: 'all', ...(isPassing && { isPassing }), detail }
}

/** Shows nothing of the response, which may contain a part of the keys. */
function unusable({ name, label, issues, hint }: TokenService, status: number): Fault {
  const message = phrase`${name}: HTTP ${status} without ${issues}`
  return { kind: 'unusable', detail: { label: `unusable ${label} response`, message, hint } }
}
