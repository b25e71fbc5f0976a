import { z } from 'zod'
import type { ExchangeResult } from '../http/exchange.ts'
import type { Fault, Rejected } from '../http/fault.ts'
import type { Issue } from './renewable.ts'
import { issued, printable, readSent, type IssueDependencies, type TokenService } from './token-service.ts'

/** Link-local: it is reached without a network, so inputs.ts keeps it away from proxies. */
export const METADATA_HOST = '169.254.169.254'

/** Statuses of a metadata service that issues no session tokens, and needs none. */
const WITHOUT_SESSION_TOKENS: readonly number[] = [404, 405, 503]

/**
 * Gets the keys of the agency of the ECS that runs this step. Source: Huawei Cloud Python SDK huaweicloudsdkcore 3.1.219,
 * class MetadataAccessor.
 */
export function readEcsAgency(deps: IssueDependencies): Issue {
  return async ({ isRenewal, register, signal }) => {
    const send = (method: 'GET' | 'PUT', path: string, headers: Readonly<Record<string, string>>) =>
      deps.exchange({ method, url: `http://${METADATA_HOST}/${path}`, headers, body: '' }, signal)
    const ttl = { 'X-Metadata-Token-Ttl-Seconds': '21600' }
    const session = await send('PUT', 'meta-data/latest/api/token', ttl)
    const headers: Record<string, string> = {}
    if (session.kind === 'no-response' || !WITHOUT_SESSION_TOKENS.includes(session.status)) {
      const token = readSent(METADATA, session, printable, deps, (body) => body.trim())
      if (token.kind !== 'sent') return explain(token, session, isRenewal)
      register(token.data)
      headers['X-Metadata-Token'] = token.data
    }
    const result = await send('GET', 'openstack/latest/securitykey', headers)
    const sent = readSent(METADATA, result, keysSchema, deps)
    if (sent.kind !== 'sent') return explain(sent, result, isRenewal)
    const { access: id, secret, securitytoken: securityToken, expires_at } = sent.data.credential
    register(id, secret, securityToken)
    return issued(METADATA, sent.response, { id, secret, securityToken }, expires_at, deps.wallClock)
  }
}

const keysSchema = z.object({
  credential: z.object({
    access: printable,
    secret: printable,
    securitytoken: printable,
    expires_at: z.string(),
  }),
})

/** Says what is missing, unless the metadata service has worked before. */
function explain(fault: Fault, result: ExchangeResult, isRenewal: boolean): Fault {
  const rejected = (hint: string, isPassing = false): Rejected => {
    const detail = { ...fault.detail, hint }
    return { kind: 'rejected', reason: 'ecs-agency', scope: 'all', isPassing, detail }
  }
  if (result.kind === 'no-response') {
    return isRenewal || result.reason === 'aborted' ? fault : rejected(NO_ECS, true)
  }
  if (result.status === 401 && result.body.includes(NO_AGENCY_TEXT)) return rejected(NO_AGENCY)
  // The service of session tokens may have been unavailable for a moment.
  if (result.status === 401) return rejected(NEEDS_TOKEN, true)
  return fault.kind === 'rejected' ? rejected(NO_ECS) : fault
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
