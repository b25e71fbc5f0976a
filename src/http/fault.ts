import { formatDuration, MINUTE } from '../duration.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import type { ExchangeResult, NoResponse, Phase, HttpResponse } from './exchange.ts'
import { parseHttpDate } from './http-date.ts'
import { readRetryAfter } from './retry-after.ts'
import { readServiceError } from './service-error.ts'
import { readThrottle, type Throttle } from './throttle.ts'

/** Why an exchange brought nothing, whatever it was that was asked. */
export type Fault =
  | Rejected
  | Transient
  /** Success, but without what was asked for. */
  | { readonly kind: 'unusable'; readonly detail: FaultDetail }

/** Asking again with the same request would not help. */
export interface Rejected {
  readonly kind: 'rejected'
  readonly reason: RejectionReason
  /** Whether asking about another job would not help either. */
  readonly scope: 'job' | 'all'
  /** Whether there are new credentials, for one more try. */
  readonly isRenewable?: true
  readonly detail: FaultDetail
}

/** A fault that passes. */
export interface Transient {
  readonly kind: 'transient'
  /** Milliseconds, when the service asked for a pause. */
  readonly retryAfter: number | undefined
  /** When the service counts requests, and there were too many. */
  readonly throttled?: Throttle
  readonly detail: FaultDetail
}

/** What stands behind a refusal: each has its own cure. */
export type RejectionReason =
  'credentials' | 'permission' | 'redirect' | 'certificate' | 'proxy' | 'request' | 'id-token' | 'agency'

export interface FaultDetail {
  /** A few words for the tally: `502`, `cut answer`. */
  readonly label: string
  /** All of it, as one clause: what came, the service's code, message and request id. */
  readonly message: Phrase
  /** Where to look for the cause, as a sentence; undefined when there is nothing more to say than for all of its kind. */
  readonly hint?: string
}

/**
 * The fault of an exchange that brought no success.
 *
 * @param now the wall clock, milliseconds since the epoch
 */
export function faultOf(exchanged: ExchangeResult, secrets: Secrets, now: number): Rejected | Transient {
  if (exchanged.kind === 'no-response') return networkFault(exchanged, secrets)
  const { status, headers } = exchanged
  if (status >= 300 && status < 400) {
    const to = headers.location === undefined ? [] : phrase` to ${secrets.text(headers.location)}`
    return {
      kind: 'rejected',
      reason: 'redirect',
      scope: 'job',
      detail: { label: `${status}`, message: phrase`HTTP ${status}${to}` },
    }
  }
  const { message } = readServiceError(exchanged, secrets)
  const detail = {
    label: `${status}`,
    message: status === 401 ? [...message, ...clockDifference(headers, now)] : message,
  }
  if (isTransient(status)) {
    const retryAfter = readRetryAfter(headers['retry-after'], now)
    const throttled = status === 429 ? { throttled: readThrottle(exchanged.body) } : {}
    return { kind: 'transient', retryAfter, ...throttled, detail }
  }
  const reason = REJECTION_REASONS.get(status) ?? 'request'
  return { kind: 'rejected', reason, scope: reason === 'credentials' ? 'all' : 'job', detail }
}

/** Signatures are good for 15 minutes before and after; what is above this is no network's delay. */
const MIN_CLOCK_DIFFERENCE = 5 * MINUTE

function clockDifference({ date }: HttpResponse['headers'], now: number): Phrase {
  const behind = parseHttpDate(date ?? '') - now
  // An answer without a date makes it NaN.
  if (!(Math.abs(behind) > MIN_CLOCK_DIFFERENCE)) return []
  const direction = behind > 0 ? 'behind' : 'ahead of'
  return phrase`; the clock of this runner is ${formatDuration(Math.abs(behind))} ${direction} the service’s`
}

const REJECTION_REASONS: ReadonlyMap<number, RejectionReason> = new Map([
  [401, 'credentials'],
  [403, 'permission'],
  [407, 'proxy'],
])

function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

function networkFault(failure: NoResponse, secrets: Secrets): Rejected | Transient {
  const { reason, phase, proxyStatus } = failure
  const { broken, stuck, label, hint } = PHASES[phase]
  const detail =
    reason === 'timeout' || reason === 'aborted'
      ? { label: `${label} in time`, message: phrase`${stuck}`, hint }
      : {
          label,
          message: phrase`${broken}: “${secrets.text(failure.message || (failure.code ?? 'no details'))}”`,
          hint,
        }
  if (reason === 'certificate') {
    return {
      kind: 'rejected',
      reason,
      scope: 'job',
      detail: { label: 'untrusted certificate', message: detail.message },
    }
  }
  // A proxy that refuses to connect, or redirects, would do so again.
  if (proxyStatus !== undefined && !isTransient(proxyStatus)) {
    return { kind: 'rejected', reason: 'proxy', scope: 'job', detail: { label, message: detail.message } }
  }
  return { kind: 'transient', retryAfter: undefined, detail }
}

const PHASES: Readonly<Record<Phase, { broken: string; stuck: string; label: string; hint: string }>> = {
  connect: {
    broken: 'no connection',
    stuck: 'no connection was made in time',
    label: 'no connection',
    hint: 'Check the endpoint, and that this runner may reach it: firewall, VPC, https_proxy and no_proxy.',
  },
  proxy: {
    broken: 'no way through the proxy',
    stuck: 'the proxy opened no connection in time',
    label: 'no proxy connection',
    hint: 'Check https_proxy and no_proxy, and that the proxy may connect to the endpoint.',
  },
  tls: {
    broken: 'the TLS handshake failed',
    stuck: 'the TLS handshake did not end in time',
    label: 'no TLS',
    hint: 'Check that the endpoint speaks TLS on this port; a private CA goes into NODE_EXTRA_CA_CERTS.',
  },
  headers: {
    broken: 'the connection broke before an answer',
    stuck: 'no answer came in time',
    label: 'no answer',
    hint: 'Check the endpoint, and what stands between it and this runner: a proxy, a gateway, a VPN.',
  },
  body: {
    broken: 'the answer was cut',
    stuck: 'the answer did not end in time',
    label: 'no whole answer',
    hint: 'Check what stands between the endpoint and this runner: a proxy, a gateway, a VPN.',
  },
}
