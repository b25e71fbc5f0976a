import type { HttpRequest } from '../http/exchange.ts'

/** Makes a request carry an IAM user token. */
export type Sign = (request: HttpRequest) => HttpRequest

/** An IAM user token, valid for 24 hours. Source: API reference, table 3. */
export function tokenCredentials(token: string): Sign {
  return (request) => ({ ...request, headers: { ...request.headers, 'X-Auth-Token': token } })
}
