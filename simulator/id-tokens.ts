import { randomBytes, randomUUID } from 'node:crypto'

/** GitHub's ID tokens. Their signature is fake: `find` replaces its verification. */
export function idTokens(): IdTokens {
  const issued = new Map<string, IdToken>()
  return {
    issue: ({ audience, issuedAt, expiration, expiresAtMs }) => {
      const claims = {
        jti: randomUUID(),
        sub: subject,
        aud: audience,
        ...workflowClaims,
        ...timeClaims(issuedAt, expiration),
      }
      const text = `${encode(header)}.${encode(claims)}.${randomBytes(256).toString('base64url')}`
      issued.set(text, { audience, expiresAtMs })
      return text
    },
    find: (text) => issued.get(text),
  }
}

export interface IdTokens {
  readonly issue: (options: IdTokenOptions) => string
  /** Returns undefined for a token that was never issued. */
  readonly find: (text: string) => IdToken | undefined
}

export interface IdToken {
  readonly audience: string
  /** Simulated milliseconds since the start. */
  readonly expiresAtMs: number
}

/** The additional times are those of the clients' clock, in milliseconds since 1970. */
export interface IdTokenOptions extends IdToken {
  readonly issuedAt: number
  readonly expiration: number
}

export const subject = 'repo:octo-org/octo-repo:ref:refs/heads/main'

// Source: GitHub's "OpenID Connect reference".
const header = { typ: 'JWT', alg: 'RS256', x5t: 'example-thumbprint', kid: 'example-key-id' }
const workflowClaims = {
  ref: 'refs/heads/main',
  repository: 'octo-org/octo-repo',
  repository_owner: 'octo-org',
  run_attempt: '1',
  event_name: 'workflow_dispatch',
  ref_type: 'branch',
  iss: 'https://token.actions.githubusercontent.com',
}

/** JWT times are whole seconds since 1970. */
function timeClaims(issuedAt: number, expiration: number): Readonly<Record<'iat' | 'nbf' | 'exp', number>> {
  const iat = Math.floor(issuedAt / 1000)
  return { iat, nbf: iat, exp: Math.floor(expiration / 1000) }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
