import { randomBytes, randomUUID } from 'node:crypto'

/** GitHub's id tokens. The signature is fake: whoever checks one asks here whether it was issued. */
export function idTokens(): IdTokens {
  const issued = new Map<string, IdToken>()
  return {
    issue: ({ audience, issuedAt, expiration, endsAtMs }) => {
      const claims = {
        jti: randomUUID(),
        sub: subject,
        aud: audience,
        ...about,
        ...times(issuedAt, expiration),
      }
      const text = `${part(header)}.${part(claims)}.${randomBytes(256).toString('base64url')}`
      issued.set(text, { audience, endsAtMs })
      return text
    },
    find: (text) => issued.get(text),
  }
}

export interface IdTokens {
  readonly issue: (wish: IdTokenWish) => string
  /** Undefined: never issued. */
  readonly find: (text: string) => IdToken | undefined
}

export interface IdToken {
  readonly audience: string
  /** When it ends in simulated milliseconds since the start. */
  readonly endsAtMs: number
}

export interface IdTokenWish extends IdToken {
  /** By clients' clocks, in milliseconds since 1970. */
  readonly issuedAt: number
  readonly expiration: number
}

export const subject = 'repo:octo-org/octo-repo:ref:refs/heads/main'

// As in GitHub's "OpenID Connect reference".
const header = { typ: 'JWT', alg: 'RS256', x5t: 'example-thumbprint', kid: 'example-key-id' }
const about = {
  ref: 'refs/heads/main',
  repository: 'octo-org/octo-repo',
  repository_owner: 'octo-org',
  run_attempt: '1',
  event_name: 'workflow_dispatch',
  ref_type: 'branch',
  iss: 'https://token.actions.githubusercontent.com',
}

/** In whole seconds since 1970. */
function times(issuedAt: number, expiration: number): Readonly<Record<'iat' | 'nbf' | 'exp', number>> {
  const iat = Math.floor(issuedAt / 1000)
  return { iat, nbf: iat, exp: Math.floor(expiration / 1000) }
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
