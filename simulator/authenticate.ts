import type { IncomingHttpHeaders } from 'node:http'

/** Who sends these headers, or the gateway's reason to refuse. */
export function authenticate(headers: IncomingHttpHeaders, token: string): Identity {
  const given = headers['x-auth-token']
  if (given === undefined) return { refused: 'x-auth-token not found' }
  if (given !== token) return { refused: 'decrypt token fail' }
  return { user: 'token' }
}

export type Identity = { readonly user: string } | { readonly refused: string }
