import type { Cloud } from './cloud.ts'
import { json, type ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'

/**
 * GET /id-token?api-version=2.0&audience=…: GitHub's ID token endpoint, which the runner offers to a job with the
 * permission `id-token: write`.
 */
export function requestIdToken(request: ApiRequest, cloud: Cloud): ApiResponse {
  // The status is what GitHub returns; the body is an assumption.
  if (request.headers.authorization !== `Bearer ${requestToken}`) {
    return json(401, { message: 'The request token is missing or invalid.' })
  }
  const value = cloud.idTokens.issue({
    audience: request.query['audience'] ?? 'https://github.com/octo-org',
    issuedAt: cloud.wallClock(),
    expiration: cloud.wallClock(LIFETIME_MS),
    expiresAtMs: cloud.elapsedMs() + LIFETIME_MS,
  })
  return json(200, { count: value.length, value })
}

const LIFETIME_MS = 5 * 60_000

/** The variables that the runner sets for a job's processes. `endpoint` is the simulator's. */
export function idTokenEnv(endpoint: string): IdTokenEnv {
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${endpoint}/id-token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
  }
}

export type IdTokenEnv = Readonly<
  Record<'ACTIONS_ID_TOKEN_REQUEST_URL' | 'ACTIONS_ID_TOKEN_REQUEST_TOKEN', string>
>

const requestToken = 'simulator-id-token-request-token-not-a-secret'
