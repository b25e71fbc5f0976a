import { createHmac, hash } from 'node:crypto'
import type { HttpRequest } from '../http/exchange.ts'
import { percentEncode } from '../http/percent-encode.ts'
import { staticCredentials, type Credentials } from './credentials.ts'

/** An access key ID (AK) with its secret access key (SK). */
export interface AccessKey {
  readonly id: string
  readonly secret: string
  /** Only for temporary access keys. */
  readonly securityToken?: string | undefined
}

/** Signs each request with the key; `wallClock` in milliseconds since the epoch. */
export function accessKeyCredentials(key: AccessKey, wallClock: () => number): Credentials {
  return staticCredentials(
    (request, projectId) => signWithAccessKey(request, key, projectId, wallClock()),
    `${unusualLengths(key)}Check that the access key and its secret belong together, are enabled, and have not expired, and that this runner's clock is correct. A temporary key also needs its security token. The key was not retried, because the service locks a key for five minutes after more than five failed authentications in a row.`,
  )
}

/** Names unusual lengths: a key may have been cut or padded. Source: Huawei Cloud IAM, "Access Keys". */
function unusualLengths({ id, secret }: AccessKey): string {
  if (id.length === 20 && secret.length === 40) return ''
  return `The access key ID has ${id.length} characters (usually 20), and its secret ${secret.length} (usually 40). `
}

/**
 * Signs a request with all its headers. `X-Project-Id` is required for sub-projects.
 *
 * @param at milliseconds since the epoch; the service accepts the signature within 15 minutes
 */
export function signWithAccessKey(
  request: HttpRequest,
  key: AccessKey,
  projectId: string | undefined,
  at: number,
): HttpRequest {
  const headers = {
    ...request.headers,
    // Set here so that it is sent exactly as it is signed, including the port.
    Host: new URL(request.url).host,
    ...(projectId === undefined ? {} : { 'X-Project-Id': projectId }),
    'X-Sdk-Date': new Date(at).toISOString().replace(/-|:|\.\d{3}/g, ''),
    ...(key.securityToken === undefined ? {} : { 'X-Security-Token': key.securityToken }),
  }
  return { ...request, headers: { ...headers, Authorization: authorization({ ...request, headers }, key) } }
}

const ALGORITHM = 'SDK-HMAC-SHA256'

/**
 * Returns the header `Authorization` for a request with all headers to be signed, including `X-Sdk-Date`.
 * Source: Huawei Cloud "API Request Signing Guide", api-sign-algorithm-002 to -005; npm package
 * @huaweicloud/huaweicloud-sdk-core, class AKSKSigner.
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
    hash('sha256', request.body),
  ].join('\n')
  const date = headers.find(([name]) => name === 'x-sdk-date')?.[1] ?? ''
  const stringToSign = [ALGORITHM, date, hash('sha256', canonicalRequest)].join('\n')
  const signature = createHmac('sha256', key.secret).update(stringToSign).digest('hex')
  return `${ALGORITHM} Access=${key.id}, SignedHeaders=${names}, Signature=${signature}`
}

function byName([a, valueA]: readonly [string, string], [b, valueB]: readonly [string, string]): number {
  if (a !== b) return a < b ? -1 : 1
  return valueA < valueB ? -1 : Number(valueA > valueB)
}

/** Normalizes the percent-encoding of each segment, and adds a trailing slash. */
function canonicalPath(path: string): string {
  const segments = path.split('/').map((segment) => percentEncode(decodeURIComponent(segment)))
  return segments.join('/').replace(/\/?$/, '/')
}
