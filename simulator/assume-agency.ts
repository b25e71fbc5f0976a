import type { Cloud } from './cloud.ts'
import { subject } from './id-tokens.ts'
import { gatewayError, json, type ApiResponse } from './response.ts'
import { parseJson, type ApiRequest } from './request.ts'
import { isRecord } from './simulate.ts'

/**
 * POST /v5/agencies/assume-with-oidc of the Security Token Service: exchanges an ID token for a temporary access key.
 * Of its errors, only STS5.1106 and its message are documented (API reference api-iam5, iam_02_1111). The statuses and
 * all other errors are assumptions.
 */
export function assumeAgency(request: ApiRequest, cloud: Cloud): ApiResponse {
  const parameters = readParameters(parseJson(request.body), cloud.maxSessionSeconds)
  if ('invalid' in parameters) {
    return gatewayError(400, 'STS5.1100', `invalid parameter: ${parameters.invalid}`, request.requestId)
  }
  const missing = missingResource(parameters)
  if (missing !== undefined) {
    return gatewayError(404, 'STS5.1106', `the ${missing} cannot be found`, request.requestId)
  }
  const error = idTokenError(parameters.idToken, cloud)
  if (error !== undefined) {
    return gatewayError(403, 'STS5.1107', `invalid id token: '${error}'`, request.requestId)
  }
  return issueKey(parameters, cloud)
}

/** The ID of the simulated account, which IAM calls a domain. */
export const account = 'fedcba9876543210fedcba9876543210'
const agency = 'simulated-agency'

/** The trust relationship between the simulated account and GitHub. */
export const trust = {
  providerUrn: `iam::${account}:oidcProvider:github-actions`,
  agencyUrn: `iam::${account}:agency:${agency}`,
  audience: 'sts.myhuaweicloud.com',
}

interface Parameters {
  readonly providerUrn: string
  readonly agencyUrn: string
  readonly sessionName: string
  readonly idToken: string
  readonly seconds: number
}

/**
 * Checks the formats of the vendor's SDK. Its newest version allows session names of 128 characters; older documents
 * allow 64, which is what the simulator enforces.
 */
function readParameters(body: unknown, maxSeconds: number): Parameters | { readonly invalid: string } {
  if (!isRecord(body)) return { invalid: 'body' }
  const { provider_urn: providerUrn, agency_urn: agencyUrn, id_token: idToken } = body
  const { agency_session_name: sessionName, duration_seconds: seconds } = body
  if (!isText(providerUrn, /^(?=.{1,1500}$)[^:]+:[^:]*:[^:]{1,64}:[^:]{1,64}:.+$/)) {
    return { invalid: 'provider_urn' }
  }
  if (!isText(agencyUrn, /^.{1,1500}$/)) return { invalid: 'agency_urn' }
  if (!isText(sessionName, /^[\w+=,.@-]{2,64}$/)) return { invalid: 'agency_session_name' }
  if (!isText(idToken, /^.{4,20000}$/)) return { invalid: 'id_token' }
  const parameters = { providerUrn, agencyUrn, sessionName, idToken }
  if (seconds === undefined) return { ...parameters, seconds: Math.min(3600, maxSeconds) }
  const isValid = isDuration(seconds) && seconds <= maxSeconds
  return isValid ? { ...parameters, seconds } : { invalid: 'duration_seconds' }
}

function isText(value: unknown, format: RegExp): value is string {
  return typeof value === 'string' && format.test(value)
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 900 && value <= 43_200
}

function missingResource({ providerUrn, agencyUrn }: Parameters): string | undefined {
  if (providerUrn !== trust.providerUrn) return `provider '${providerUrn}'`
  return agencyUrn === trust.agencyUrn ? undefined : `agency '${agencyUrn}'`
}

function idTokenError(text: string, cloud: Cloud): string | undefined {
  const token = cloud.idTokens.find(text)
  if (token === undefined) return 'signature verification failed'
  if (cloud.elapsedMs() >= token.expiresAtMs) return 'token expired'
  return token.audience === trust.audience ? undefined : 'audience not match'
}

function issueKey({ sessionName, seconds }: Parameters, cloud: Cloud): ApiResponse {
  const lifetimeMs = Math.min(seconds, cloud.keySeconds) * 1000
  const key = cloud.keys.issue({
    expiresAtMs: cloud.elapsedMs() + lifetimeMs,
    expiration: cloud.wallClock(lifetimeMs),
  })
  return json(200, {
    assumed_agency: {
      urn: `sts::${account}::assumed-agency:${agency}/${sessionName}`,
      id: `0a1b2c3d4e5f60718293a4b5c6d7e8f9:${sessionName}`,
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
