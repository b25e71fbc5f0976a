import { invalid, type InvalidInput } from '../invalid-input.ts'
import { isDecodable } from './percent-encode.ts'

/** The environment variables that @actions/http-client reads, in order of precedence. */
export const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY'] as const
export const NO_PROXY_VARIABLES = ['no_proxy', 'NO_PROXY'] as const

/**
 * Parses a proxy variable, as curl does: a URL, whose scheme may be missing.
 *
 * @returns a URL that @actions/http-client reads in the same way
 */
export function parseProxy(value: string): string | InvalidInput {
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`)
  // A # or / in the password would end the host name, and the rest of the URL would name another host.
  const isWhole = url !== null && url.pathname === '/' && !/[?#]/.test(value)
  return isWhole && /^https?:$/.test(url.protocol) && isDecodable(url.username) && isDecodable(url.password)
    ? url.href
    : invalid`is not the URL of an HTTP proxy. Use http://host:port or http://user:password@host:port. In user and password, write % as %25, # as %23, / as %2F, ? as %3F, and @ as %40.`
}

/** Adapts `*.domain` and separating spaces, which @actions/http-client does not know. */
export function parseNoProxy(value: string): string {
  const hosts = value.split(/[\s,]+/).filter((host) => host !== '')
  return hosts.map((host) => host.replace(/^\*\./, '.')).join(',')
}
