import type { IncomingHttpHeaders } from 'node:http'
import type { FaultQueue } from './fault-queue.ts'
import type { RateLimit, RateLimiter } from './rate-limit.ts'
import type { TaskCenter } from './task-center.ts'

/** What a request says, without its connection. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** What `X-Request-Id` of the answer will say. */
  readonly requestId: string
}

export interface Cloud {
  readonly projectId: string
  readonly token: string
  readonly tasks: TaskCenter
  readonly faults: FaultQueue
  readonly throttle: { readonly limit: RateLimit; readonly limiter: RateLimiter } | undefined
  /** Simulated milliseconds since the start. */
  readonly elapsedMs: () => number
}
