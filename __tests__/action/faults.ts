import type { FaultName } from '../../simulator/faults.ts'
import type { BrokenBehavior, ProxyFault } from '../../simulator/proxy.ts'
import type { ApiResponse } from '../../simulator/response.ts'

/**
 * Faults that the built action must survive or report. faults.test.ts causes each of them once, and forever. To add a
 * fault, add a row.
 */
export interface FaultCase {
  /** Where it happens: `connect`, `tls`, and `proxy` are below HTTP; `http` and `https` are responses of the API. */
  readonly over: 'connect' | 'tls' | 'proxy' | 'http' | 'https'
  readonly fault: string
  readonly cause: Cause
  /** The result if the fault happens once and the job has completed. */
  readonly once: 'completed' | 'error'
  /** The result if the fault persists. */
  readonly forEver: 'timed-out' | 'error'
  /** The annotation if the fault persists: the phase of the exchange, and what to check. */
  readonly annotation: RegExp
  /** Whether only the limit of 30 s per exchange ends it. */
  readonly isSlow: boolean
}

export type Cause =
  | {
      readonly kind:
        | 'refused'
        | 'black hole'
        | 'unknown host'
        | 'untrusted certificate'
        | 'weak certificate'
        | 'wrong host'
        | 'no proxy'
        | 'untrusted proxy'
    }
  | { readonly kind: 'broken'; readonly behavior: BrokenBehavior }
  | { readonly kind: 'proxy'; readonly behavior: ProxyFault }
  | { readonly kind: 'response'; readonly fault: FaultName | number | ApiResponse }

const NO_RESPONSE = /connection lost before the response: “.+”.*Check the endpoint/
const RESPONSE_TIMEOUT = /timed out while waiting for the response\..*Check the endpoint/
const INCOMPLETE = /connection lost during the response: “.+”.*gateway, or VPN/
const BODY_TIMEOUT = /timed out while reading the response\..*gateway, or VPN/
const NO_CONNECTION = /connection failed: “.+”.*Check the endpoint.*https_proxy/
const NO_TLS = /TLS handshake failed: “.+”.*NODE_EXTRA_CA_CERTS/
const NO_PROXY = /connection through the proxy failed: “.+”.*Check https_proxy/

const transient = { once: 'completed', forEver: 'timed-out', isSlow: false } as const
const stalled = { once: 'completed', forEver: 'timed-out', isSlow: true } as const
const unusable = { once: 'completed', forEver: 'error', isSlow: false } as const
const final = { once: 'error', forEver: 'error', isSlow: false } as const

type Row = Omit<FaultCase, 'over' | 'fault' | 'cause'>

const connect: Record<string, Row & { cause: Cause }> = {
  refused: { ...transient, cause: { kind: 'refused' }, annotation: NO_CONNECTION },
  'never accepted': {
    ...stalled,
    cause: { kind: 'black hole' },
    annotation: /timed out while connecting\..*Check the endpoint/,
  },
  'unknown host': { ...transient, cause: { kind: 'unknown host' }, annotation: NO_CONNECTION },
}

const tls: Record<string, Row & { cause: Cause }> = {
  reset: { ...transient, cause: { kind: 'broken', behavior: 'reset' }, annotation: NO_TLS },
  cut: { ...transient, cause: { kind: 'broken', behavior: 'cut' }, annotation: NO_TLS },
  // After five times, the endpoint is wrong.
  garbage: {
    ...transient,
    forEver: 'error',
    cause: { kind: 'broken', behavior: 'garbage' },
    annotation: /The endpoint cannot be reached.*TLS handshake failed: “.+”/,
  },
  drip: {
    ...transient,
    cause: { kind: 'broken', behavior: 'drip' },
    annotation: /TLS handshake failed|timed out during the TLS handshake/,
  },
  silent: {
    ...stalled,
    cause: { kind: 'broken', behavior: 'silent' },
    annotation: /timed out during the TLS handshake/,
  },
  'untrusted certificate': {
    ...final,
    cause: { kind: 'untrusted certificate' },
    annotation: /NODE_EXTRA_CA_CERTS/,
  },
  'certificate with a weak key': {
    ...final,
    cause: { kind: 'weak certificate' },
    annotation: /The certificate is not trusted.*NODE_EXTRA_CA_CERTS/,
  },
  'certificate of another host': {
    ...final,
    cause: { kind: 'wrong host' },
    annotation: /Check the spelling of the endpoint/,
  },
}

