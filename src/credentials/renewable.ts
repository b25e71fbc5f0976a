import { MINUTE, SECOND } from '../duration.ts'
import type { Fault, Rejected, ResponseContext } from '../http/fault.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import { signWithAccessKey, type AccessKey } from './access-key.ts'
import type { Credentials } from './credentials.ts'

/** Temporary keys. */
export interface Issued {
  readonly kind: 'issued'
  readonly key: AccessKey
  /** Milliseconds from now. */
  readonly lifetime: number
  /** How far the service's clock is ahead of this runner's, in milliseconds; 0 if unknown. */
  readonly clockOffset: number
}

export interface IssueRequest {
  /** Requested lifetime of the keys, milliseconds. */
  readonly lifetime: number
  /** Whether keys have been issued before. */
  readonly isRenewal: boolean
  /** Registers secrets for as long as the keys are valid. Call it before they are used. */
  readonly register: (...secrets: readonly string[]) => void
  readonly signal: AbortSignal
}

/** Obtains temporary keys. It never rejects. */
export type Issue = (request: IssueRequest) => Promise<Issued | Fault>

export interface RenewableDependencies extends ResponseContext {
  /** Timeout of the wait, milliseconds. */
  readonly timeout: number
  /** Monotonic, milliseconds. */
  readonly clock: { readonly now: () => number }
  /** Called with the lifetime of new keys, in milliseconds. */
  readonly onRenewed: (lifetime: number) => void
  /** Called when a renewal fails while the current keys are still valid for `lifetime` milliseconds. */
  readonly onNotRenewed: (reason: Phrase, lifetime: number) => void
}

/** Keys are renewed this long before they expire, so that a token service may be unavailable for a while. */
const RENEWAL_MARGIN = 5 * MINUTE
/** Delay after a failed renewal: exponential backoff, or the maximum while the current keys are valid. */
const MIN_RENEWAL_DELAY = 1 * SECOND
const MAX_RENEWAL_DELAY = 30 * SECOND
/** A token service sometimes rejects a valid request: rejections before one is final, and the delay between them. */
const MAX_REJECTIONS = 3
const REJECTION_DELAY = 3 * SECOND
/** Rejected keys are replaced at most this often. */
const MIN_REPLACEMENT_INTERVAL = 1 * MINUTE
/** Every agency allows this range. Source: Huawei Cloud IAM API Reference (new edition), "AssumeAgencyWithOIDC". */
const MIN_LIFETIME = 15 * MINUTE
const MAX_LIFETIME = 60 * MINUTE
/** Secrets of a failed renewal are redacted this long. An ID token of GitHub is valid for about five minutes. */
const FAILED_LIFETIME = 15 * MINUTE

const HINT =
  'The service also rejected newly issued keys. Check that the agency belongs to the account that owns project-id.'

type Keys = Issued & { readonly expiresAt: number }

/** Temporary keys of an agency, obtained on first use and renewed before they expire or after a rejection. */
export function renewableCredentials(issue: Issue, deps: RenewableDependencies): Credentials {
  const { clock, wallClock, secrets, timeout, onRenewed, onNotRenewed } = deps
  let current: Keys | undefined
  let isRenewal = false
  /** Secrets that are still redacted, and what ends that. */
  const unexpired = new Set<{ readonly expiresAt: number; readonly forget: () => void }>()
  /** The renewal in progress, shared by all jobs. */
  let renewal: { readonly signal: AbortSignal; readonly keys: Promise<Keys | Fault> } | undefined
  /** Time of the next renewal, and the reason for having no keys until then. */
  let renewAt = -Infinity
  let reason: Phrase = []
  let failures = 0
  let rejections = 0
  let replacedAt = -Infinity

  const sign: Credentials['sign'] = async (request, projectId, signal) => {
    const keys = await validKeys(signal)
    if (keys.kind !== 'issued') return keys
    return {
      kind: 'signed',
      request: signWithAccessKey(request, keys.key, projectId, wallClock() + keys.clockOffset),
      rejected: (rejection) => replace(keys, rejection),
    }
  }

  /** Returns the current keys without waiting for a renewal, as long as they are valid. */
  function validKeys(signal: AbortSignal): Keys | Fault | Promise<Keys | Fault> {
    const now = clock.now()
    if (renewal?.signal.aborted === true) renewal = undefined
    if (renewal === undefined && now >= renewAt) renewal = { signal, keys: renew(signal) }
    if (current !== undefined && now < current.expiresAt) return current
    if (renewal !== undefined) return renewal.keys
    return { kind: 'transient', retryAfter: renewAt - now, detail: { label: 'no keys', message: reason } }
  }

  async function renew(signal: AbortSignal): Promise<Keys | Fault> {
    const needed = timeout + RENEWAL_MARGIN + MINUTE
    const lifetime = Math.min(Math.max(needed, MIN_LIFETIME), MAX_LIFETIME)
    const registrations: (() => void)[] = []
    const register = (...values: readonly string[]) => registrations.push(secrets.add(...values))
    const issued = await issue({ lifetime, isRenewal, register, signal })
    if (renewal?.signal === signal) renewal = undefined
    if (issued.kind !== 'issued' && signal.aborted) return issued
    const now = clock.now()
    for (const old of unexpired) {
      if (old.expiresAt >= now) continue
      old.forget()
      unexpired.delete(old)
    }
    const expiresAt = now + (issued.kind === 'issued' ? issued.lifetime : FAILED_LIFETIME)
    for (const forget of registrations) unexpired.add({ expiresAt, forget })
    if (issued.kind !== 'issued') return backOff(issued)
    const keys = { ...issued, expiresAt }
    isRenewal = true
    // The metadata service of an ECS may return the same keys again.
    if (keys.key.id !== current?.key.id) onRenewed(keys.lifetime)
    current = keys
    failures = 0
    rejections = 0
    renewAt = keys.expiresAt - Math.min(RENEWAL_MARGIN, keys.lifetime / 3)
    return keys
  }

  /** Delays the next renewal, for all jobs. */
  function backOff(fault: Fault): Fault {
    failures += 1
    const left = (current?.expiresAt ?? 0) - clock.now()
    if (left > 0) onNotRenewed(fault.detail.message, left)
    const backoff = Math.min(MIN_RENEWAL_DELAY * 2 ** (failures - 1), MAX_RENEWAL_DELAY)
    const isPassing = fault.kind === 'rejected' && fault.isPassing === true
    rejections = isPassing ? rejections + 1 : 0
    const isRetried = fault.kind === 'transient' || (isPassing && rejections < MAX_REJECTIONS)
    const retryAfter = fault.kind === 'transient' ? (fault.retryAfter ?? 0) : isPassing ? REJECTION_DELAY : 0
    const delay = Math.max(left > 0 ? MAX_RENEWAL_DELAY : backoff, retryAfter)
    renewAt = clock.now() + delay
    reason = fault.detail.message
    return isRetried ? { kind: 'transient', retryAfter: delay, detail: fault.detail } : fault
  }

  /** Discards rejected keys, unless newer ones have replaced them already. */
  function replace(keys: Keys, rejection: Rejected): Rejected {
    const { detail } = rejection
    if (keys === current) {
      current = undefined
      replacedAt = Math.max(clock.now(), replacedAt + MIN_REPLACEMENT_INTERVAL)
      renewAt = replacedAt
      reason = phrase`${detail.message}; new keys of the agency are needed`
    }
    return { ...rejection, isRenewable: true, detail: { ...detail, hint: HINT } }
  }

  return { sign }
}
