import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { HttpRequest } from '../http/exchange.ts'
import type { Issue } from './renewable.ts'
import { issued, printable, readSent, type IssueDependencies, type TokenService } from './token-service.ts'

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

/** Assumes an agency: requests an ID token from GitHub, and exchanges it for temporary keys. */
export function assumeAgency(agency: Agency, deps: IssueDependencies): Issue {
  return async ({ lifetime, register, signal }) => {
    const response = await deps.exchange(requestIdToken(agency), signal)
    const token = readSent(GITHUB, response, z.object({ value: printable }), deps)
    if (token.kind !== 'sent') return token
    const idToken = token.data.value
    // A service may echo the token without its signature, or the signature alone.
    const parts = [idToken, ...idToken.split(/\.(?=[^.]*$)/)]
    register(...parts.filter((part) => part.length >= 8))
    const result = await deps.exchange(requestKeys(agency, idToken, lifetime), signal)
    const assumed = readSent(STS, result, keysSchema, deps)
    if (assumed.kind !== 'sent') return assumed
    const { access_key_id: id, secret_access_key: secret, ...sent } = assumed.data.credentials
    const key = { id, secret, securityToken: sent.security_token }
    register(...Object.values(key))
    const keys = issued(STS, assumed.response, key, sent.expiration, deps.wallClock)
    return keys.kind === 'issued' ? { ...keys, lifetime: Math.min(keys.lifetime, lifetime) } : keys
  }
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

const keysSchema = z.object({
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
