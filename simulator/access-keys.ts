import { randomBytes } from 'node:crypto'

/** The valid access keys: the permanent one, and the temporary ones that the token service issued. */
export function accessKeys(permanent: KeyPair): AccessKeys {
  const temporary = new Map<string, TemporaryKey>()
  return {
    find: (id) => (id === permanent.id ? { kind: 'permanent', ...permanent } : temporary.get(id)),
    issue: (expiry) => {
      const key: TemporaryKey = { kind: 'temporary', ...randomKey(), ...expiry }
      temporary.set(key.id, key)
      return key
    },
    revoke: () => {
      temporary.clear()
    },
  }
}

export interface AccessKeys {
  readonly find: (id: string) => AccessKey | undefined
  readonly issue: (expiry: Expiry) => TemporaryKey
  /** Revokes all temporary keys issued so far. */
  readonly revoke: () => void
}

export interface KeyPair {
  readonly id: string
  readonly secret: string
}

export type AccessKey = (KeyPair & { readonly kind: 'permanent' }) | TemporaryKey

export interface TemporaryKey extends KeyPair, Expiry {
  readonly kind: 'temporary'
  readonly securityToken: string
}

/** One moment on two clocks. */
export interface Expiry {
  /** Simulated milliseconds since the start. */
  readonly expiresAtMs: number
  /** Milliseconds since 1970 on the clients' clock. */
  readonly expiration: number
}

/** Has the length and the alphabet of a real key (its token contains +, /, and =), but is obviously fake. */
function randomKey(): KeyPair & { readonly securityToken: string } {
  return {
    id: `HSTAFAKE${randomBytes(6).toString('hex').toUpperCase()}`,
    secret: `NotASecret${randomBytes(15).toString('hex')}`,
    securityToken: `Fake+security/token+${randomBytes(1000).toString('base64')}`,
  }
}
