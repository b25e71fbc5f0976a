import { isDecodable } from '../http/percent-encode.ts'
import { invalid, type InvalidInput } from '../invalid-input.ts'
import { STS, type Hosts, type Service } from './service.ts'

/** A region, and the input or environment variable that names it. */
export interface Region {
  readonly id: string
  readonly source: string
}

/** Looks up the jobs API of a service in a region; the result has the form of {@link parseEndpoint}. */
export function jobsEndpointOf(region: string, { title, hosts }: Service): string | InvalidInput {
  return (
    endpointOf(region, hosts) ??
    invalid`no ${title} host is documented for this region. ${suggestRegions(region, hosts)} Set endpoint, or choose another region.`
  )
}

/** Looks up the Security Token Service of a region. Any region's works; the nearest is the fastest. */
export function stsEndpointOf(region: Region | undefined): string | InvalidInput {
  if (region === undefined) return invalid`missing. GitHub OIDC needs sts-endpoint, or region to look it up.`
  return (
    endpointOf(region.id, STS) ??
    invalid`missing, and no Security Token Service host is documented for the value of ${region.source}. ${suggestRegions(region.id, STS)} Set sts-endpoint; the host of any other region works.`
  )
}

/** Returns the IAM of a region. Source: Huawei Cloud Python SDK huaweicloudsdkiam 3.1.219, region/iam_region.py. */
export function iamEndpointOf({ id, source }: Region): string | InvalidInput {
  return /^[a-z\d-]{1,40}$/.test(id)
    ? urlOf('iam', id)
    : invalid`missing, and the value of ${source} is not a region ID. Set project-id, or a valid region.`
}

/**
 * Parses an endpoint: host or host:port, with or without `https://` and a path prefix.
 *
 * @param version,resource path segments that the action adds itself
 * @returns scheme, host, and path prefix, without a trailing slash
 */
export function parseEndpoint(value: string, version: string, resource: string): string | InvalidInput {
  if (!/^[!-~]+$/.test(value) || value.includes('\\'))
    return invalid`contains a space, a backslash, or another character that host names cannot contain. Use host or host:port.`
  const url = parseUrl(value)
  if (url === null) return invalid`must be host or host:port, with or without https://.`
  if (value.includes('@'))
    return invalid`contains a user name or password. Remove them: credentials have their own inputs.`
  if (/[?#]/.test(value)) return invalid`contains a query (?) or a fragment (#). Remove it.`
  if (!isDecodable(url.pathname))
    return invalid`contains a % that is not valid percent-encoding of UTF-8. Write it as %25.`
  if (!isSecure(url))
    return invalid`must use https://. Plain http:// would expose secrets, so it is allowed only for loopback addresses.`
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  const names = segments.map((segment) => decodeURIComponent(segment).toLowerCase())
  return names.some((name) => name === resource || /^(v[1-9](\.\d)?|[\da-f]{32})$/.test(name))
    ? invalid`already contains the API path. Use only the part before /${version}; the action adds the rest.`
    : [url.origin, ...segments].join('/')
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
  const [host] = Object.entries(hosts).find(([, regions]) => regions.includes(region)) ?? []
  return host && urlOf(host, region)
}

function urlOf(host: string, region: string): string {
  return `https://${host}.${region}.myhuaweicloud.${region === 'eu-west-101' ? 'eu' : 'com'}`
}

/** Names the regions with similar IDs, or all regions if there are none. */
function suggestRegions(region: string, hosts: Hosts): string {
  const all = Object.values(hosts).flat()
  const typed = region.slice(0, 40).toLowerCase()
  const similar = all.filter((id) => isSimilar(id, typed, MAX_TYPOS))
  return similar.length > 0 ? `Similar regions: ${similar.join(', ')}.` : `Known regions: ${all.join(', ')}.`
}

const MAX_TYPOS = 2

/** Whether at most so many insertions, deletions, and replacements of a character make two texts equal. */
function isSimilar(a: string, b: string, typos: number): boolean {
  if (a === b) return true
  const [restA, restB] = [a.slice(1), b.slice(1)]
  if (a.at(0) === b.at(0)) return isSimilar(restA, restB, typos)
  const corrected: [string, string][] = [
    [restA, restB],
    [restA, b],
    [a, restB],
  ]
  return typos > 0 && corrected.some(([left, right]) => isSimilar(left, right, typos - 1))
}
