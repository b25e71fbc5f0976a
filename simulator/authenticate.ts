import type { AccessKey } from './access-keys.ts'
import type { Cloud } from './cloud.ts'
import type { ApiRequest } from './request.ts'
import { canonicalRequest, readAuthorization, readSdkDate, sign, type SignatureClaim } from './signature.ts'

/** Returns who sent a request, or why the gateway rejects it. */
export function authenticate(request: ApiRequest, cloud: Cloud): Identity {
  const { 'x-auth-token': token, authorization = '' } = request.headers
  if (token === cloud.token) return { user: 'iam-user' }
  if (token !== undefined) return { rejected: 'decrypt token fail' }
  if (!authorization.startsWith('SDK-HMAC-SHA256')) return { rejected: 'x-auth-token not found' }
  const claim = readAuthorization(authorization)
  // Users report this phrase with APIG.0301; the complete message is not documented.
  if (claim === undefined) return { rejected: 'format is incorrect' }
  if (cloud.lockOut.isLocked(claim.accessKeyId, cloud.elapsedMs())) {
    return { rejected: 'AK access failed to reach the limit, forbidden' }
  }
  const identity = verify(claim, request, cloud)
  const outcome = 'rejected' in identity ? 'failure' : 'success'
  cloud.lockOut.record(claim.accessKeyId, outcome, cloud.elapsedMs())
  return identity
}

/** The rate limit counts requests per user: a token and a permanent access key belong to the same user. */
export type Identity = { readonly user: 'iam-user' | 'agency' } | { readonly rejected: string }

/** Checks the key first, then the security token, the date, the signature, and the project. */
function verify(claim: SignatureClaim, request: ApiRequest, cloud: Cloud): Identity {
  const key = cloud.keys.find(claim.accessKeyId)
  const securityToken = request.headers['x-security-token']
  // Without its security token, a temporary key is reported as nonexistent, too. Source: otc-auth issue 139.
  if (key === undefined || (key.kind === 'temporary' && securityToken === undefined)) {
    return { rejected: `ak ${claim.accessKeyId} not exist` }
  }
  const error = securityTokenError(key, securityToken, cloud) ?? signatureError(claim, key, request, cloud)
  if (error !== undefined) return { rejected: error }
  const project = request.headers['x-project-id']
  // The gateway's message for this case is not documented; this one is an assumption.
  if (project !== undefined && project !== cloud.projectId) return { rejected: 'project id not match' }
  return { user: key.kind === 'permanent' ? 'iam-user' : 'agency' }
}

/** These messages are what the gateway returns for an IAM token; that it uses them here is an assumption. */
function securityTokenError(key: AccessKey, securityToken: unknown, cloud: Cloud): string | undefined {
  const expected = key.kind === 'permanent' ? undefined : key.securityToken
  if (securityToken !== expected) return 'decrypt token fail'
  if (key.kind === 'permanent' || cloud.elapsedMs() < key.expiresAtMs) return undefined
  return `token expires, expires_at: ${new Date(key.expiration).toISOString()}`
}

function signatureError(
  claim: SignatureClaim,
  key: AccessKey,
  request: ApiRequest,
  cloud: Cloud,
): string | undefined {
  const date = claim.signedHeaders.includes('x-sdk-date') ? String(request.headers['x-sdk-date']) : ''
  // This message is an assumption.
  if (Number.isNaN(readSdkDate(date))) return 'x-sdk-date not found'
  // Source: the vendor's FAQ sis_04_0087, about a client whose clock is wrong.
  if (Math.abs(readSdkDate(date) - cloud.wallClock()) > MAX_CLOCK_SKEW_MS) {
    return 'calc ak sk signature fail:signature expired'
  }
  const canonical = canonicalRequest(request, claim.signedHeaders)
  if (sign(canonical, date, key.secret) === claim.signature) return undefined
  // The gateway echoes the canonical request, its lines joined by |, including any secret that was signed as a header.
  // Source: the vendor's document roma_08_1035.
  return `verify aksk signature fail,canonicalRequest:${canonical.replaceAll('\n', '|')}`
}

const MAX_CLOCK_SKEW_MS = 15 * 60_000
