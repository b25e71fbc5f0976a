import type { AccessKeys } from './access-keys.ts'
import type { FaultQueue } from './fault-queue.ts'
import type { IdTokens } from './id-tokens.ts'
import type { Instances } from './instances.ts'
import type { Project } from './list-projects.ts'
import type { LockOut } from './lock-out.ts'
import type { MetadataService } from './metadata-service.ts'
import type { RateLimit, RateLimiter } from './rate-limit.ts'
import type { Service } from './services.ts'
import type { TaskCenter } from './task-center.ts'

/** The state of the simulated cloud, which all APIs share. */
export interface Cloud {
  readonly projectId: string
  /** The projects that IAM returns. */
  readonly projects: readonly Project[]
  readonly token: string
  readonly keys: AccessKeys
  readonly lockOut: LockOut
  readonly idTokens: IdTokens
  /** The longest session of the agency that a client can request, in simulated seconds. */
  readonly maxSessionSeconds: number
  /** The longest lifetime of a temporary key, whatever the client requests, in simulated seconds. */
  readonly keySeconds: number
  readonly metadata: MetadataService
  readonly service: Service
  readonly tasks: TaskCenter
  readonly instances: Instances
  /** Whether there is a database port whose behavior a job can change. */
  readonly hasDatabase: boolean
  /** The offset of the first job in the job list. */
  readonly firstOffset: 0 | 1
  readonly faults: FaultQueue
  readonly throttle: { readonly limit: RateLimit; readonly limiter: RateLimiter } | undefined
  /** Simulated milliseconds since the start. */
  readonly elapsedMs: () => number
  /** The clients' clock in milliseconds since 1970: now, or after the given number of simulated milliseconds. */
  readonly wallClock: (inMs?: number) => number
}
