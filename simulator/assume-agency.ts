import type { Call, Cloud } from './cloud.ts'
import { subject } from './id-tokens.ts'
import { gatewayError, json, type Reply } from './reply.ts'
import { parseJson } from './request.ts'
import { isRecord } from './simulate.ts'

/**
 * POST /v5/agencies/assume-with-oidc of the Security Token Service: an id token for a temporary access key. Of its
 * errors only STS5.1106 and its message are documented (api-iam5, iam_02_1111); statuses and the others are guesses.
 */
export function assumeAgency(call: Call, cloud: Cloud): Reply {
  const order = readOrder(parseJson(call.body), cloud.longestSeconds)
  if ('invalid' in order) {
    return gatewayError(400, 'STS5.1100', `invalid parameter: ${order.invalid}`, call.requestId)
  }
  const missing = missingThing(order)
  if (missing !== undefined) {
    return gatewayError(404, 'STS5.1106', `the ${missing} cannot be found`, call.requestId)
  }
  const flaw = idTokenFlaw(order.idToken, cloud)
  if (flaw !== undefined) {
    return gatewayError(403, 'STS5.1107', `invalid id token: '${flaw}'`, call.requestId)
  }
  return grant(order, cloud)
}

const account = 'fedcba9876543210fedcba9876543210'
const agency = 'simulated-agency'

/** What the simulated account has set up for GitHub. */
export const trust = {
  providerUrn: `iam::${account}:oidcProvider:github-actions`,
  agencyUrn: `iam::${account}:agency:${agency}`,
  audience: 'sts.myhuaweicloud.com',
}

interface Order {
  readonly providerUrn: string
  readonly agencyUrn: string
  readonly session: string
  readonly idToken: string
  readonly seconds: number
}

/** Formats as in the vendor's SDK; its newest version lets sessions have 128 characters, older texts 64. */
function readOrder(body: unknown, longestSeconds: number): Order | { readonly invalid: string } {
  if (!isRecord(body)) return { invalid: 'body' }
  const { provider_urn: providerUrn, agency_urn: agencyUrn, id_token: idToken } = body
  const { agency_session_name: session, duration_seconds: seconds } = body
  if (!isText(providerUrn, /^(?=.{1,1500}$)[^:]+:[^:]*:[^:]{1,64}:[^:]{1,64}:.+$/))
    return { invalid: 'provider_urn' }
  if (!isText(agencyUrn, /^.{1,1500}$/)) return { invalid: 'agency_urn' }
  if (!isText(session, /^[\w+=,.@-]{2,64}$/)) return { invalid: 'agency_session_name' }
  if (!isText(idToken, /^.{4,20000}$/)) return { invalid: 'id_token' }
  const order = { providerUrn, agencyUrn, session, idToken }
  if (seconds === undefined) return { ...order, seconds: Math.min(3600, longestSeconds) }
  const fits = isDuration(seconds) && seconds <= longestSeconds
  return fits ? { ...order, seconds } : { invalid: 'duration_seconds' }
}

function isText(value: unknown, format: RegExp): value is string {
  return typeof value === 'string' && format.test(value)
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 900 && value <= 43_200
}

function missingThing({ providerUrn, agencyUrn }: Order): string | undefined {
  if (providerUrn !== trust.providerUrn) return `provider '${providerUrn}'`
  return agencyUrn === trust.agencyUrn ? undefined : `agency '${agencyUrn}'`
}

function idTokenFlaw(text: string, cloud: Cloud): string | undefined {
  const token = cloud.idTokens.find(text)
  if (token === undefined) return 'signature verification failed'
  if (cloud.elapsedMs() >= token.endsAtMs) return 'token expired'
  return token.audience === trust.audience ? undefined : 'audience not match'
}

function grant({ session, seconds }: Order, cloud: Cloud): Reply {
  const lifetimeMs = Math.min(seconds, cloud.keySeconds) * 1000
  const key = cloud.keys.issue({
    endsAtMs: cloud.elapsedMs() + lifetimeMs,
    expiration: cloud.wallClock(lifetimeMs),
  })
  return json(200, {
    assumed_agency: {
      urn: `sts::${account}::assumed-agency:${agency}/${session}`,
      id: `0a1b2c3d4e5f60718293a4b5c6d7e8f9:${session}`,
    },
    credentials: {
      access_key_id: key.id,
      secret_access_key: key.secret,
      security_token: key.securityToken,
      expiration: new Date(key.expiration).toISOString(),
    },
    audience: trust.audience,
    provider: trust.providerUrn,
    subject_from_id_token: subject,
  })
}
