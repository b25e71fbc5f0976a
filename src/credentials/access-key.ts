import { createHash, createHmac } from 'node:crypto'
import type { HttpRequest } from '../http/exchange.ts'
import { percentEncode } from '../http/percent-encode.ts'
import { staticCredentials, type Credentials } from './credentials.ts'

/** AK and SK. */
export interface AccessKey {
  readonly id: string
  readonly secret: string
  /** Temporary keys alone have one. */
  readonly securityToken: string | undefined
}

/** @param wallClock milliseconds since the epoch */
export function accessKeyCredentials(
  key: AccessKey,
  projectId: string,
  wallClock: () => number,
): Credentials {
  return staticCredentials(
    (request) => signWithAccessKey(request, key, projectId, wallClock()),
    'Check that access key and secret belong together, are enabled and have not expired, and that the clock of this runner is right; a temporary key needs its security token. After more than five refusals in a row the service locks a key for five minutes.',
  )
}

/**
 * Signs a request with all its headers. `X-Project-Id` is what sub-projects need.
 *
 * @param at the wall clock, milliseconds since the epoch: a signature is good for 15 minutes
 */
export function signWithAccessKey(
  request: HttpRequest,
  key: AccessKey,
  projectId: string,
  at: number,
): HttpRequest {
  const headers = {
    ...request.headers,
    // Sent as it is signed, port included.
    Host: new URL(request.url).host,
    'X-Project-Id': projectId,
    'X-Sdk-Date': new Date(at).toISOString().replace(/-|:|\.\d{3}/g, ''),
    ...(key.securityToken === undefined ? {} : { 'X-Security-Token': key.securityToken }),
  }
  return { ...request, headers: { ...headers, Authorization: authorization({ ...request, headers }, key) } }
}

const ALGORITHM = 'SDK-HMAC-SHA256'

/**
 * The header `Authorization` for a request that holds all headers to be signed, `X-Sdk-Date` among them.
 * Source: the vendor's "API signing guide" (api-sign-algorithm-002 to -005) and its SDKs.
 */
export function authorization(request: HttpRequest, key: Pick<AccessKey, 'id' | 'secret'>): string {
  const headers = Object.entries(request.headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .sort(byName)
  const names = headers.map(([name]) => name).join(';')
  const { pathname, searchParams } = new URL(request.url)
  const canonicalRequest = [
    request.method,
    canonicalPath(pathname),
    [...searchParams]
      .sort(byName)
      .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
      .join('&'),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(request.body),
  ].join('\n')
  const date = headers.find(([name]) => name === 'x-sdk-date')?.[1] ?? ''
  const toSign = [ALGORITHM, date, sha256(canonicalRequest)].join('\n')
  const signature = createHmac('sha256', key.secret).update(toSign).digest('hex')
  return `${ALGORITHM} Access=${key.id}, SignedHeaders=${names}, Signature=${signature}`
}

function byName([a, valueA]: readonly [string, string], [b, valueB]: readonly [string, string]): number {
  if (a !== b) return a < b ? -1 : 1
  return valueA < valueB ? -1 : Number(valueA > valueB)
}

/** Each segment decoded and encoded again, with a slash at the end. */
function canonicalPath(path: string): string {
  const segments = path.split('/').map((segment) => percentEncode(decodeURIComponent(segment)))
  return segments.at(-1) === '' ? segments.join('/') : `${segments.join('/')}/`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
