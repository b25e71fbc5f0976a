import type { FaultName } from '../../simulator/faults.ts'
import type { BrokenBehaviour, ProxyFault } from '../../simulator/proxy.ts'
import type { Reply } from '../../simulator/reply.ts'

/**
 * The faults that the built action has to survive, or to end red with: faults.test.ts walks through them, each once
 * and for ever. To add one, add a row.
 */
export interface FaultCase {
  /** Where it happens: `connect`, `tls` and `proxy` are below HTTP; `http` and `https` are what the API answers. */
  readonly over: 'connect' | 'tls' | 'proxy' | 'http' | 'https'
  readonly fault: string
  readonly cause: Cause
  /** How the wait ends when it happens once and the job has completed. */
  readonly once: 'completed' | 'error'
  /** How it ends when it never stops. */
  readonly forEver: 'timed-out' | 'error'
  /** What the annotation says then: how far the exchange got, and what to check. */
  readonly says: RegExp
  /** Only the exchange's own limit of 30 s ends it. */
  readonly isSlow: boolean
}

export type Cause =
  | {
      readonly kind:
        'refused' | 'black hole' | 'unknown host' | 'untrusted certificate' | 'wrong host' | 'no proxy'
    }
  | { readonly kind: 'broken'; readonly behave: BrokenBehaviour }
  | { readonly kind: 'proxy'; readonly behave: ProxyFault }
  | { readonly kind: 'answer'; readonly fault: FaultName | number | Reply }

const BROKE = /the connection broke before an answer: “.+”.*Check the endpoint/
const NO_ANSWER = /no answer came in time\..*Check the endpoint/
const CUT = /the answer was cut: “.+”.*a gateway, a VPN/
const NO_END = /the answer did not end in time\..*a gateway, a VPN/
const NO_CONNECTION = /no connection: “.+”.*Check the endpoint.*https_proxy/
const NO_TLS = /the TLS handshake failed: “.+”.*NODE_EXTRA_CA_CERTS/
const NO_PROXY = /no way through the proxy: “.+”.*Check https_proxy/

const passes = { once: 'completed', forEver: 'timed-out', isSlow: false } as const
const stalls = { once: 'completed', forEver: 'timed-out', isSlow: true } as const
const givenUp = { once: 'completed', forEver: 'error', isSlow: false } as const
const final = { once: 'error', forEver: 'error', isSlow: false } as const

type Row = Omit<FaultCase, 'over' | 'fault' | 'cause'>

const connect: Record<string, Row & { cause: Cause }> = {
  refused: { ...passes, cause: { kind: 'refused' }, says: NO_CONNECTION },
  'never accepted': {
    ...stalls,
    cause: { kind: 'black hole' },
    says: /no connection was made in time\..*Check the endpoint/,
  },
  'unknown host': { ...passes, cause: { kind: 'unknown host' }, says: NO_CONNECTION },
}

const tls: Record<string, Row & { cause: Cause }> = {
  reset: { ...passes, cause: { kind: 'broken', behave: 'reset' }, says: NO_TLS },
  cut: { ...passes, cause: { kind: 'broken', behave: 'cut' }, says: NO_TLS },
  garbage: { ...passes, cause: { kind: 'broken', behave: 'garbage' }, says: NO_TLS },
  drip: {
    ...passes,
    cause: { kind: 'broken', behave: 'drip' },
    says: /the TLS handshake (failed|did not end)/,
  },
  silent: {
    ...stalls,
    cause: { kind: 'broken', behave: 'silent' },
    says: /the TLS handshake did not end in time/,
  },
  'untrusted certificate': {
    ...final,
    cause: { kind: 'untrusted certificate' },
    says: /NODE_EXTRA_CA_CERTS/,
  },
  'certificate of another host': {
    ...final,
    cause: { kind: 'wrong host' },
    says: /Check the endpoint’s spelling/,
  },
}

const proxy: Record<string, Row & { cause: Cause }> = {
  refused: { ...passes, cause: { kind: 'no proxy' }, says: NO_PROXY },
  reset: { ...passes, cause: { kind: 'proxy', behave: 'reset' }, says: NO_PROXY },
  cut: { ...passes, cause: { kind: 'proxy', behave: 'cut' }, says: NO_PROXY },
  garbage: { ...passes, cause: { kind: 'proxy', behave: 'garbage' }, says: NO_PROXY },
  '502': { ...passes, cause: { kind: 'proxy', behave: '502' }, says: NO_PROXY },
  '407': { ...final, cause: { kind: 'proxy', behave: '407' }, says: /statusCode=407.*user and password/ },
  silent: {
    ...stalls,
    cause: { kind: 'proxy', behave: 'silent' },
    says: /the proxy opened no connection in time\..*Check https_proxy/,
  },
  drip: {
    ...stalls,
    cause: { kind: 'proxy', behave: 'drip' },
    says: /the proxy opened no connection in time\..*Check https_proxy/,
  },
  'cut tunnel': { ...passes, cause: { kind: 'proxy', behave: 'cut-tunnel' }, says: NO_TLS },
  'silent tunnel': {
    ...stalls,
    cause: { kind: 'proxy', behave: 'silent-tunnel' },
    says: /the TLS handshake did not end in time/,
  },
}

