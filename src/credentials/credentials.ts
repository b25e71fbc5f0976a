import type { Fault, Rejected } from '../http/fault.ts'
import type { HttpRequest } from '../http/exchange.ts'

/** Who we are to the service: a kind of credentials, whatever it takes to have them. */
export interface Credentials {
  /** Signs a request, upon getting credentials if need be; a fault when there are none to be had. It always resolves. */
  sign(request: HttpRequest, signal: AbortSignal): Promise<Signed | Fault>
}

export interface Signed {
  readonly kind: 'signed'
  readonly request: HttpRequest
  /** What it comes to when the service does not take the credentials: they may be renewable. */
  rejected(refusal: Rejected): Rejected
}

/** Credentials that stay the same: once refused, they would always be; `check` says what to do then. */
export function staticCredentials(sign: (request: HttpRequest) => HttpRequest, hint: string): Credentials {
  return {
    sign: (request) =>
      Promise.resolve({
        kind: 'signed',
        request: sign(request),
        rejected: (rejection) => ({ ...rejection, detail: { ...rejection.detail, hint } }),
      }),
  }
}
