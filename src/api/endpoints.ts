import { isDecodable } from '../http/percent-encode.ts'
import { InvalidInput } from '../invalid-input.ts'
import { STS, type Hosts } from './regions.ts'
import type { Service } from './service.ts'

/** A region, and the input or environment variable that names it. */
export interface Region {
  readonly id: string
  readonly source: string
}

/** Looks up the jobs API of a service in a region; the result has the form of {@link parseEndpoint}. */
export function jobsEndpointOf(region: string, { title, hosts }: Service): string | InvalidInput {
  const problem = `no ${title} host is documented for this region. ${suggestRegions(region, hosts)} Set endpoint, or choose another region.`
  return endpointOf(region, hosts) ?? new InvalidInput(problem)
}

/** Looks up the Security Token Service of a region. Any region's works; the nearest is the fastest. */
export function stsEndpointOf(region: Region | undefined): string | InvalidInput {
  if (region === undefined) {
    return new InvalidInput('missing. GitHub OIDC needs sts-endpoint, or region to look it up.')
  }
  const problem = `missing, and no Security Token Service host is documented for the value of ${region.source}. ${suggestRegions(region.id, STS)} Set sts-endpoint; the host of any other region works.`
  return endpointOf(region.id, STS) ?? new InvalidInput(problem)
}

/** Returns the IAM of a region. Source: Huawei Cloud Python SDK huaweicloudsdkiam 3.1.219, region/iam_region.py. */
export function iamEndpointOf({ id, source }: Region): string | InvalidInput {
  return /^[a-z\d-]{1,40}$/.test(id)
    ? `https://iam.${id}.myhuaweicloud.${id === 'eu-west-101' ? 'eu' : 'com'}`
    : new InvalidInput(
        `missing, and the value of ${source} is not a region ID. Set project-id, or a valid region.`,
      )
}

/**
 * Parses an endpoint: host or host:port, with or without `https://` and a path prefix.
 *
 * @param version,resource path segments that the action adds itself
 * @returns scheme, host, and path prefix, without a trailing slash
 */
export function parseEndpoint(value: string, version: string, resource: string): string | InvalidInput {
  if (!/^[!-~]+$/.test(value) || value.includes('\\')) {
    return new InvalidInput(
      'contains a space, a backslash, or another character that host names cannot contain. Use host or host:port.',
    )
  }
  const url = parseUrl(value)
  if (url === null) return new InvalidInput('must be host or host:port, with or without https://.')
  if (url.username !== '' || url.password !== '' || value.includes('@')) {
    return new InvalidInput(
      'contains a user name or password. Remove them: credentials have their own inputs.',
    )
  }
  if (/[?#]/.test(value)) return new InvalidInput('contains a query (?) or a fragment (#). Remove it.')
  if (!isDecodable(url.pathname)) {
    return new InvalidInput('contains a % that is not valid percent-encoding of UTF-8. Write it as %25.')
  }
  if (!isSecure(url)) {
    return new InvalidInput(
      'must use https://. Plain http:// would expose secrets, so it is allowed only for loopback addresses.',
    )
  }
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  const names = segments.map((segment) => segment.toLowerCase())
  if (names.includes(version) || names.includes(resource)) {
    return new InvalidInput(
      `already contains the API path. Use only the part before /${version}; the action adds the rest.`,
    )
  }
  return [url.origin, ...segments].join('/')
}

/** Without a scheme, host or host:port must come first; otherwise `https:/host` would name the host `https`. */
function parseUrl(value: string): URL | null {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return URL.parse(value)
  return /^(\[[^/\]]*\]|[^/:]+)(:\d+)?(\/|$)/.test(value) ? URL.parse(`https://${value}`) : null
}

/** Whether requests to the URL cannot be read on the network. */
export function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

const LOOPBACK = /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/

function endpointOf(region: string, hosts: Hosts): string | undefined {
  const host = Object.entries(hosts).find(([, regions]) => regions.includes(region))
  return host && `https://${host[0].replace('*', region)}`
}

/** Names the regions with similar IDs, or all regions if there are none. */
function suggestRegions(region: string, hosts: Hosts): string {
  const all = Object.values(hosts).flat()
  const typed = region.slice(0, 40).toLowerCase()
  const similar = all.filter((id) => editDistance(id, typed) <= MAX_TYPOS)
  return similar.length > 0 ? `Similar regions: ${similar.join(', ')}.` : `Known regions: ${all.join(', ')}.`
}

const MAX_TYPOS = 2

/** Levenshtein distance in characters. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, character] of Array.from(from).entries()) {
    const next = [index + 1]
    for (let at = 0; at < to.length; at++) {
      const replaced = (row[at] ?? 0) + Number(to[at] !== character)
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
