import { z } from 'zod'
import type { Exchange, HttpRequest, HttpResponse } from '../http/exchange.ts'
import { faultOf, type Fault, type RejectionReason, type ResponseContext } from '../http/fault.ts'
import { parseJson } from '../http/service-error.ts'
import { phrase } from '../untrusted-text.ts'

export interface IssueDependencies extends ResponseContext {
  readonly exchange: Exchange
}

export interface TokenService {
  readonly name: string
  /** Precedes the labels of its faults in the tally. */
  readonly label: string
  readonly issues: string
  /** Statuses with which it sometimes rejects a valid request: a new ID token is worth a retry. */
  readonly passing: readonly number[]
  /** The reason of an error when it rejects a request. */
  readonly reason: RejectionReason
  readonly hint: string
}

/** Text that a header can contain, and long enough for a key or token. */
export const printable = z.string().regex(/^[!-~]{8,}$/)

/** Sends a request to a service that issues tokens or keys, and parses the JSON of its response. It never rejects. */
export async function callTokenService<T>(
  service: TokenService,
  request: HttpRequest,
  schema: z.ZodType<T>,
  deps: IssueDependencies,
  signal: AbortSignal,
): Promise<{ readonly kind: 'sent'; readonly data: T; readonly headers: HttpResponse['headers'] } | Fault> {
  const result = await deps.exchange(request, signal)
  if (result.kind === 'no-response' || result.status >= 300) {
    const isPassing = result.kind === 'response' && service.passing.includes(result.status)
    return tokenServiceFault(service, faultOf(result, deps), isPassing)
  }
  const json = result.bodyError === undefined ? parseJson(result.body) : undefined
  const { data } = schema.safeParse(json)
  return data === undefined
    ? unusableResponse(service, result.status)
    : { kind: 'sent', data, headers: result.headers }
}

/** Returns milliseconds since the epoch, or NaN; a time without an offset is UTC. */
export function parseExpiration(time: string): number {
  return Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(time) ? time : `${time}Z`)
}

/** Adapts a fault, whose hint and rate limit would otherwise be taken for those of the jobs API. */
export function tokenServiceFault(
  service: TokenService,
  fault: ReturnType<typeof faultOf>,
  isPassing: boolean,
): Fault {
  const { label, message, hint } = fault.detail
  const isRedirect = fault.kind === 'rejected' && fault.reason === 'redirect'
  const detail = {
    label: `${service.label} ${label}`,
    message: phrase`${service.name}: ${message}`,
    ...((hint !== undefined || isRedirect) && { hint: service.hint }),
  }
  if (fault.kind === 'transient') return { kind: fault.kind, retryAfter: fault.retryAfter, detail }
  const isAboutRequest = ['credentials', 'permission', 'request'].includes(fault.reason)
  const reason = isAboutRequest ? service.reason : fault.reason
  return { ...fault, reason, scope: 'all', ...(isPassing && { isPassing }), detail }
}

/** Shows nothing of the response, which may contain a part of the keys. */
export function unusableResponse({ name, label, issues, hint }: TokenService, status: number): Fault {
  const message = phrase`${name}: HTTP ${status} without ${issues}`
  return { kind: 'unusable', detail: { label: `unusable ${label} response`, message, hint } }
}
