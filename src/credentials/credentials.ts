import type { Fault } from '../http/fault.ts'
import type { HttpRequest } from '../http/exchange.ts'

/** Who we are to the service: a kind of credentials, whatever it takes to have them. */
export interface Credentials {
  /** Signs a request, upon getting credentials if need be; a fault when there are none to be had. It always resolves. */
  sign(request: HttpRequest, signal: AbortSignal): Promise<Signed | Fault>
}

export interface Signed {
  readonly kind: 'signed'
  readonly request: HttpRequest
  /**
   * What the answer to the request comes to: refused credentials that can be renewed make it a fault that passes.
   * Each signed request's answer goes through here.
   */
  review<T extends { readonly kind: string }>(answer: T | Fault): T | Fault
}

/** Credentials that stay the same: once refused, they would always be; `check` says what to do then. */
export function constantCredentials(sign: (request: HttpRequest) => HttpRequest, check: string): Credentials {
  return {
    sign: (request) =>
      Promise.resolve({
        kind: 'signed',
        request: sign(request),
        review: (answer) => (isRefusal(answer) ? { ...answer, told: { ...answer.told, check } } : answer),
      }),
  }
}

type CredentialsRefused = Extract<Fault, { kind: 'refused' }>

/** Whether an answer says that the credentials are not good. */
export function isRefusal(answer: { readonly kind: string } | Fault): answer is CredentialsRefused {
  return answer.kind === 'refused' && 'why' in answer && answer.why === 'credentials'
}
