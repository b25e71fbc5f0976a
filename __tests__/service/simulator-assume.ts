import type { Simulator } from '../../simulator/simulator.ts'

/** Requests an ID token from GitHub's endpoint, by default for the audience of the simulator. */
export async function requestIdToken(
  simulator: Simulator,
  audience = simulator.oidc.audience,
): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = simulator.oidc.env
  const response = await fetch(`${url}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return ((await response.json()) as { value: string }).value
}

/** Assumes the agency with a new ID token. `changes` replace fields of the body; undefined removes a field. */
export async function assume(simulator: Simulator, changes: Record<string, unknown> = {}): Promise<Response> {
  const body = {
    provider_urn: simulator.oidc.providerUrn,
    agency_urn: simulator.oidc.agencyUrn,
    agency_session_name: 'a-session',
    id_token: await requestIdToken(simulator),
    ...changes,
  }
  return postToSts(simulator, JSON.stringify(body))
}

export function postToSts(simulator: Simulator, body: string): Promise<Response> {
  const url = `${simulator.endpoint}/v5/agencies/assume-with-oidc`
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

/** Assumes the agency, and returns its temporary access key. */
export async function temporaryKey(
  simulator: Simulator,
  changes?: Record<string, unknown>,
): Promise<TemporaryKey> {
  const { credentials } = (await (await assume(simulator, changes)).json()) as Assumed
  return {
    id: credentials.access_key_id,
    secret: credentials.secret_access_key,
    securityToken: credentials.security_token,
    expiration: Date.parse(credentials.expiration),
  }
}

export interface TemporaryKey {
  readonly id: string
  readonly secret: string
  readonly securityToken: string
  /** Milliseconds since 1970. */
  readonly expiration: number
}

interface Assumed {
  readonly credentials: Readonly<
    Record<'access_key_id' | 'secret_access_key' | 'security_token' | 'expiration', string>
  >
}
