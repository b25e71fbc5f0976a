import type { IncomingHttpHeaders } from 'node:http'
import type { AccessKeys } from './access-keys.ts'
import type { FaultQueue } from './fault-queue.ts'
import type { IdTokens } from './id-tokens.ts'
import type { LockOut } from './lock-out.ts'
import type { RateLimit, RateLimiter } from './rate-limit.ts'
import type { Service } from './services.ts'
import type { TaskCenter } from './task-center.ts'

/** What a request says, without its connection. */
export interface Call {
  readonly method: string
  /** As sent, not decoded; signatures need it, and the query, like that. */
  readonly path: string
  readonly rawQuery: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** What `X-Request-Id` of the answer will say. */
  readonly requestId: string
}

export interface Cloud {
  readonly projectId: string
  readonly token: string
  readonly keys: AccessKeys
  readonly lockOut: LockOut
  readonly idTokens: IdTokens
  /** How long an agency may be assumed, and how long its keys are good at most, in simulated seconds. */
  readonly longestSeconds: number
  readonly keySeconds: number
  readonly service: Service
  readonly tasks: TaskCenter
  /** The offset at which the task center's list begins. */
  readonly firstOffset: 0 | 1
  readonly faults: FaultQueue
  readonly throttle: { readonly limit: RateLimit; readonly limiter: RateLimiter } | undefined
  /** Simulated milliseconds since the start. */
  readonly elapsedMs: () => number
  /** What clients' clocks say, in milliseconds since 1970; or will say when so many simulated ms have passed. */
  readonly wallClock: (inMs?: number) => number
}