const proxy: Record<string, Row & { cause: Cause }> = {
  refused: { ...transient, cause: { kind: 'no proxy' }, annotation: NO_PROXY },
  reset: { ...transient, cause: { kind: 'proxy', behavior: 'reset' }, annotation: NO_PROXY },
  cut: { ...transient, cause: { kind: 'proxy', behavior: 'cut' }, annotation: NO_PROXY },
  garbage: { ...transient, cause: { kind: 'proxy', behavior: 'garbage' }, annotation: NO_PROXY },
  '502': { ...transient, cause: { kind: 'proxy', behavior: '502' }, annotation: NO_PROXY },
  '407': {
    ...final,
    cause: { kind: 'proxy', behavior: '407' },
    annotation: /statusCode=407.*user and password/,
  },
  'untrusted certificate': {
    ...final,
    cause: { kind: 'untrusted proxy' },
    annotation: /The certificate is not trusted.*NODE_EXTRA_CA_CERTS/,
  },
  silent: {
    ...stalled,
    cause: { kind: 'proxy', behavior: 'silent' },
    annotation: /timed out while connecting through the proxy\..*Check https_proxy/,
  },
  drip: {
    ...stalled,
    cause: { kind: 'proxy', behavior: 'drip' },
    annotation: /timed out while connecting through the proxy\..*Check https_proxy/,
  },
  'cut tunnel': { ...transient, cause: { kind: 'proxy', behavior: 'cut-tunnel' }, annotation: NO_TLS },
  'silent tunnel': {
    ...stalled,
    cause: { kind: 'proxy', behavior: 'silent-tunnel' },
    annotation: /timed out during the TLS handshake/,
  },
}

