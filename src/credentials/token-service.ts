import { z } from 'zod'
import type { Exchange, ExchangeResult, HttpResponse } from '../http/exchange.ts'
import { faultOf, type Fault, type RejectionReason, type ResponseContext } from '../http/fault.ts'
import { readClockOffset } from '../http/headers.ts'
import { parseJson, readServiceError } from '../http/service-error.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { AccessKey } from './access-key.ts'
import type { Issued } from './renewable.ts'

export interface IssueDependencies extends ResponseContext {
  readonly exchange: Exchange
}

/** A service that issues tokens or keys. */
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

/**
 * Reads what a token service sent.
 *
 * @param parse parses the body, before the schema validates it
 */
export function readSent<T>(
  service: TokenService,
  result: ExchangeResult,
  schema: z.ZodType<T>,
  context: ResponseContext,
  parse: (body: string) => unknown = parseJson,
): { readonly kind: 'sent'; readonly data: T; readonly response: HttpResponse } | Fault {
  if (result.kind === 'no-response' || result.status >= 300) return ownFault(service, result, context)
  const { data } = schema.safeParse(result.bodyError === undefined ? parse(result.body) : undefined)
  if (data !== undefined) return { kind: 'sent', data, response: result }
  const { hasReason, message } = readServiceError(result, context.secrets, true)
  return unusable(service, result, hasReason ? message : undefined)
}

/**
 * Completes temporary keys, if they are still valid. Their remaining lifetime is measured by the service's clock, because
 * this runner's may be wrong.
 *
 * @param expiration a time; without an offset, it is UTC
 */
export function issued(
  service: TokenService,
  response: HttpResponse,
  key: AccessKey,
  expiration: string,
  wallClock: () => number,
): Issued | Fault {
  const clockOffset = readClockOffset(response.headers, wallClock())
  const expiresAt = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(expiration) ? expiration : `${expiration}Z`)
  const lifetime = expiresAt - wallClock() - clockOffset
  return lifetime > 0 ? { kind: 'issued', key, lifetime, clockOffset } : unusable(service, response)
}

/** A fault whose hint and rate limit are not those of the jobs API. It shows no other text, which may contain keys. */
function ownFault(service: TokenService, result: ExchangeResult, context: ResponseContext): Fault {
  const fault = faultOf(result, { ...context, hidesText: true })
  const { label, message, hint } = fault.detail
  const isRedirect = fault.kind === 'rejected' && fault.reason === 'redirect'
  const isFirewall = result.kind === 'response' && result.status === 418
  const detail = {
    label: `${service.label} ${label}`,
    message: phrase`${service.name}: ${message}`,
    hint: isFirewall ? hint : hint !== undefined || isRedirect ? service.hint : undefined,
  }
  if (fault.kind === 'transient') return { kind: fault.kind, retryAfter: fault.retryAfter, detail }
  const isAboutRequest = ['credentials', 'permission', 'request'].includes(fault.reason)
  const reason = isAboutRequest ? service.reason : fault.reason
  const isPassing = result.kind === 'response' && service.passing.includes(result.status)
  return { ...fault, reason, scope: 'all', isPassing, detail }
}

/** Shows nothing else of the response, which may contain a part of the keys. */
function unusable(
  { name, label, issues, hint }: TokenService,
  { status }: HttpResponse,
  reason: Phrase = phrase`HTTP ${status} without ${issues}`,
): Fault {
  const message = phrase`${name}: ${reason}`
  return { kind: 'unusable', detail: { label: `unusable ${label} response`, message, hint } }
}
