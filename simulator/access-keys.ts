import { randomBytes } from 'node:crypto'

/** The access keys that exist: the permanent one, and the temporary ones that the token service issued. */
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
  /** All temporary keys so far are gone. */
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

export interface Expiry {
  /** When it ends in simulated milliseconds since the start. */
  readonly endsAtMs: number
  /** What clients' clocks say then, in milliseconds since 1970. */
  readonly expiration: number
}

/** As long as real ones and in their alphabets, the token with all of + / =, but plainly made up. */
function randomKey(): KeyPair & { readonly securityToken: string } {
  return {
    id: `HSTAFAKE${randomBytes(6).toString('hex').toUpperCase()}`,
    secret: `NotASecret${randomBytes(15).toString('hex')}`,
    securityToken: `Fake+security/token+${randomBytes(1000).toString('base64')}`,
  }
}
