import type { Call, Cloud } from './cloud.ts'
import { json, type Reply } from './reply.ts'

/**
 * GET /id-token?api-version=2.0&audience=…: GitHub's endpoint, as the runner shows it to a job with the permission
 * `id-token: write`. A token lives for five minutes.
 */
export function requestIdToken(call: Call, cloud: Cloud): Reply {
  // What GitHub says here is a guess; the status is what counts.
  if (call.headers.authorization !== `Bearer ${requestToken}`) {
    return json(401, { message: 'The request token is missing or wrong.' })
  }
  const lifetimeMs = 5 * 60_000
  const value = cloud.idTokens.issue({
    audience: call.query['audience'] ?? 'https://github.com/octo-org',
    issuedAt: cloud.wallClock(),
    expiration: cloud.wallClock(lifetimeMs),
    endsAtMs: cloud.elapsedMs() + lifetimeMs,
  })
  return json(200, { count: value.length, value })
}

/** What the runner tells a job's processes. `endpoint` is the simulator's. */
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
