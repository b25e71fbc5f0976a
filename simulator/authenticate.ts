import type { AccessKey } from './access-keys.ts'
import type { Call, Cloud } from './cloud.ts'
import { canonicalRequest, readAuthorization, readSdkDate, sign, type SignatureClaim } from './signature.ts'

/** Who sends this request, or the gateway's reason to refuse. */
export function authenticate(call: Call, cloud: Cloud): Identity {
  const { 'x-auth-token': token, authorization = '' } = call.headers
  if (token === cloud.token) return { user: 'iam-user' }
  if (token !== undefined) return { refused: 'decrypt token fail' }
  if (!authorization.startsWith('SDK-HMAC-SHA256')) return { refused: 'x-auth-token not found' }
  const claim = readAuthorization(authorization)
  // As others tell of APIG.0301; the whole sentence is not documented.
  if (claim === undefined) return { refused: 'format is incorrect' }
  if (cloud.lockOut.isLocked(claim.accessKeyId, cloud.elapsedMs())) {
    return { refused: 'AK access failed to reach the limit, forbidden' }
  }
  const identity = verify(claim, call, cloud)
  cloud.lockOut.note(claim.accessKeyId, 'refused' in identity ? 'bad' : 'good', cloud.elapsedMs())
  return identity
}

/** The user whose requests the rate limit counts together: a token and a permanent key are the same person's. */
export type Identity = { readonly user: 'iam-user' | 'agency' } | { readonly refused: string }

/** First the key, then the date, then the signature. */
function verify(claim: SignatureClaim, call: Call, cloud: Cloud): Identity {
  const key = cloud.keys.find(claim.accessKeyId)
  const given = call.headers['x-security-token']
  // A temporary key without its security token is not found either (otc-auth issue 139).
  if (key === undefined || (key.kind === 'temporary' && given === undefined)) {
    return { refused: `ak ${claim.accessKeyId} not exist` }
  }
  const refused = refuseSecurityToken(key, given, cloud) ?? refuseSignature(claim, key, call, cloud)
  if (refused !== undefined) return { refused }
  const project = call.headers['x-project-id']
  // A guess: what the gateway says is not documented.
  if (project !== undefined && project !== cloud.projectId) return { refused: 'project id not match' }
  return { user: key.kind === 'permanent' ? 'iam-user' : 'agency' }
}

/** A guess: these are the gateway's words for an IAM token. */
function refuseSecurityToken(key: AccessKey, given: unknown, cloud: Cloud): string | undefined {
  if (given !== (key.kind === 'permanent' ? undefined : key.securityToken)) return 'decrypt token fail'
  if (key.kind === 'permanent' || cloud.elapsedMs() < key.endsAtMs) return undefined
  return `token expires, expires_at: ${new Date(key.expiration).toISOString()}`
}

function refuseSignature(
  claim: SignatureClaim,
  key: AccessKey,
  call: Call,
  cloud: Cloud,
): string | undefined {
  const date = claim.signedHeaders.includes('x-sdk-date') ? String(call.headers['x-sdk-date']) : ''
  // A guess.
  if (Number.isNaN(readSdkDate(date))) return 'x-sdk-date not found'
  // The words of the vendor's FAQ sis_04_0087, about a clock that is wrong.
  if (Math.abs(readSdkDate(date) - cloud.wallClock()) > 15 * 60_000) {
    return 'calc ak sk signature fail:signature expired'
  }
  const canonical = canonicalRequest(call, claim.signedHeaders)
  if (sign(canonical, date, key.secret) === claim.signature) return undefined
  // Echoed with its lines joined by |, as in the vendor's roma_08_1035: with what secret headers were signed, too.
  return `verify aksk signature fail,canonicalRequest:${canonical.replaceAll('\n', '|')}`
}
