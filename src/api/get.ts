import type { Credentials } from '../credentials/credentials.ts'
import type { Exchange, ExchangeResult } from '../http/exchange.ts'
import { faultOf, type Fault, type Transient, type Rejected } from '../http/fault.ts'
import { readServiceError } from '../http/service-error.ts'
import type { Secrets } from '../secrets.ts'

/** The service, and who we are to it. */
export interface Api {
  /** Scheme, host and path prefix, without a slash at its end. */
  readonly endpoint: string
  readonly projectId: string
  readonly language: string
  readonly credentials: Credentials
  readonly exchange: Exchange
  readonly secrets: Secrets
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number
}

/**
 * One signed GET of the project; it always resolves.
 *
 * @param resource what stands behind the project's id, with its query
 * @param read turns whatever came back into an answer; `now` in milliseconds since the epoch
 */
export async function get<T extends { readonly kind: string }>(
  api: Api,
  resource: string,
  read: (exchanged: ExchangeResult, now: number) => T | Fault,
  signal: AbortSignal,
): Promise<T | Fault> {
  const url = `${api.endpoint}/v3/${api.projectId}/${resource}`
  const headers = { Accept: 'application/json', 'X-Language': api.language }
  const signed = await api.credentials.sign({ method: 'GET', url, headers, body: '' }, signal)
  if (signed.kind !== 'signed') return signed
  const answer = read(await api.exchange(signed.request, signal), api.wallClock())
  return isRejection(answer) && answer.reason === 'credentials' ? signed.rejected(answer) : answer
}

/** The fault of an exchange that brought no success, in the service's own terms. */
export function serviceFaultOf(
  exchanged: ExchangeResult,
  secrets: Secrets,
  now: number,
): Rejected | Transient {
  const fault = faultOf(exchanged, secrets, now)
  if (exchanged.kind === 'no-response' || exchanged.status !== 403 || fault.kind !== 'rejected') return fault
  // DBS.280056 is "Invalid token.": the cure is a new one, as for a 401.
  return readServiceError(exchanged, secrets).code === 'DBS.280056'
    ? { ...fault, reason: 'credentials', scope: 'all' }
    : fault
}

function isRejection(answer: { readonly kind: string }): answer is Rejected {
  return answer.kind === 'rejected'
}
