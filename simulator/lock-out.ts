/**
 * Locks an access key for five minutes once it failed more than five times in a row; a good authentication resets
 * the count. Times are milliseconds on any clock. Source: the vendor's FAQ about APIGW.0301.
 */
export function lockOut(): LockOut {
  const failures = new Map<string, { count: number; lastMs: number }>()
  return {
    isLocked: (accessKeyId, nowMs) => {
      const row = failures.get(accessKeyId)
      return row !== undefined && row.count > 5 && nowMs - row.lastMs < 300_000
    },
    note: (accessKeyId, outcome, nowMs) => {
      const { count } = failures.get(accessKeyId) ?? { count: 0 }
      if (outcome === 'good') failures.delete(accessKeyId)
      // More than five are an old lock, which is over.
      else failures.set(accessKeyId, { count: count > 5 ? 1 : count + 1, lastMs: nowMs })
    },
  }
}

export interface LockOut {
  readonly isLocked: (accessKeyId: string, nowMs: number) => boolean
  /** Not to be told of what is refused for the lock itself. */
  readonly note: (accessKeyId: string, outcome: 'good' | 'bad', nowMs: number) => void
}
