import { createHash, createHmac } from 'node:crypto'
import { unescape } from 'node:querystring'
import type { ApiRequest } from './request.ts'

/** Parses an `Authorization: SDK-HMAC-SHA256 …` header. Returns undefined when its format is invalid. */
export function readAuthorization(text: string): SignatureClaim | undefined {
  const [, accessKeyId, signed, signature] =
    /^SDK-HMAC-SHA256 Access=([^\s,]+), ?SignedHeaders=([^\s,]+), ?Signature=([0-9a-f]{64})$/.exec(text) ?? []
  if (accessKeyId === undefined || signed === undefined || signature === undefined) return undefined
  return { accessKeyId, signedHeaders: signed.split(';'), signature }
}

export interface SignatureClaim {
  readonly accessKeyId: string
  /** In the client's order. Clients differ in which headers they sign. */
  readonly signedHeaders: readonly string[]
  /** Hexadecimal. */
  readonly signature: string
}

/** The canonical request, which client and gateway both sign. Source: the vendor's API signing guide and Python SDK. */
export function canonicalRequest(request: ApiRequest, signedHeaders: readonly string[]): string {
  return [
    request.method.toUpperCase(),
    canonicalPath(request.path),
    canonicalQuery(request.rawQuery),
    ...signedHeaders.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    signedHeaders.join(';'),
    payloadHash(request),
  ].join('\n')
}

/** Returns the hexadecimal signature. `date` is the value of the header X-Sdk-Date. */
export function sign(canonical: string, date: string, secret: string): string {
  const text = `SDK-HMAC-SHA256\n${date}\n${sha256(canonical)}`
  return createHmac('sha256', secret).update(text).digest('hex')
}

/** `20191115T033655Z` in milliseconds since 1970; NaN for any other format. */
export function readSdkDate(text: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  return Date.parse(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  )
}

function canonicalPath(path: string): string {
  const encoded = path.split('/').map((segment) => encode(unescape(segment)))
  return encoded.join('/').replace(/\/?$/, '/')
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
}

/** Compares by code points, as Python and Go do, not by UTF-16 code units. */
function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

/**
 * Encodes all but letters, digits, and `-._~` (RFC 3986). encodeURIComponent leaves five more characters as they are.
 */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** The SDKs do not hash a body that is not JSON, and declare it as unsigned. */
function payloadHash({ body, headers }: ApiRequest): string {
  const unsigned = headers['x-sdk-content-sha256'] === 'UNSIGNED-PAYLOAD' && body !== ''
  return unsigned ? 'UNSIGNED-PAYLOAD' : sha256(body)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
