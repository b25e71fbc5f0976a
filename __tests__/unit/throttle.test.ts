import { expect, test } from '@jest/globals'
import { readThrottlePeriod } from '../../src/http/fault.ts'

test.each([
  [
    '{"error_msg":"The throttling threshold has been reached: policy user over ratelimit,limit:200,time:5 minute","error_code":"APIGW.0308"}',
    300_000,
  ],
  ['limit:10,time:1 second', 1_000],
  ['limit:10,time:1 hour', 3_600_000],
  ['', undefined],
  ['too many requests', undefined],
  ['time:0 minute', undefined],
  ['time:9999 hour', undefined],
  ['time:5 day', undefined],
  ['time:99999999999 minute', undefined],
])('the body %j names a period of %p ms', (body, period) => {
  expect(readThrottlePeriod(body)).toBe(period)
})