/** Responses of the API, over plain HTTP and over TLS. */
const responses: Record<string, Row & { fault: FaultName | number | ApiResponse }> = {
  reset: { ...transient, fault: 'reset', annotation: NO_RESPONSE },
  cut: { ...transient, fault: 'cut', annotation: NO_RESPONSE },
  garbage: { ...transient, fault: 'garbage', annotation: NO_RESPONSE },
  'cut in the headers': { ...transient, fault: 'cut-in-headers', annotation: NO_RESPONSE },
  silent: { ...stalled, fault: 'silent', annotation: RESPONSE_TIMEOUT },
  'stall in the headers': { ...stalled, fault: 'stall-in-headers', annotation: RESPONSE_TIMEOUT },
  'drip from the headers on': { ...stalled, fault: 'drip-headers', annotation: RESPONSE_TIMEOUT },
  '100 Continue, then silence': {
    ...stalled,
    fault: '100-continue-then-silence',
    annotation: RESPONSE_TIMEOUT,
  },
  '101, then silence': { ...stalled, fault: '101', annotation: RESPONSE_TIMEOUT },
  'cut after the headers': { ...transient, fault: 'cut-after-headers', annotation: INCOMPLETE },
  'cut in the body': { ...transient, fault: 'cut-content-length', annotation: INCOMPLETE },
  'cut in a chunk': { ...transient, fault: 'cut-in-chunk', annotation: INCOMPLETE },
  'stall in the body': { ...stalled, fault: 'stall-in-body', annotation: BODY_TIMEOUT },
  'drip in the body': { ...stalled, fault: 'drip', annotation: BODY_TIMEOUT },
  'compressed body above 1 MiB': {
    ...unusable,
    fault: 'gzip-bomb',
    annotation: /a body that is larger than 1 MiB/,
  },
  'unknown content encoding': {
    ...unusable,
    fault: 'unknown-encoding',
    annotation: /a body that has an unknown content encoding/,
  },
  'endless body': { ...unusable, fault: 'endless', annotation: /a body that is larger than 1 MiB/ },
  'body above 1 MiB': { ...unusable, fault: 'huge', annotation: /a body that is larger than 1 MiB/ },
  'invalid UTF-8': { ...unusable, fault: 'invalid-utf8', annotation: /a body that is not UTF-8/ },
  'empty 200': {
    ...unusable,
    fault: 'empty-200',
    annotation: /HTTP 200 without text.*Check endpoint and service/,
  },
  'page with 200': {
    ...unusable,
    fault: 'html-200',
    annotation: /HTTP 200 with the text “.*Welcome.*Check endpoint and service/,
  },
  'error with 200': {
    ...unusable,
    fault: 'error-200',
    annotation: /HTTP 200 DBS\.200208 “Server failure\.”/,
  },
  'job without a status': {
    ...transient,
    fault: 'no-status',
    annotation: /\(no status received\)\. \d+ requests?: \d+ × not found yet/,
  },
  'job with an empty status': {
    ...transient,
    fault: 'empty-status',
    annotation: /\(no status received\)\. \d+ requests?: \d+ × not found yet/,
  },
  'running job with the date of its end': {
    ...transient,
    fault: 'ended-while-running',
    annotation: /\(last status: Running.*\)\. \d+ requests?: \d+ × Running/,
  },
  '204': { ...unusable, fault: '204', annotation: /HTTP 204/ },
  '206': { ...unusable, fault: '206', annotation: /HTTP 206/ },
  'null job': {
    ...transient,
    fault: 'null-job',
    annotation: /\(no status received\)\. \d+ requests?: \d+ × not found yet/,
  },
  '404 without a code': {
    ...transient,
    fault: { status: 404 },
    annotation: /\(no status received\)\. \d+ requests?: \d+ × not found yet/,
  },
  '400 of a job that is not registered': {
    ...transient,
    fault: 'not-registered',
    annotation: /\(no status received\)\. \d+ requests?: \d+ × not found yet/,
  },
  'page with 502': {
    ...transient,
    fault: 'html-502',
    annotation: /HTTP 502 “.*The backend server is unreachable.*”/,
  },
  '408': { ...transient, fault: 408, annotation: /× 408/ },
  '418 of a firewall': {
    ...transient,
    fault: '418',
    annotation: /HTTP 418 “CloudWAF Your request has been blocked\.”.*web application firewall/,
  },
  '429': {
    ...transient,
    fault: '429',
    annotation: /HTTP 429 APIGW\.0308 “The throttling threshold.*” \(request ID /,
  },
  '429 with Retry-After': { ...transient, fault: '429-retry-after', annotation: /HTTP 429 APIGW\.0308/ },
  '500': { ...transient, fault: 500, annotation: /HTTP 500 / },
  '503 with Retry-After': { ...transient, fault: '503-retry-after', annotation: /HTTP 503 / },
  '504': { ...transient, fault: 504, annotation: /HTTP 504 / },
  redirect: { ...final, fault: 'redirect', annotation: /HTTP 302 to https:\/\/elsewhere\.invalid\// },
  'another job': { ...final, fault: 'other-job', annotation: /the response is about job 00000000-/ },
  '400': { ...final, fault: 400, annotation: /HTTP 400 / },
  '400 with a wrapped error': {
    ...final,
    fault: 'wrapped-error',
    annotation: /HTTP 400 400 “The parameter is not valid\.”/,
  },
  '400 with an unknown error format': {
    ...final,
    fault: 'other-error',
    annotation: /HTTP 400 “\{"fault":"quota","allowed":3\}”/,
  },
  '401': { ...final, fault: 401, annotation: /HTTP 401 APIGW\.\d+ / },
  '403': { ...final, fault: 403, annotation: /HTTP 403 / },
  '404 of the gateway': { ...final, fault: 404, annotation: /HTTP 404 APIGW\.0101/ },
  '431': { ...final, fault: 431, annotation: /HTTP 431 .*too large for the gateway/ },
  '494': { ...final, fault: '494', annotation: /HTTP 494 .*too large for the gateway/ },
}

export const FAULTS: readonly FaultCase[] = [
  ...Object.entries(connect).map(([fault, row]): FaultCase => ({ over: 'connect', fault, ...row })),
  ...Object.entries(tls).map(([fault, row]): FaultCase => ({ over: 'tls', fault, ...row })),
  ...Object.entries(proxy).map(([fault, row]): FaultCase => ({ over: 'proxy', fault, ...row })),
  ...(['http', 'https'] as const).flatMap((over) =>
    Object.entries(responses).map(([name, { fault, ...row }]): FaultCase => ({
      over,
      fault: name,
      ...row,
      cause: { kind: 'response', fault },
    })),
  ),
]
