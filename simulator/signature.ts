import { createHash, createHmac } from 'node:crypto'
import { unescape } from 'node:querystring'
import type { Call } from './cloud.ts'

/** What `Authorization: SDK-HMAC-SHA256 …` says; undefined when it is not written like that. */
export function readAuthorization(text: string): SignatureClaim | undefined {
  const [, accessKeyId, signed, signature] =
    /^SDK-HMAC-SHA256 Access=([^\s,]+), ?SignedHeaders=([^\s,]+), ?Signature=([0-9a-f]{64})$/.exec(text) ?? []
  if (accessKeyId === undefined || signed === undefined || signature === undefined) return undefined
  return { accessKeyId, signedHeaders: signed.split(';'), signature }
}

export interface SignatureClaim {
  readonly accessKeyId: string
  /** As the client lists them; clients differ in which they sign. */
  readonly signedHeaders: readonly string[]
  /** Hex. */
  readonly signature: string
}

/** The request as both sides must see it. Source: the vendor's API signing guide, and its Python SDK's signer. */
export function canonicalRequest(call: Call, signedHeaders: readonly string[]): string {
  return [
    call.method.toUpperCase(),
    canonicalPath(call.path),
    canonicalQuery(call.rawQuery),
    ...signedHeaders.map((name) => `${name}:${String(call.headers[name] ?? '').trim()}`),
    '',
    signedHeaders.join(';'),
    payloadHash(call),
  ].join('\n')
}

/** Hex; `date` as X-Sdk-Date has it. */
export function sign(canonical: string, date: string, secret: string): string {
  const text = `SDK-HMAC-SHA256\n${date}\n${sha256(canonical)}`
  return createHmac('sha256', secret).update(text).digest('hex')
}

/** `20191115T033655Z` in milliseconds since 1970; NaN when it is no such date. */
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
    .sort(([name, value], [otherName, otherValue]) => order(name, otherName) || order(value, otherValue))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
}

/** By code points, as Python and Go sort, not by UTF-16 units. */
function order(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

/** RFC 3986: letters, digits, `-._~` stay; encodeURIComponent leaves five more. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** The SDKs do not hash bodies that are no JSON, and say so. */
function payloadHash({ body, headers }: Call): string {
  const unsigned = headers['x-sdk-content-sha256'] === 'UNSIGNED-PAYLOAD' && body !== ''
  return unsigned ? 'UNSIGNED-PAYLOAD' : sha256(body)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
