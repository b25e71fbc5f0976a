/**
 * Counts the requests of each user in fixed windows. A window opens with the first request after the previous window
 * has closed. Whether the real gateway uses fixed or sliding windows is not documented.
 */
export function rateLimiter(limit: RateLimit): RateLimiter {
  const windows = new Map<string, { openedMs: number; count: number }>()
  return {
    admit: (user, nowMs) => {
      let window = windows.get(user)
      if (window === undefined || nowMs - window.openedMs >= limit.windowMs) {
        window = { openedMs: nowMs, count: 0 }
        windows.set(user, window)
      }
      window.count += 1
      return window.count <= limit.requests
    },
  }
}

export interface RateLimiter {
  /** Counts a request and returns whether it is within the limit. `nowMs` is milliseconds on any clock. */
  readonly admit: (user: string, nowMs: number) => boolean
}

export interface RateLimit {
  readonly requests: number
  readonly windowMs: number
}

/** The gateway's message. Source: logs that users published. */
export function throttledMessage({ requests, windowMs }: RateLimit): string {
  return `The throttling threshold has been reached: policy user over ratelimit,limit:${requests},time:${period(windowMs)}`
}

/** The documented limit is about 200 requests in 5 minutes. */
export const usualLimit: RateLimit = { requests: 200, windowMs: 300_000 }

function period(windowMs: number): string {
  return windowMs % 60_000 === 0 ? `${windowMs / 60_000} minute` : `${windowMs / 1000} second`
}
