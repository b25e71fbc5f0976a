import type { Credentials } from '../credentials/credentials.ts'
import type { Exchange, ExchangeResult } from '../http/exchange.ts'
import type { Fault, ResponseContext } from '../http/fault.ts'
import type { ApiResponse } from '../response.ts'

/** The API of one project, and what requests to it need. */
export interface Api extends ResponseContext {
  /** Scheme, host, and path prefix, without a trailing slash. */
  readonly endpoint: string
  readonly projectId: string
  readonly language: string
  readonly credentials: Credentials
  readonly exchange: Exchange
}

/**
 * Sends one signed GET request. It never rejects.
 *
 * @param resource path and query below the project
 * @param read parses the result of the exchange
 */
export async function get<Response extends ApiResponse>(
  api: Api,
  resource: string,
  read: (result: ExchangeResult) => Response,
  signal: AbortSignal,
): Promise<Response | Fault> {
  const url = `${api.endpoint}/v3/${api.projectId}/${resource}`
  const headers = { Accept: 'application/json', 'X-Language': api.language }
  const signed = await api.credentials.sign({ method: 'GET', url, headers, body: '' }, signal)
  if (signed.kind !== 'signed') return signed
  const response = read(await api.exchange(signed.request, signal))
  return response.kind === 'rejected' && response.reason === 'credentials'
    ? signed.rejected(response)
    : response
}
