import { MINUTE, SECOND } from '../duration.ts'
import type { HttpRequest } from '../http/exchange.ts'
import type { Fault } from '../http/fault.ts'
import { phrase } from '../outside-text.ts'
import type { Secrets } from '../secrets.ts'
import { signWithAccessKey, type AccessKey } from './access-key.ts'
import { assumeAgency, type Agency } from './agency.ts'
import { isRefusal, type Credentials, type Signed } from './credentials.ts'

export interface OidcSurroundings {
  readonly projectId: string
  /** How long keys are needed, milliseconds. */
  readonly timeout: number
  readonly secrets: Secrets
  /** Milliseconds from some moment on; never goes back. */
  readonly now: () => number
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number
  /** Is told how long, in milliseconds, the keys are good that came just now. */
  readonly onRenewed: (lifetime: number) => void
}

/** Before their end keys are renewed; until then, the old ones help over a token service that is out of order. */
const RENEWED_BEFORE = 5 * MINUTE
/** The pause between attempts while the old keys still do. */
const RENEWAL_PAUSE = 30 * SECOND
/** What every agency allows. Source: "AssumeAgencyWithOIDC", `duration_seconds`. */
const SHORTEST_LIFE = 15 * MINUTE
const LONGEST_LIFE = 60 * MINUTE

const CHECK =
  'New keys of the agency were refused as well. Check that the agency belongs to the account of project-id.'

interface Keys {
  readonly key: AccessKey
  readonly secrets: readonly string[]
  readonly expiresAt: number
}

/** GitHub OIDC: temporary keys, got when they are needed, renewed before they expire and once after a refusal. */
export class OidcCredentials implements Credentials {
  readonly #agency: Agency
  readonly #around: OidcSurroundings
  #keys: Keys | undefined
  #renewAt = -Infinity
  /** The one renewal under way, however many jobs wait for it. */
  #renewal: { readonly signal: AbortSignal; readonly keys: Promise<Keys | Fault> } | undefined
  /** Whether the keys are the answer to a refusal, and were not accepted since. */
  #isSecondChance = false
  /** All keys that have not expired. */
  #issued: readonly Keys[] = []

  constructor(agency: Agency, around: OidcSurroundings) {
    this.#agency = agency
    this.#around = around
  }

  async sign(request: HttpRequest, signal: AbortSignal): Promise<Signed | Fault> {
    const keys = await this.#goodKeys(signal)
    if ('kind' in keys) return keys
    const { projectId, wallClock } = this.#around
    return {
      kind: 'signed',
      request: signWithAccessKey(request, keys.key, projectId, wallClock()),
      review: (answer) => this.#review(answer, keys),
    }
  }

  async #goodKeys(signal: AbortSignal): Promise<Keys | Fault> {
    const { now } = this.#around
    if (this.#keys !== undefined && now() < this.#renewAt) return this.#keys
    const renewed = await this.#shareRenewal(signal)
    if (!('kind' in renewed) || this.#keys === undefined || now() >= this.#keys.expiresAt) return renewed
    this.#renewAt = now() + RENEWAL_PAUSE
    return this.#keys
  }

  async #shareRenewal(signal: AbortSignal): Promise<Keys | Fault> {
    if (this.#renewal !== undefined && !this.#renewal.signal.aborted) return this.#renewal.keys
    const renewal = { signal, keys: this.#renew(signal) }
    this.#renewal = renewal
    const keys = await renewal.keys
    if (this.#renewal === renewal) this.#renewal = undefined
    return keys
  }

  async #renew(signal: AbortSignal): Promise<Keys | Fault> {
    const { timeout, secrets, now, wallClock, onRenewed } = this.#around
    const needed = timeout + RENEWED_BEFORE + MINUTE
    const wanted = Math.min(Math.max(needed, SHORTEST_LIFE), LONGEST_LIFE)
    const assumed = await assumeAgency(this.#agency, wanted, secrets, wallClock, signal)
    if (assumed.kind !== 'assumed') return assumed
    const keys = { key: assumed.key, secrets: assumed.secrets, expiresAt: now() + assumed.lifetime }
    this.#forgetExpired()
    this.#issued = [...this.#issued, keys]
    this.#keys = keys
    this.#renewAt = keys.expiresAt - Math.min(RENEWED_BEFORE, assumed.lifetime / 3)
    onRenewed(assumed.lifetime)
    return keys
  }

  #forgetExpired(): void {
    const isExpired = ({ expiresAt }: Keys) => expiresAt < this.#around.now()
    const expired = this.#issued.filter(isExpired).flatMap(({ secrets }) => secrets)
    for (const secret of expired) this.#around.secrets.forget(secret)
    this.#issued = this.#issued.filter((keys) => !isExpired(keys))
  }

  #review<T extends { readonly kind: string }>(answer: T | Fault, keys: Keys): T | Fault {
    const isCurrent = keys === this.#keys
    if (!isRefusal(answer)) {
      if (isCurrent && !PASSING.has(answer.kind)) this.#isSecondChance = false
      return answer
    }
    const { told } = answer
    if (isCurrent && this.#isSecondChance) return { ...answer, told: { ...told, check: CHECK } }
    // A refusal of keys that are replaced already says nothing of the new ones.
    if (isCurrent) {
      this.#isSecondChance = true
      this.#keys = undefined
    }
    const says = phrase`${told.says}; new keys of the agency are fetched`
    return { kind: 'try-again', retryAfter: undefined, told: { label: told.label, says } }
  }
}

/** Answers that may come from before the place where credentials are looked at. */
const PASSING = new Set(['try-again', 'unusable'])
