/**
 * Counts the requests of each user in fixed windows; a window opens with the first request after the last
 * one closed. Whether the gateway's windows are fixed or sliding is not documented.
 * `admit` tells whether the request at `nowMs` (any clock, milliseconds) still fits the budget.
 */
export function rateLimiter(limit: RateLimit): RateLimiter {
  const windows = new Map<string, { opened: number; count: number }>()
  return {
    admit: (user, nowMs) => {
      let window = windows.get(user)
      if (window === undefined || nowMs - window.opened >= limit.windowMs) {
        window = { opened: nowMs, count: 0 }
        windows.set(user, window)
      }
      window.count += 1
      return window.count <= limit.requests
    },
  }
}

export interface RateLimiter {
  readonly admit: (user: string, nowMs: number) => boolean
}

export interface RateLimit {
  readonly requests: number
  readonly windowMs: number
}

/** The gateway's own words, as users' logs have them. */
export function throttledMessage({ requests, windowMs }: RateLimit): string {
  return `The throttling threshold has been reached: policy user over ratelimit,limit:${requests},time:${period(windowMs)}`
}

/** Documented as about 200 requests in 5 minutes. */
export const usualLimit: RateLimit = { requests: 200, windowMs: 300_000 }

function period(windowMs: number): string {
  return windowMs % 60_000 === 0 ? `${windowMs / 60_000} minute` : `${windowMs / 1000} second`
}
