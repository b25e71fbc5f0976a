import { MINUTE, SECOND } from '../duration.ts'
import type { Exchange, HttpRequest } from '../http/exchange.ts'
import type { Fault, Rejected } from '../http/fault.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import { signWithAccessKey, type AccessKey } from './access-key.ts'
import { assumeAgency, type Agency } from './assume-agency.ts'
import type { Credentials, Signed } from './credentials.ts'

export interface OidcDependencies {
  readonly projectId: string
  /** How long keys are needed, milliseconds. */
  readonly timeout: number
  readonly secrets: Secrets
  readonly exchange: Exchange
  /** Milliseconds from some moment on; never goes back. */
  readonly now: () => number
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number
  /** Is told how long, in milliseconds, the keys are good that came just now. */
  readonly onRenewed: (lifetime: number) => void
  /** Is told why there are no new keys, and how long the old ones are still good. */
  readonly onNotRenewed: (reason: Phrase, lifetime: number) => void
}

/** Before their end keys are renewed; until then, the old ones help over a token service that is out of order. */
const RENEWED_BEFORE = 5 * MINUTE
/** Pauses after attempts that failed: while the old keys still do, and without any, doubling up to the same. */
const RENEWAL_PAUSE = 30 * SECOND
const FIRST_RENEWAL_PAUSE = 1 * SECOND
/** Refused keys are replaced this often at most. */
const REPLACEMENT_PAUSE = 1 * MINUTE
/** What every agency allows. Source: "AssumeAgencyWithOIDC", `duration_seconds`. */
const MIN_LIFETIME = 15 * MINUTE
const MAX_LIFETIME = 60 * MINUTE

const HINT =
  'New keys of the agency were refused as well. Check that the agency belongs to the account of project-id.'

interface Keys {
  readonly key: AccessKey
  readonly secrets: readonly string[]
  readonly expiresAt: number
  /** How much the service's clock is ahead of ours, milliseconds. */
  readonly clockOffset: number
}

/** GitHub OIDC: temporary keys, got when they are needed, renewed before they expire and after a refusal. */
export class OidcCredentials implements Credentials {
  readonly #agency: Agency
  readonly #deps: OidcDependencies
  #keys: Keys | undefined
  /** The one renewal under way, however many jobs wait for it. */
  #renewal: { readonly signal: AbortSignal; readonly keys: Promise<Keys | Fault> } | undefined
  /** No renewal before, and what to say until then where there are no keys. */
  #renewAt = -Infinity
  #reason: Phrase = []
  #failures = 0
  #replacedAt = -Infinity
  /** All keys that have not expired. */
  #issued: readonly Keys[] = []

  constructor(agency: Agency, around: OidcDependencies) {
    this.#agency = agency
    this.#deps = around
  }

  async sign(request: HttpRequest, signal: AbortSignal): Promise<Signed | Fault> {
    const keys = await this.#goodKeys(signal)
    if ('kind' in keys) return keys
    const { projectId, wallClock } = this.#deps
    return {
      kind: 'signed',
      request: signWithAccessKey(request, keys.key, projectId, wallClock() + keys.clockOffset),
      rejected: (refusal) => this.#refused(refusal, keys),
    }
  }

  /** Never waits for a renewal while the keys at hand are good. */
  #goodKeys(signal: AbortSignal): Keys | Fault | Promise<Keys | Fault> {
    const now = this.#deps.now()
    const isDue = now >= this.#renewAt
    const renewal = isDue || this.#isRenewing() ? this.#shareRenewal(signal) : undefined
    if (this.#keys !== undefined && now < this.#keys.expiresAt) return this.#keys
    if (renewal !== undefined) return renewal
    const detail = { label: 'no keys', message: this.#reason }
    return { kind: 'transient', retryAfter: this.#renewAt - now, detail }
  }

  #isRenewing(): boolean {
    return this.#renewal?.signal.aborted === false
  }

  async #shareRenewal(signal: AbortSignal): Promise<Keys | Fault> {
    if (this.#renewal !== undefined && this.#isRenewing()) return this.#renewal.keys
    const renewal = { signal, keys: this.#renew(signal) }
    this.#renewal = renewal
    const keys = await renewal.keys
    if (this.#renewal === renewal) this.#renewal = undefined
    return keys
  }

  async #renew(signal: AbortSignal): Promise<Keys | Fault> {
    const { timeout, secrets, exchange, now, wallClock, onRenewed } = this.#deps
    const needed = timeout + RENEWED_BEFORE + MINUTE
    const wanted = Math.min(Math.max(needed, MIN_LIFETIME), MAX_LIFETIME)
    const assumed = await assumeAgency(this.#agency, wanted, secrets, wallClock, exchange, signal)
    if (assumed.kind !== 'assumed') return signal.aborted ? assumed : this.#notRenewed(assumed)
    const { key, lifetime, clockOffset } = assumed
    const keys = { key, secrets: assumed.secrets, clockOffset, expiresAt: now() + lifetime }
    this.#forgetExpired()
    this.#issued = [...this.#issued, keys]
    this.#keys = keys
    this.#failures = 0
    this.#renewAt = keys.expiresAt - Math.min(RENEWED_BEFORE, lifetime / 3)
    onRenewed(lifetime)
    return keys
  }

  /** For whom it fails, it fails for all: they share the pause. */
  #notRenewed(fault: Fault): Fault {
    const { now, onNotRenewed } = this.#deps
    this.#failures += 1
    const left = (this.#keys?.expiresAt ?? 0) - now()
    if (left > 0) onNotRenewed(fault.detail.message, left)
    const backoff = Math.min(FIRST_RENEWAL_PAUSE * 2 ** (this.#failures - 1), RENEWAL_PAUSE)
    const asked = fault.kind === 'transient' ? (fault.retryAfter ?? 0) : 0
    const pause = Math.max(left > 0 ? RENEWAL_PAUSE : backoff, asked)
    this.#renewAt = now() + pause
    this.#reason = fault.detail.message
    return fault.kind === 'transient' ? { ...fault, retryAfter: pause } : fault
  }

  #forgetExpired(): void {
    const isExpired = ({ expiresAt }: Keys) => expiresAt < this.#deps.now()
    const expired = this.#issued.filter(isExpired).flatMap(({ secrets }) => secrets)
    for (const secret of expired) this.#deps.secrets.forget(secret)
    this.#issued = this.#issued.filter((keys) => !isExpired(keys))
  }

  #refused(refusal: Rejected, keys: Keys): Rejected {
    const message = phrase`${refusal.detail.message}; new keys of the agency are needed`
    // A refusal of keys that are replaced already says nothing of the new ones.
    if (keys === this.#keys) {
      this.#keys = undefined
      this.#renewAt = this.#replacedAt = Math.max(this.#deps.now(), this.#replacedAt + REPLACEMENT_PAUSE)
      this.#reason = message
    }
    return { ...refusal, isRenewable: true, detail: { label: refusal.detail.label, message, hint: HINT } }
  }
}
