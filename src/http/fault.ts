import { formatDuration, HOUR, MINUTE, parseDuration } from '../duration.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import type { ExchangeResult, NoResponse, Phase, HttpResponse } from './exchange.ts'
import { readClockOffset, readRetryAfter } from './headers.ts'
import { readServiceError } from './service-error.ts'

/** Why an exchange did not return what was requested. */
export type Fault =
  | Rejected
  | Transient
  /** A 2xx response without the requested content. */
  | { readonly kind: 'unusable'; readonly detail: FaultDetail }

/** Retrying the same request would not help. */
export interface Rejected {
  readonly kind: 'rejected'
  readonly reason: RejectionReason
  /** `all` if requests for other jobs would certainly be rejected, too. A policy can permit some jobs and deny others. */
  readonly scope: 'job' | 'all'
  /** Whether one more attempt with renewed credentials is possible. */
  readonly isRenewable?: true
  /** Whether a token service may accept the same request a little later. */
  readonly isPassing?: boolean
  readonly detail: FaultDetail
}

/** The request is retried. */
export interface Transient {
  readonly kind: 'transient'
  /** Milliseconds, if the service sent `Retry-After`. */
  readonly retryAfter: number | undefined
  /** Set if a rate limit was exceeded. Its period is undefined if the service did not name it. */
  readonly throttled?: { readonly period: number | undefined }
  readonly detail: FaultDetail
}

/** Each reason has its own next steps. */
export type RejectionReason =
  | 'credentials'
  | 'permission'
  | 'redirect'
  | 'endpoint'
  | 'certificate'
  | 'proxy'
  | 'request'
  | 'other-job'
  | 'id-token'
  | 'agency'
  | 'ecs-agency'
  | 'project'

export interface FaultDetail {
  /** A few words for the tally: `502`, `incomplete response`. */
  readonly label: string
  /** What happened, as one clause with the service's error code, message, and request ID. */
  readonly message: Phrase
  /** What to check, in sentences; replaces the next steps for faults of this kind. */
  readonly hint?: string | undefined
}

/** What is needed to read a response. */
export interface ResponseContext {
  readonly secrets: Secrets
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number
  /** Set if the text of an error response may contain keys. */
  readonly hidesText?: true
}

/** Classifies an exchange that did not succeed. */
export function faultOf(result: ExchangeResult, context: ResponseContext): Rejected | Transient {
  const { secrets, wallClock, hidesText } = context
  if (result.kind === 'no-response') return networkFault(result, secrets)
  const { status, headers } = result
  const label = `${status}`
  if (status < 400) {
    const target = headers.location === undefined ? [] : phrase` to ${secrets.text(headers.location)}`
    return rejected('redirect', { label, message: phrase`HTTP ${status}${target}` })
  }
  const { code, message } = readServiceError(result, secrets, hidesText)
  const detail = { label, message, hint: HINTS[status] }
  if (isTransient(status)) {
    const throttled = status === 429 && { throttled: { period: readThrottlePeriod(result.body) } }
    return { kind: 'transient', retryAfter: readRetryAfter(headers, wallClock()), ...throttled, detail }
  }
  // "Invalid token.": the documented fix is a new token, as after a 401. Source: TaurusDB API Reference, "Error Codes".
  if (status === 403 && code === 'DBS.280056') return rejected('credentials', detail)
  const clock = status === 401 ? clockDifference(headers, wallClock()) : []
  return rejected(REJECTION_REASONS[status] ?? 'request', { ...detail, message: [...message, ...clock] })
}

const REJECTION_REASONS: Readonly<Record<number, RejectionReason>> = {
  401: 'credentials',
  403: 'permission',
  407: 'proxy',
}

function rejected(reason: RejectionReason, detail: FaultDetail): Rejected {
  const isForAll = reason === 'credentials' || reason === 'endpoint'
  return { kind: 'rejected', reason, scope: isForAll ? 'all' : 'job', detail }
}

function isTransient(status: number): boolean {
  return status === 408 || status === 418 || status === 429 || status >= 500
}

const TOO_LARGE =
  'The token or another header is too large for the gateway. Get a smaller token: IAM leaves out the service catalog with the parameter nocatalog, or use an access key or GitHub OIDC.'

