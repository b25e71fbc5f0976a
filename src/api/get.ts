import type { Credentials } from '../credentials/credentials.ts'
import type { Exchange, ExchangeResult } from '../http/exchange.ts'
import { faultOf, type Fault, type Transient, type Rejected } from '../http/fault.ts'
import { readServiceError } from '../http/service-error.ts'
import type { Secrets } from '../secrets.ts'

/** The API of one project, and what requests to it need. */
export interface Api {
  /** Scheme, host, and path prefix, without a trailing slash. */
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
 * Sends one signed GET request. It never rejects.
 *
 * @param resource path and query below the project
 * @param read parses the result of the exchange; `now` in milliseconds since the epoch
 */
export async function get<T extends { readonly kind: string }>(
  api: Api,
  resource: string,
  read: (result: ExchangeResult, now: number) => T | Fault,
  signal: AbortSignal,
): Promise<T | Fault> {
  const url = `${api.endpoint}/v3/${api.projectId}/${resource}`
  const headers = { Accept: 'application/json', 'X-Language': api.language }
  const signed = await api.credentials.sign({ method: 'GET', url, headers, body: '' }, signal)
  if (signed.kind !== 'signed') return signed
  const response = read(await api.exchange(signed.request, signal), api.wallClock())
  return isRejection(response) && response.reason === 'credentials' ? signed.rejected(response) : response
}

function isRejection(response: { readonly kind: string }): response is Rejected {
  return response.kind === 'rejected'
}

/** Classifies an exchange that did not succeed, including the service's own error codes. */
export function serviceFaultOf(result: ExchangeResult, secrets: Secrets, now: number): Rejected | Transient {
  const fault = faultOf(result, secrets, now)
  if (result.kind === 'no-response' || result.status !== 403 || fault.kind !== 'rejected') return fault
  // "Invalid token.": the documented fix is a new token, as after a 401. Source: TaurusDB API Reference, "Error Codes".
  return readServiceError(result, secrets).code === 'DBS.280056'
    ? { ...fault, reason: 'credentials', scope: 'all' }
    : fault
}
