import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { accessKeys, type KeyPair } from './access-keys.ts'
import { trust } from './assume-agency.ts'
import { faultQueue, type FaultTiming } from './fault-queue.ts'
import { strike, type Fault } from './faults.ts'
import type { Cloud } from './cloud.ts'
import { answer, apiOf } from './gateway.ts'
import { idTokens } from './id-tokens.ts'
import type { JobWish } from './job.ts'
import type { ListLie } from './list-entry.ts'
import { listen } from './listen.ts'
import { lockOut } from './lock-out.ts'
import { rateLimiter, type RateLimit } from './rate-limit.ts'
import { readCall, recorder, type RecordedRequest } from './request.ts'
import { send } from './reply.ts'
import { idTokenEnv, type IdTokenEnv } from './request-id-token.ts'
import { services, type Service } from './services.ts'
import { openTaskCenter } from './task-center.ts'

/** A jobs API on a real socket that behaves as documented, and misbehaves on request. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { now = () => performance.now(), wallClock = Date.now, speed = 1, rateLimit, tls } = options
  const { service = 'taurusdb' } = options
  const { accessKey = { id: 'SIMULATORACCESSKEY00', secret: 'simulator-secret-key-not-a-secret' } } = options
  const start = now()
  const elapsedMs = (): number => (now() - start) * speed
  const cloud: Cloud = {
    projectId: options.projectId ?? '0123456789abcdef0123456789abcdef',
    token: options.token ?? 'simulator-token-not-a-secret',
    keys: accessKeys(accessKey),
    lockOut: lockOut(),
    idTokens: idTokens(),
    longestSeconds: options.oidc?.longestSeconds ?? 3600,
    keySeconds: options.oidc?.keySeconds ?? Infinity,
    service,
    tasks: openTaskCenter(elapsedMs, wallClock(), services[service]),
    firstOffset: options.firstOffset ?? 0,
    faults: faultQueue(),
    throttle: rateLimit && { limit: rateLimit, limiter: rateLimiter(rateLimit) },
    elapsedMs,
    wallClock: (inMs = 0) => wallClock() + inMs / speed,
  }
  const record = recorder()

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = randomUUID().replaceAll('-', '')
    response.setHeader('x-request-id', requestId)
    response.setHeader('date', new Date(cloud.wallClock()).toUTCString())
    const call = await readCall(request, requestId)
    record.add(call, elapsedMs())
    const truth = answer(call, cloud)
    const fault = cloud.faults.take(apiOf(call), call.query['id'])
    if (fault === undefined) {
      send(response, truth)
      return
    }
    const reset = (): void => {
      listening.reset(request.socket)
    }
    strike(fault, { response, socket: request.socket, truth, requestId, reset })
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    serve(request, response).catch((error: unknown) => {
      // A fault that node refuses to send, say: the client shall see it, the host process shall live.
      if (response.headersSent) response.destroy()
      else send(response, { status: 500, body: `The simulator failed: ${String(error)}` })
    })
  }
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest)
  const listening = await listen(server, options.port, options.host)
  const endpoint = `${tls === undefined ? 'http' : 'https'}://${listening.address}`

  return {
    endpoint,
    port: listening.port,
    projectId: cloud.projectId,
    token: cloud.token,
    accessKey,
    oidc: { ...trust, env: idTokenEnv(endpoint) },
    requests: record.requests,
    addJob: (wish) => cloud.tasks.add(wish),
    removeJob: cloud.tasks.remove,
    listOverride: cloud.tasks.lie,
    revokeKeys: cloud.keys.revoke,
    misbehave: cloud.faults.add,
    close: listening.close,
  }
}

export interface SimulatorOptions {
  /** Simulated seconds per real second, 1 by default. */
  readonly speed?: number
  /** 0 by default: any free port. */
  readonly port?: number
  readonly host?: string
  readonly token?: string
  /** The permanent access key, made up when not given. */
  readonly accessKey?: KeyPair
  readonly projectId?: string
  /** Whose jobs API it is, TaurusDB's by default. */
  readonly service?: Service
  /** The offset at which the list of jobs begins, 0 by default; documents say 0 and 1. */
  readonly firstOffset?: 0 | 1
  /** PEM texts; with them it speaks https. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Per user, in simulated milliseconds like everything else here. No limit by default. */
  readonly rateLimit?: RateLimit
  readonly oidc?: {
    /** The longest that the agency may be assumed, 3600 by default. */
    readonly longestSeconds?: number
    /** Keys end after this long, whatever was asked for. */
    readonly keySeconds?: number
  }
  /** A clock in real milliseconds, monotonic by default; for tests that turn it by hand. */
  readonly now?: () => number
  /** The clock that clients see, in milliseconds since 1970; Date.now by default. */
  readonly wallClock?: () => number
}

export interface Simulator {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  readonly port: number
  readonly projectId: string
  readonly token: string
  readonly accessKey: KeyPair
  /** What an action needs to assume the agency: inputs, and variables as the runner sets them. */
  readonly oidc: typeof trust & { readonly env: IdTokenEnv }
  /** The newest 10,000, oldest first. */
  readonly requests: readonly RecordedRequest[]
  /** Creates a job now and answers its id. */
  readonly addJob: (wish?: JobWish) => string
  /** As when the record is deleted in the console, or the instance with all its jobs. */
  readonly removeJob: (jobId: string) => void
  /** What the list says of a job from now on: these fields instead of the true ones, or nothing at all. */
  readonly listOverride: (jobId: string, lie: ListLie) => void
  /** All temporary access keys so far are refused from now on. */
  readonly revokeKeys: () => void
  /** The next request (or so many, or those for one job, or to one API) meets this fault; faults wait their turn. */
  readonly misbehave: (fault: Fault, when?: FaultTiming) => void
  /** Ends all connections at once. */
  readonly close: () => Promise<void>
}