/** Answers of the API, over plain HTTP and over TLS. */
const answers: Record<string, Row & { fault: FaultName | number | Reply }> = {
  reset: { ...passes, fault: 'reset', says: BROKE },
  cut: { ...passes, fault: 'cut', says: BROKE },
  garbage: { ...passes, fault: 'garbage', says: BROKE },
  'cut in the head': { ...passes, fault: 'cut-in-headers', says: BROKE },
  silent: { ...stalls, fault: 'silent', says: NO_ANSWER },
  'stall in the head': { ...stalls, fault: 'stall-in-headers', says: NO_ANSWER },
  'drip from the head on': { ...stalls, fault: 'drip-headers', says: NO_ANSWER },
  '100 Continue, then silence': { ...stalls, fault: '100-continue-then-silence', says: NO_ANSWER },
  '101, then silence': { ...stalls, fault: '101', says: NO_ANSWER },
  'cut after the head': { ...passes, fault: 'cut-after-headers', says: CUT },
  'cut in the body': { ...passes, fault: 'cut-content-length', says: CUT },
  'cut in a chunk': { ...passes, fault: 'cut-in-chunk', says: CUT },
  'stall in the body': { ...stalls, fault: 'stall-in-body', says: NO_END },
  'drip in the body': { ...stalls, fault: 'drip', says: NO_END },
  'endless body': { ...givenUp, fault: 'endless', says: /a body that is larger than 1 MiB/ },
  'body above 1 MiB': { ...givenUp, fault: 'huge', says: /a body that is larger than 1 MiB/ },
  'invalid UTF-8': { ...givenUp, fault: 'invalid-utf8', says: /a body that is not UTF-8/ },
  'empty 200': {
    ...givenUp,
    fault: 'empty-200',
    says: /HTTP 200 without a text.*Check endpoint and service/,
  },
  'page with 200': {
    ...givenUp,
    fault: 'html-200',
    says: /HTTP 200 with the text “.*Welcome.*Check endpoint and service/,
  },
  'job without a status': { ...givenUp, fault: 'no-status', says: /no job with id and status/ },
  '204': { ...givenUp, fault: '204', says: /HTTP 204/ },
  '206': { ...givenUp, fault: '206', says: /HTTP 206/ },
  'null job': { ...passes, fault: 'null-job', says: /was never seen; \d asked: \d × not visible/ },
  '404 without a code': {
    ...passes,
    fault: { status: 404 },
    says: /was never seen; \d asked: \d × not visible/,
  },
  'page with 502': { ...passes, fault: 'html-502', says: /HTTP 502 “.*The backend server is unreachable.*”/ },
  '408': { ...passes, fault: 408, says: /× 408/ },
  '429': { ...passes, fault: '429', says: /HTTP 429 APIGW\.0308 “The throttling threshold.*” \(request id / },
  '429 with Retry-After': { ...passes, fault: '429-retry-after', says: /HTTP 429 APIGW\.0308/ },
  '500': { ...passes, fault: 500, says: /HTTP 500 / },
  '503 with Retry-After': { ...passes, fault: '503-retry-after', says: /HTTP 503 / },
  '504': { ...passes, fault: 504, says: /HTTP 504 / },
  redirect: { ...final, fault: 'redirect', says: /HTTP 302 to https:\/\/elsewhere\.invalid\// },
  'another job': { ...final, fault: 'other-job', says: /answered about job 00000000-/ },
  '400': { ...final, fault: 400, says: /HTTP 400 / },
  '401': { ...final, fault: 401, says: /HTTP 401 APIGW\.\d+ / },
  '403': { ...final, fault: 403, says: /HTTP 403 / },
  '404 of the gateway': { ...final, fault: 404, says: /HTTP 404 APIGW\.0101/ },
}

export const FAULTS: readonly FaultCase[] = [
  ...Object.entries(connect).map(([fault, row]): FaultCase => ({ over: 'connect', fault, ...row })),
  ...Object.entries(tls).map(([fault, row]): FaultCase => ({ over: 'tls', fault, ...row })),
  ...Object.entries(proxy).map(([fault, row]): FaultCase => ({ over: 'proxy', fault, ...row })),
  ...(['http', 'https'] as const).flatMap((over) =>
    Object.entries(answers).map(([name, { fault, ...row }]): FaultCase => ({
      over,
      fault: name,
      ...row,
      cause: { kind: 'answer', fault },
    })),
  ),
]
