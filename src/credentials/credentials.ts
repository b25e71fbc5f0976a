import type { Fault, Rejected } from '../http/fault.ts'
import type { HttpRequest } from '../http/exchange.ts'

/** Authenticates requests to the service. */
export interface Credentials {
  /** Signs a request in a project, or in none, and obtains or renews keys first if needed. It never rejects. */
  sign(request: HttpRequest, projectId: string | undefined, signal: AbortSignal): Promise<Signed | Fault>
}

export interface Signed {
  readonly kind: 'signed'
  readonly request: HttpRequest
  /** Completes the rejection of this request: credentials may be renewable, or have a hint. */
  rejected(rejection: Rejected): Rejected
}

/**
 * Sends an IAM user token with each request. Source: Huawei Cloud TaurusDB API Reference, "Obtaining Information About
 * a Task with a Specified ID", table 3.
 */
export function tokenCredentials(token: string): Credentials {
  return staticCredentials(
    (request) => ({ ...request, headers: { ...request.headers, 'X-Auth-Token': token } }),
    'Get a new token: a token is valid for 24 hours, in one project and region. Store the whole value of X-Subject-Token. The token was not retried, because repeated authentication failures can lock the account.',
  )
}

/** Credentials that never change, so a rejection is final; `hint` contains its next steps. */
export function staticCredentials(
  sign: (request: HttpRequest, projectId: string | undefined) => HttpRequest,
  hint: string,
): Credentials {
  return {
    sign: (request, projectId) =>
      Promise.resolve({
        kind: 'signed',
        request: sign(request, projectId),
        rejected: (rejection) => ({ ...rejection, detail: { ...rejection.detail, hint } }),
      }),
  }
}
