import { phrase, type Phrase } from '../outside-text.ts'
import type { Secrets } from '../secrets.ts'
import type { Exchanged, NoReply, Phase } from './exchange.ts'
import { readRetryAfter } from './retry-after.ts'
import { readServiceError } from './service-error.ts'

/** Why an exchange brought nothing, whatever it was that was asked. */
export type Fault =
  /** Asking again with the same request would not help. */
  | { readonly kind: 'refused'; readonly why: Refusal; readonly told: Told }
  /** A fault that passes; `retryAfter` in milliseconds when the service asked for a pause. */
  | { readonly kind: 'try-again'; readonly retryAfter: number | undefined; readonly told: Told }

/** What stands behind a refusal: each has its own cure. */
export type Refusal = 'credentials' | 'permission' | 'redirect' | 'certificate' | 'proxy' | 'request'

export interface Told {
  /** A few words for the tally: `502`, `cut answer`. */
  readonly label: string
  /** All of it, as one clause: what came, the service's code, message and request id. */
  readonly says: Phrase
  /** Where to look for the cause, as a sentence; undefined when the service's own words say it best. */
  readonly check?: string
}

/**
 * The fault of an exchange that brought no success.
 *
 * @param now the wall clock, milliseconds since the epoch
 */
export function faultOf(exchanged: Exchanged, secrets: Secrets, now: number): Fault {
  if (exchanged.kind === 'no-reply') return networkFault(exchanged, secrets)
  const { status, headers } = exchanged
  if (status >= 300 && status < 400) {
    const to = headers.location === undefined ? [] : phrase` to ${secrets.text(headers.location)}`
    return {
      kind: 'refused',
      why: 'redirect',
      told: { label: `${status}`, says: phrase`HTTP ${status}${to}` },
    }
  }
  const told = { label: `${status}`, says: readServiceError(exchanged, secrets).says }
  return passes(status)
    ? { kind: 'try-again', retryAfter: readRetryAfter(headers['retry-after'], now), told }
    : { kind: 'refused', why: REFUSALS.get(status) ?? 'request', told }
}

const REFUSALS: ReadonlyMap<number, Refusal> = new Map([
  [401, 'credentials'],
  [403, 'permission'],
  [407, 'proxy'],
])

function passes(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

function networkFault(failure: NoReply, secrets: Secrets): Fault {
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
  if (why === 'certificate')
    return { kind: 'refused', why, told: { ...told, label: 'untrusted certificate' } }
  // A proxy that refuses to connect, or redirects, would do so again.
  if (proxyStatus !== undefined && !passes(proxyStatus)) {
    return { kind: 'refused', why: 'proxy', told }
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
