import { InvalidInput } from '../invalid-input.ts'
import { STS, type Hosts } from './regions.ts'
import type { Service } from './service.ts'

/** A region, and the input or variable that names it. */
export interface Region {
  readonly id: string
  readonly source: string
}

/** A service's jobs API in a region, as in {@link parseEndpoint}. */
export function jobsEndpointOf(region: string, { title, hosts }: Service): string | InvalidInput {
  return (
    endpointOf(region, hosts) ??
    new InvalidInput(`has no documented ${title} host. ${near(region, hosts)} Give endpoint.`)
  )
}

/** The Security Token Service of a region. Any region's will do; the nearest is the fastest. */
export function stsEndpointOf(region: Region | undefined): string | InvalidInput {
  if (region === undefined)
    return new InvalidInput('is missing. GitHub OIDC needs it, or region, whose host is looked up.')
  return (
    endpointOf(region.id, STS) ??
    new InvalidInput(
      `is missing, and ${region.source} names none whose Security Token Service is documented. ${near(region.id, STS)} Give sts-endpoint, of another region say.`,
    )
  )
}

/**
 * Reads an endpoint as users write it: host or host:port, with or without `https://` and a path prefix.
 *
 * @param version,resource segments of the path that the action adds itself
 * @returns scheme, host and path prefix, without a slash at its end
 */
export function parseEndpoint(value: string, version: string, resource: string): string | InvalidInput {
  if (!/^[!-~]+$/.test(value) || value.includes('\\')) {
    return new InvalidInput(
      'holds a space, a backslash or a character that no host name has. Give host or host:port.',
    )
  }
  const url = parseUrl(value)
  if (url === null)
    return new InvalidInput('is no host name. Give host or host:port, with or without https://.')
  if (url.username !== '' || url.password !== '' || value.includes('@')) {
    return new InvalidInput(
      'holds a user name or password. Leave it out; credentials are inputs of their own.',
    )
  }
  if (/[?#]/.test(value)) return new InvalidInput('holds a query (?) or a fragment (#). Leave it out.')
  if (!isDecodable(url.pathname)) return new InvalidInput('holds a % that is no percent-encoding of UTF-8.')
  if (!isPrivate(url)) {
    return new InvalidInput(
      'must be https://. Plain http:// would send secrets in the clear, so only a loopback address may have it.',
    )
  }
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  const names = segments.map((segment) => segment.toLowerCase())
  if (names.at(-1) === version || names.includes(resource)) {
    return new InvalidInput(
      `already holds the API’s path. Give only the part before /${version}; the action adds the rest.`,
    )
  }
  return [url.origin, ...segments].join('/')
}

/** Without a scheme, only host or host:port may come first: `https:/host` would else name the host `https`. */
function parseUrl(value: string): URL | null {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return URL.parse(value)
  return /^(\[[^/\]]*\]|[^/:]+)(:\d+)?(\/|$)/.test(value) ? URL.parse(`https://${value}`) : null
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** Whether what is sent there can't be read on the way. */
export function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

function endpointOf(region: string, hosts: Hosts): string | undefined {
  const host = Object.entries(hosts).find(([, regions]) => regions.includes(region))
  return host && `https://${host[0].replace('*', region)}`
}

/** The regions that may have been meant; all of them when none is near. */
function near(region: string, hosts: Hosts): string {
  const all = Object.values(hosts).flat()
  const meant = region.slice(0, 40).toLowerCase()
  const some = all.filter((id) => distance(id, meant) <= MAX_TYPOS)
  return some.length > 0 ? `Near are ${some.join(', ')}.` : `There are ${all.join(', ')}.`
}

const MAX_TYPOS = 2

/** Characters to be added, taken away or replaced to come from one text to the other (Levenshtein). */
function distance(from: string, to: string): number {
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
