import { formatDuration, MINUTE } from '../duration.ts'
import { phrase, type Phrase } from '../outside-text.ts'
import type { Secrets } from '../secrets.ts'
import type { Exchanged, NoReply, Phase, Reply } from './exchange.ts'
import { parseHttpDate } from './http-date.ts'
import { readRetryAfter } from './retry-after.ts'
import { readServiceError } from './service-error.ts'
import { readThrottle, type Throttle } from './throttle.ts'

/** Why an exchange brought nothing, whatever it was that was asked. */
export type Fault =
  | Refused
  | Passing
  /** Success, but without what was asked for. */
  | { readonly kind: 'unusable'; readonly told: Told }

/** Asking again with the same request would not help. */
export interface Refused {
  readonly kind: 'refused'
  readonly why: Refusal
  /** Whether asking about another job would not help either. */
  readonly scope: 'job' | 'all'
  /** Whether there are new credentials, for one more try. */
  readonly isRenewable?: true
  readonly told: Told
}

/** A fault that passes. */
export interface Passing {
  readonly kind: 'try-again'
  /** Milliseconds, when the service asked for a pause. */
  readonly retryAfter: number | undefined
  /** When the service counts requests, and there were too many. */
  readonly throttled?: Throttle
  readonly told: Told
}

/** What stands behind a refusal: each has its own cure. */
export type Refusal =
  'credentials' | 'permission' | 'redirect' | 'certificate' | 'proxy' | 'request' | 'id-token' | 'agency'

export interface Told {
  /** A few words for the tally: `502`, `cut answer`. */
  readonly label: string
  /** All of it, as one clause: what came, the service's code, message and request id. */
  readonly says: Phrase
  /** Where to look for the cause, as a sentence; undefined when there is nothing more to say than for all of its kind. */
  readonly check?: string
}

/**
 * The fault of an exchange that brought no success.
 *
 * @param now the wall clock, milliseconds since the epoch
 */
export function faultOf(exchanged: Exchanged, secrets: Secrets, now: number): Refused | Passing {
  if (exchanged.kind === 'no-reply') return networkFault(exchanged, secrets)
  const { status, headers } = exchanged
  if (status >= 300 && status < 400) {
    const to = headers.location === undefined ? [] : phrase` to ${secrets.text(headers.location)}`
    return {
      kind: 'refused',
      why: 'redirect',
      scope: 'job',
      told: { label: `${status}`, says: phrase`HTTP ${status}${to}` },
    }
  }
  const { says } = readServiceError(exchanged, secrets)
  const told = {
    label: `${status}`,
    says: status === 401 ? [...says, ...clockDifference(headers, now)] : says,
  }
  if (passes(status)) {
    const retryAfter = readRetryAfter(headers['retry-after'], now)
    const throttled = status === 429 ? { throttled: readThrottle(exchanged.body) } : {}
    return { kind: 'try-again', retryAfter, ...throttled, told }
  }
  const why = REFUSALS.get(status) ?? 'request'
  return { kind: 'refused', why, scope: why === 'credentials' ? 'all' : 'job', told }
}

/** Signatures are good for 15 minutes before and after; what is above this is no network's delay. */
const NOTABLE_DIFFERENCE = 5 * MINUTE

function clockDifference({ date }: Reply['headers'], now: number): Phrase {
  const behind = parseHttpDate(date ?? '') - now
  // An answer without a date makes it NaN.
  if (!(Math.abs(behind) > NOTABLE_DIFFERENCE)) return []
  const direction = behind > 0 ? 'behind' : 'ahead of'
  return phrase`; the clock of this runner is ${formatDuration(Math.abs(behind))} ${direction} the service’s`
}

const REFUSALS: ReadonlyMap<number, Refusal> = new Map([
  [401, 'credentials'],
  [403, 'permission'],
  [407, 'proxy'],
])

function passes(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

function networkFault(failure: NoReply, secrets: Secrets): Refused | Passing {
  const { why, phase, proxyStatus } = failure
  const { broken, stuck, label, check } = PHASES[phase]
  const told =
    why === 'too-slow' || why === 'aborted'
      ? { label: `${label} in time`, says: phrase`${stuck}`, check }
      : {
          label,
          says: phrase`${broken}: “${secrets.text(failure.message || (failure.code ?? 'no details'))}”`,
          check,
        }
  if (why === 'certificate') {
    return { kind: 'refused', why, scope: 'job', told: { label: 'untrusted certificate', says: told.says } }
  }
  // A proxy that refuses to connect, or redirects, would do so again.
  if (proxyStatus !== undefined && !passes(proxyStatus)) {
    return { kind: 'refused', why: 'proxy', scope: 'job', told: { label, says: told.says } }
  }
  return { kind: 'try-again', retryAfter: undefined, told }
}

const PHASES: Readonly<Record<Phase, { broken: string; stuck: string; label: string; check: string }>> = {
  connect: {
    broken: 'no connection',
    stuck: 'no connection was made in time',
    label: 'no connection',
    check: 'Check the endpoint, and that this runner may reach it: firewall, VPC, https_proxy and no_proxy.',
  },
  proxy: {
    broken: 'no way through the proxy',
    stuck: 'the proxy opened no connection in time',
    label: 'no proxy connection',
    check: 'Check https_proxy and no_proxy, and that the proxy may connect to the endpoint.',
  },
  tls: {
    broken: 'the TLS handshake failed',
    stuck: 'the TLS handshake did not end in time',
    label: 'no TLS',
    check: 'Check that the endpoint speaks TLS on this port; a private CA goes into NODE_EXTRA_CA_CERTS.',
  },
  headers: {
    broken: 'the connection broke before an answer',
    stuck: 'no answer came in time',
    label: 'no answer',
    check: 'Check the endpoint, and what stands between it and this runner: a proxy, a gateway, a VPN.',
  },
  body: {
    broken: 'the answer was cut',
    stuck: 'the answer did not end in time',
    label: 'no whole answer',
    check: 'Check what stands between the endpoint and this runner: a proxy, a gateway, a VPN.',
  },
}
