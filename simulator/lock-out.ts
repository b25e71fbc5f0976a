/**
 * Locks an access key for five minutes after more than five consecutive failures. A successful authentication resets
 * the count. Times are milliseconds on any clock. Source: the vendor's FAQ about APIGW.0301.
 */
export function lockOut(): LockOut {
  const failures = new Map<string, { count: number; lastMs: number }>()
  return {
    isLocked: (accessKeyId, nowMs) => {
      const entry = failures.get(accessKeyId)
      return entry !== undefined && entry.count > MAX_FAILURES && nowMs - entry.lastMs < LOCK_MS
    },
    record: (accessKeyId, outcome, nowMs) => {
      const { count } = failures.get(accessKeyId) ?? { count: 0 }
      if (outcome === 'success') failures.delete(accessKeyId)
      // A count above the limit belongs to a lock that has expired, so the count starts again.
      else failures.set(accessKeyId, { count: count > MAX_FAILURES ? 1 : count + 1, lastMs: nowMs })
    },
  }
}

const MAX_FAILURES = 5
const LOCK_MS = 300_000

export interface LockOut {
  readonly isLocked: (accessKeyId: string, nowMs: number) => boolean
  /** Must not be called for a request that was rejected because the key is locked. */
  readonly record: (accessKeyId: string, outcome: 'success' | 'failure', nowMs: number) => void
}
