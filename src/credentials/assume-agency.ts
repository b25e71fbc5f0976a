import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { HttpRequest } from '../http/exchange.ts'
import type { Fault } from '../http/fault.ts'
import { readClockOffset } from '../http/headers.ts'
import type { Issued } from './renewable.ts'
import {
  callTokenService,
  parseExpiration,
  printable,
  unusableResponse,
  type IssueDependencies,
  type TokenService,
} from './token-service.ts'

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

/**
 * Assumes an agency: requests an ID token from GitHub and exchanges it for temporary keys. It never rejects.
 *
 * @param lifetime requested lifetime of the keys, milliseconds
 */
export async function assumeAgency(
  agency: Agency,
  lifetime: number,
  deps: IssueDependencies,
  signal: AbortSignal,
): Promise<Issued | Fault> {
  const { secrets, wallClock } = deps
  const token = await callTokenService(GITHUB, requestIdToken(agency), idTokenSchema, deps, signal)
  if (token.kind !== 'sent') return token
  const idToken = token.data.value
  const tokenParts = partsOf(idToken)
  for (const part of tokenParts) secrets.add(part)

  const assumed = await callTokenService(
    STS,
    requestKeys(agency, idToken, lifetime),
    assumedSchema,
    deps,
    signal,
  )
  if (assumed.kind !== 'sent') return assumed
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
  if (!(left > 0)) return unusableResponse(STS, 200)
  return { kind: 'issued', key, lifetime: left, clockOffset, secrets: [...tokenParts, ...keyParts] }
}

/** A service may echo the token without its signature, or the signature alone. */
function partsOf(idToken: string): readonly string[] {
  const end = idToken.lastIndexOf('.')
  const parts = end < 0 ? [idToken] : [idToken, idToken.slice(0, end), idToken.slice(end + 1)]
  return parts.filter((part) => part.length >= 8)
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

const idTokenSchema = z.object({ value: printable })
const assumedSchema = z.object({
  credentials: z.object({
    access_key_id: printable,
    secret_access_key: printable,
    security_token: printable,
    expiration: z.string(),
  }),
})

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
