import { isIPv6 } from 'node:net'

/** Where a database accepts connections. */
export interface Address {
  /** A host name or an IP address, without brackets. */
  readonly host: string
  readonly port: number
}

/** Parses `host:port` or `[IPv6 address]:port`; undefined if the text is neither. */
export function parseAddress(text: string): Address | undefined {
  const [, ip, name, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]{1,253})):(\d{1,5})$/i.exec(text) ?? []
  const [host, number] = [name ?? (ip !== undefined && isIPv6(ip) ? ip : undefined), Number(port)]
  return host !== undefined && number >= 1 && number <= 65_535 ? { host, port: number } : undefined
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
