import { z } from 'zod'
import type { ExchangeResult } from '../http/exchange.ts'
import { faultOf as httpFaultOf, type Fault, type Rejected } from '../http/fault.ts'
import { readClockOffset } from '../http/headers.ts'
import { parseJson } from '../http/service-error.ts'
import type { Issued } from './renewable.ts'
import {
  parseExpiration,
  printable,
  tokenServiceFault,
  unusableResponse,
  type IssueDependencies,
  type TokenService,
} from './token-service.ts'

/** Link-local: it is reached without a network, so inputs.ts keeps it away from proxies. */
export const METADATA_HOST = '169.254.169.254'

/** Statuses of a metadata service that issues no session tokens, and needs none. */
const WITHOUT_SESSION_TOKENS: readonly number[] = [404, 405, 503]

/**
 * Gets the keys of the agency of the ECS that runs this step. It never rejects. Source: Huawei Cloud Python SDK
 * huaweicloudsdkcore 3.1.219, class MetadataAccessor.
 *
 * @param isRenewal whether the metadata service has issued keys before
 */
export async function readEcsAgency(
  isRenewal: boolean,
  deps: IssueDependencies,
  signal: AbortSignal,
): Promise<Issued | Fault> {
  const headers = { 'X-Metadata-Token-Ttl-Seconds': '21600' }
  const session = await send('PUT', 'meta-data/latest/api/token', headers, deps, signal)
  if (session.kind === 'response' && WITHOUT_SESSION_TOKENS.includes(session.status)) {
    return readKeys({}, isRenewal, deps, signal)
  }
  if (session.kind === 'no-response' || session.status >= 300) return faultOf(session, isRenewal, deps)
  const token = session.body.trim()
  if (!printable.safeParse(token).success) return unusableResponse(METADATA, session.status)
  deps.secrets.add(token)
  const result = await readKeys({ 'X-Metadata-Token': token }, isRenewal, deps, signal)
  // It stays valid, and a later response may contain it.
  if (result.kind === 'issued') return { ...result, secrets: [...result.secrets, token] }
  deps.secrets.forget(token)
  return result
}

function send(
  method: 'GET' | 'PUT',
  path: string,
  headers: Readonly<Record<string, string>>,
  { exchange }: IssueDependencies,
  signal: AbortSignal,
): Promise<ExchangeResult> {
  return exchange({ method, url: `http://${METADATA_HOST}/${path}`, headers, body: '' }, signal)
}

async function readKeys(
  headers: Readonly<Record<string, string>>,
  isRenewal: boolean,
  deps: IssueDependencies,
  signal: AbortSignal,
): Promise<Issued | Fault> {
  const { secrets, wallClock } = deps
  const result = await send('GET', 'openstack/latest/securitykey', headers, deps, signal)
  if (result.kind === 'no-response' || result.status >= 300) return faultOf(result, isRenewal, deps)
  const { data } = schema.safeParse(result.bodyError === undefined ? parseJson(result.body) : undefined)
  if (data === undefined) return unusableResponse(METADATA, result.status)
  const { access: id, secret, securitytoken: securityToken, expires_at } = data.credential
  const parts = [id, secret, securityToken]
  for (const part of parts) secrets.add(part)
  const clockOffset = readClockOffset(result.headers, wallClock()) || 0
  const lifetime = parseExpiration(expires_at) - wallClock() - clockOffset
  if (!(lifetime > 0)) {
    for (const part of parts) secrets.forget(part)
    return unusableResponse(METADATA, result.status)
  }
  return { kind: 'issued', key: { id, secret, securityToken }, lifetime, clockOffset, secrets: parts }
}

const schema = z.object({
  credential: z.object({
    access: printable,
    secret: printable,
    securitytoken: printable,
    expires_at: z.string(),
  }),
})

/** Says what is missing, unless the metadata service has worked before. */
function faultOf(result: ExchangeResult, isRenewal: boolean, deps: IssueDependencies): Fault {
  const fault = tokenServiceFault(METADATA, httpFaultOf(result, deps), false)
  const { label, message } = fault.detail
  const rejected = (hint: string): Rejected => ({
    kind: 'rejected',
    reason: 'ecs-agency',
    scope: 'all',
    detail: { label, message, hint },
  })
  if (result.kind === 'no-response') {
    return isRenewal || result.reason === 'aborted' ? fault : { ...rejected(NO_ECS), isPassing: true }
  }
  if (result.status === 401 && result.body.includes(NO_AGENCY_TEXT)) return rejected(NO_AGENCY)
  // The service of session tokens may have been unavailable for a moment.
  if (result.status === 401) return { ...rejected(NEEDS_TOKEN), isPassing: true }
  return fault.kind === 'transient' ? fault : rejected(NO_ECS)
}

/** Source: as above. */
const NO_AGENCY_TEXT = 'Please configure Cloud Service Agency first'

const NO_ECS =
  'The metadata service exists only on an ECS of Huawei Cloud. Run this job on a runner of your own that is an ECS, or use other credentials. In a container, check that the network of the container allows link-local addresses.'
const NO_AGENCY =
  'The ECS has no agency. Create an agency for the cloud service ECS in IAM, and choose it in the settings of the ECS in the console.'
const NEEDS_TOKEN =
  'The metadata service requires a session token, but did not issue a valid one. Check the metadata settings of the ECS.'

const METADATA: TokenService = {
  name: 'the metadata service of the ECS',
  label: 'metadata',
  issues: 'valid keys',
  passing: [],
  reason: 'ecs-agency',
  hint: NO_ECS,
}
