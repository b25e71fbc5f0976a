import { describe, expect, test } from '@jest/globals'
import { rateLimiter, throttledMessage, usualLimit } from '../../simulator/rate-limit.ts'

describe('the rate limiter', () => {
  test('admits as many requests as the limit allows, and no more until the window has closed', () => {
    const limiter = rateLimiter({ requests: 2, windowMs: 1_000 })
    const admitted = [100, 500, 501, 1_099, 1_100, 1_101, 1_102].map((ms) => limiter.admit('someone', ms))
    expect(admitted).toEqual([true, true, false, false, true, true, false])
  })

  test('counts the requests of each user separately', () => {
    const limiter = rateLimiter({ requests: 1, windowMs: 1_000 })
    expect(limiter.admit('one', 0)).toBe(true)
    expect(limiter.admit('another', 0)).toBe(true)
    expect(limiter.admit('one', 0)).toBe(false)
  })

  test('has the error message of the gateway', () => {
    const prefix = 'The throttling threshold has been reached: policy user over ratelimit'
    expect(throttledMessage(usualLimit)).toBe(`${prefix},limit:200,time:5 minute`)
    expect(throttledMessage({ requests: 3, windowMs: 10_000 })).toBe(`${prefix},limit:3,time:10 second`)
  })
})