/** 418 is what CloudWAF returns; 494 is the status of nginx for 431. */
const HINTS: Readonly<Record<number, string>> = {
  418: 'HTTP 418 comes from a web application firewall in front of the endpoint. Check whether it blocks this runner, and whether the endpoint is the host of the API.',
  431: TOO_LARGE,
  494: TOO_LARGE,
}

/** They are as helpful for another service. */
export const GATEWAY_HINTS: ReadonlySet<string> = new Set(Object.values(HINTS))

/**
 * Reads the period in milliseconds from the body of a 429. Source: a response of Huawei Cloud's API gateway,
 * APIGW.0308: `policy user over ratelimit,limit:200,time:5 minute`.
 */
export function readThrottlePeriod(body: string): number | undefined {
  const [, count = '', unit = ''] = /\btime:\s?(\d{1,4})\s?(second|minute|hour)\b/.exec(body) ?? []
  const period = parseDuration(`${count}${unit.charAt(0)}`) ?? 0
  return period > 0 && period <= HOUR ? period : undefined
}

/** A difference above this is not network delay. The service accepts a signature within 15 minutes of its clock. */
const MIN_CLOCK_DIFFERENCE = 5 * MINUTE

function clockDifference(headers: HttpResponse['headers'], now: number): Phrase {
  const behind = readClockOffset(headers, now)
  if (Math.abs(behind) <= MIN_CLOCK_DIFFERENCE) return []
  const direction = behind > 0 ? 'behind' : 'ahead of'
  return phrase`; this runner's clock is ${formatDuration(Math.abs(behind))} ${direction} the service's clock`
}

function networkFault(failure: NoResponse, secrets: Secrets): Rejected | Transient {
  const { reason, phase, proxyStatus, code = 'no details' } = failure
  const { failed, timedOut, label, hint } = PHASES[phase]
  if (reason === 'timeout' || reason === 'aborted') {
    const detail = { label: `${label} (timeout)`, message: [timedOut], hint }
    return { kind: 'transient', retryAfter: undefined, detail }
  }
  const message = phrase`${failed}: “${secrets.text(failure.message || code)}”`
  if (reason === 'certificate') return rejected('certificate', { label: 'untrusted certificate', message })
  if (reason !== 'network') return rejected('endpoint', { label, message, hint: WRONG_ENDPOINT[reason] })
  if (proxyStatus !== undefined && !isTransient(proxyStatus)) return rejected('proxy', { label, message })
  return { kind: 'transient', retryAfter: undefined, detail: { label, message, hint } }
}

const WRONG_ENDPOINT = {
  'unknown-host':
    'Check the spelling of the endpoint and of the proxy. Names in a private DNS zone are known only inside its VPC.',
  'no-tls': 'Check the port, also that of https_proxy: it must use TLS. For plain HTTP, write http://.',
}

const PHASES: Readonly<Record<Phase, { failed: string; timedOut: string; label: string; hint: string }>> = {
  connect: {
    failed: 'connection failed',
    timedOut: 'timed out while connecting',
    label: 'no connection',
    hint: 'Check the endpoint and whether this runner can reach it: firewall, VPC, https_proxy, and no_proxy.',
  },
  proxy: {
    failed: 'connection through the proxy failed',
    timedOut: 'timed out while connecting through the proxy',
    label: 'no proxy connection',
    hint: 'Check https_proxy and no_proxy, and whether the proxy allows connections to the endpoint.',
  },
  tls: {
    failed: 'TLS handshake failed',
    timedOut: 'timed out during the TLS handshake',
    label: 'no TLS',
    hint: 'Check that the endpoint uses TLS on this port. For a private CA, set NODE_EXTRA_CA_CERTS to its certificate file.',
  },
  headers: {
    failed: 'connection lost before the response',
    timedOut: 'timed out while waiting for the response',
    label: 'no response',
    hint: 'Check the endpoint and any proxy, gateway, or VPN between it and this runner.',
  },
  body: {
    failed: 'connection lost during the response',
    timedOut: 'timed out while reading the response',
    label: 'incomplete response',
    hint: 'Check any proxy, gateway, or VPN between the endpoint and this runner.',
  },
}
