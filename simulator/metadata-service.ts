import { randomBytes } from 'node:crypto'
import type { AccessKeys, TemporaryKey } from './access-keys.ts'
import type { Cloud } from './cloud.ts'
import { json, type ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'

/**
 * The metadata service of an ECS, which issues the temporary access keys of the agency of the ECS. Real servers reach it
 * at http://169.254.169.254; metadata-address.ts redirects a process that uses this address. Source: the vendor's Python
 * SDK 3.1.219, MetadataAccessor.
 */
export function openMetadataService(
  options: EcsOptions,
  { keys, elapsedMs, wallClock }: Pick<Cloud, 'elapsedMs' | 'wallClock'> & { readonly keys: AccessKeys },
): MetadataService {
  const { hasAgency = true, sessionTokens = 'optional', keySeconds = 24 * 3600, renewSeconds = 600 } = options
  const lifetimeMs = keySeconds * 1000
  const renewMs = Math.min(renewSeconds * 1000, lifetimeMs / 2)
  /** By token: when it expires. */
  const sessions = new Map<string, number>()
  let key: TemporaryKey | undefined
  return {
    hasAgency,
    sessionTokens,
    openSession: (seconds) => {
      const token = `FakeMetadataToken${randomBytes(24).toString('base64url')}`
      sessions.set(token, elapsedMs() + seconds * 1000)
      return token
    },
    isSession: (token) => (sessions.get(token) ?? 0) > elapsedMs(),
    currentKey: () => {
      const isCurrent =
        key !== undefined && keys.find(key.id) === key && elapsedMs() < key.expiresAtMs - renewMs
      if (key === undefined || !isCurrent) {
        key = keys.issue({ expiresAtMs: elapsedMs() + lifetimeMs, expiration: wallClock(lifetimeMs) })
      }
      return key
    },
  }
}

export interface EcsOptions {
  /** Whether the ECS has an agency, true by default. */
  readonly hasAgency?: boolean
  /**
   * Whether clients need a session token, `optional` by default. A status: the service issues no session tokens, returns
   * this status to a client that requests one, and needs none.
   */
  readonly sessionTokens?: 'required' | 'optional' | 404 | 405 | 503
  /** The lifetime of the keys, 24 hours by default. */
  readonly keySeconds?: number
  /**
   * How long before the keys expire the service issues new ones, 10 minutes by default, and never more than half of the
   * lifetime. Until then, it returns the same keys to every client. The real value is not documented.
   */
  readonly renewSeconds?: number
}

export interface MetadataService extends Required<Pick<EcsOptions, 'hasAgency' | 'sessionTokens'>> {
  /** Returns a new session token that is valid for a number of simulated seconds. */
  readonly openSession: (seconds: number) => string
  /** Whether a session token is valid. */
  readonly isSession: (token: string) => boolean
  /** The keys of the agency. Expiring and revoked keys are replaced by new ones. */
  readonly currentKey: () => TemporaryKey
}

/** PUT /meta-data/latest/api/token: returns a session token as text. The SDK requests the longest lifetime, 6 hours. */
export function requestSessionToken(request: ApiRequest, { metadata }: Cloud): ApiResponse {
  const { sessionTokens } = metadata
  if (typeof sessionTokens === 'number') return text(sessionTokens, 'The metadata token is not supported.')
  const seconds = String(request.headers['x-metadata-token-ttl-seconds'])
  // This error and its limits are an assumption.
  if (!/^\d{1,5}$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > MAX_SESSION_SECONDS) {
    return text(400, 'X-Metadata-Token-Ttl-Seconds must be a number from 1 to 21600.')
  }
  return text(200, metadata.openSession(Number(seconds)))
}

const MAX_SESSION_SECONDS = 21_600

/** GET /openstack/latest/securitykey: the temporary access key of the agency. */
export function showSecurityKey(request: ApiRequest, { metadata }: Cloud): ApiResponse {
  const { 'x-metadata-token': token } = request.headers
  const isRequired = metadata.sessionTokens === 'required' || (token !== undefined && acceptsTokens(metadata))
  // The SDK documents the status, and that this text differs from the next one. The text is an assumption.
  if (isRequired && !metadata.isSession(String(token))) {
    return text(401, '401 Unauthorized\n\nThe metadata token is missing or invalid.')
  }
  if (!metadata.hasAgency) {
    return text(401, '401 Unauthorized\n\nPlease configure Cloud Service Agency first.')
  }
  const { id, secret, securityToken, expiration } = metadata.currentKey()
  const expires_at = new Date(expiration).toISOString().replace('Z', '000Z')
  return json(200, { credential: { access: id, secret, securitytoken: securityToken, expires_at } })
}

/** That an invalid token is rejected even if tokens are optional is an assumption. */
function acceptsTokens({ sessionTokens }: MetadataService): boolean {
  return typeof sessionTokens !== 'number'
}

function text(status: number, body: string): ApiResponse {
  return { status, headers: { 'content-type': 'text/plain;charset=UTF-8' }, body }
}
