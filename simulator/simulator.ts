import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { accessKeys, type KeyPair } from './access-keys.ts'
import { trust } from './assume-agency.ts'
import type { Cloud } from './cloud.ts'
import type { Database } from './database.ts'
import { faultQueue, type FaultScope } from './fault-queue.ts'
import { applyFault, type Fault } from './faults.ts'
import { handleRequest } from './gateway.ts'
import { idTokens } from './id-tokens.ts'
import { instanceOfJob, type InstanceOptions } from './instance.ts'
import { openInstances } from './instances.ts'
import { DEFAULT_ADDRESS, endOf, type JobOptions } from './job.ts'
import type { ListOverride } from './list-entry.ts'
import type { Project } from './list-projects.ts'
import { listen } from './listen.ts'
import { lockOut } from './lock-out.ts'
import { openMetadataService, type EcsOptions } from './metadata-service.ts'
import { rateLimiter, type RateLimit } from './rate-limit.ts'
import { send } from './response.ts'
import { readRequest, recorder, type RecordedRequest } from './request.ts'
import { idTokenEnv, type IdTokenEnv } from './request-id-token.ts'
import { scopeOf } from './routes.ts'
import { services, type Service } from './services.ts'
import { openTaskCenter } from './task-center.ts'

/** Starts a server on a real socket that behaves like the documented APIs, and has faults on request. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { accessKey = { id: 'SIMULATORACCESSKEY00', secret: 'simulator-secret-key-not-a-secret' } } = options
  const { tls } = options
  const { region = 'simulated-region-1' } = options
  const cloud = createCloud({ ...options, region }, accessKey)
  const record = recorder()

  const serve = async (message: IncomingMessage, res: ServerResponse): Promise<void> => {
    const requestId = randomUUID().replaceAll('-', '')
    res.setHeader('date', new Date(cloud.wallClock()).toUTCString())
    const request = await readRequest(message, requestId)
    const scope = scopeOf(request)
    // The metadata service of an ECS has no request IDs.
    if (!scope.api.startsWith('ecs-')) {
      res.setHeader(scope.api === 'iam' ? 'x-iam-trace-id' : 'x-request-id', requestId)
    }
    record.add(request, scope.api, cloud.elapsedMs())
    const real = handleRequest(request, cloud)
    const fault = cloud.faults.take(scope)
    if (fault === undefined) {
      send(res, real)
      return
    }
    const reset = (): void => {
      listening.reset(message.socket)
    }
    applyFault(fault, { res, socket: message.socket, real, requestId, reset })
  }
  const onRequest = (message: IncomingMessage, res: ServerResponse): void => {
    serve(message, res).catch((error: unknown) => {
      // For example, Node throws when a fault has an invalid header. The client gets the error, and the process survives.
      if (res.headersSent) res.destroy()
      else send(res, { status: 500, body: `The simulator failed: ${String(error)}` })
    })
  }
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest)
  const listening = await listen(server, options.port, options.host)
  const endpoint = `${tls === undefined ? 'http' : 'https'}://${listening.address}`

  return {
    endpoint,
    port: listening.port,
    projectId: cloud.projectId,
    region,
    token: cloud.token,
    accessKey,
    oidc: { ...trust, env: idTokenEnv(endpoint) },
    requests: record.requests,
    addJob: (job) => cloud.tasks.add(job),
    removeJob: cloud.tasks.remove,
    addInstance: cloud.instances.add,
    removeInstance: cloud.instances.remove,
    overrideListEntry: cloud.tasks.overrideEntry,
    revokeKeys: cloud.keys.revoke,
    injectFault: cloud.faults.add,
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
  readonly accessKey?: KeyPair
  readonly projectId?: string
  /** The ID of the region, `simulated-region-1` by default. */
  readonly region?: string
  /** The projects in IAM. By default, there is one, whose name is the ID of the region. */
  readonly projects?: readonly Project[]
  /** The ECS on which clients run, and its metadata service. With `tls`, clients cannot reach this service. */
  readonly ecs?: EcsOptions
  /**
   * Whether the clients' clock runs at the simulator's speed, as it does in a step with the same `speed`. By default, it
   * runs in real time.
   */
  readonly hasFastClients?: boolean
  /** The database service whose jobs API is simulated, TaurusDB by default. */
  readonly service?: Service
  /**
   * The database port that all instances have as their address by default. A job can change its behavior over time, which
   * takes real time divided by the speed.
   */
  readonly database?: Database
  /** The offset of the first job in the job list, 0 by default. The vendor's documents contain both 0 and 1. */
  readonly firstOffset?: 0 | 1
  /** PEM texts, and OpenSSL's cipher list. With them, the server uses https. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ciphers?: string }
  /** The limit of each user, in simulated time. No limit by default. */
  readonly rateLimit?: RateLimit
  readonly oidc?: {
    /** The longest session of the agency that a client can request, 3600 by default. */
    readonly maxSessionSeconds?: number
    /** The longest lifetime of a temporary key, whatever the client requests. */
    readonly keySeconds?: number
  }
  /** The clock of the simulator in real milliseconds, monotonic by default. Tests advance it manually. */
  readonly now?: () => number
  /** The clock of the clients in milliseconds since 1970, Date.now by default. */
  readonly wallClock?: () => number
}

export interface Simulator {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  readonly port: number
  readonly projectId: string
  readonly region: string
  readonly token: string
  readonly accessKey: KeyPair
  /** What the action needs to assume the agency: inputs, and the variables that the runner sets. */
  readonly oidc: typeof trust & { readonly env: IdTokenEnv }
  /** The most recent 10,000 requests, oldest first. */
  readonly requests: readonly RecordedRequest[]
  /** Creates a job and returns its ID. */
  readonly addJob: (job?: JobOptions) => string
  /** Removes a job, as when its record or its instance is deleted in the console. */
  readonly removeJob: (jobId: string) => void
  /** Adds an instance without a job, and returns its ID. By default, it is ACTIVE. */
  readonly addInstance: (instance?: InstanceOptions) => string
  /** Removes an instance, as when it is deleted in the console. */
  readonly removeInstance: (instanceId: string) => void
  /** Replaces fields of a job in the job list, or removes the job from it. */
  readonly overrideListEntry: (jobId: string, override: ListOverride) => void
  /** Revokes all temporary access keys issued so far. */
  readonly revokeKeys: () => void
  /**
   * Adds a fault that affects the next request in its scope. Several faults affect requests in the order of the calls.
   */
  readonly injectFault: (fault: Fault, scope?: FaultScope) => void
  /** Closes the server and all its connections. */
  readonly close: () => Promise<void>
}

function createCloud(
  options: SimulatorOptions & Required<Pick<SimulatorOptions, 'region'>>,
  accessKey: KeyPair,
): Cloud {
  const { now = () => performance.now(), wallClock = Date.now, speed = 1, rateLimit } = options
  const { service = 'taurusdb', hasFastClients = false } = options
  const start = now()
  const elapsedMs = (): number => (now() - start) * speed
  const startedAt = wallClock()
  const projectId = options.projectId ?? '0123456789abcdef0123456789abcdef'
  const { host, port } = options.database ?? DEFAULT_ADDRESS
  const address = { host, port }
  const instances = openInstances(elapsedMs, { startedAt, projectId, address })
  const { defaults, ...format } = services[service]
  const keys = accessKeys(accessKey)
  const clients = {
    elapsedMs,
    wallClock: (inMs = 0): number =>
      hasFastClients ? startedAt + elapsedMs() + inMs : wallClock() + inMs / speed,
  }
  return {
    projectId,
    projects: options.projects ?? [{ id: projectId, name: options.region }],
    token: options.token ?? 'simulator-token-not-a-secret',
    keys,
    lockOut: lockOut(),
    idTokens: idTokens(),
    maxSessionSeconds: options.oidc?.maxSessionSeconds ?? 3600,
    keySeconds: options.oidc?.keySeconds ?? Infinity,
    metadata: openMetadataService(options.ecs ?? {}, { keys, ...clients }),
    service,
    instances,
    tasks: openTaskCenter(
      elapsedMs,
      startedAt,
      { ...format, defaults: { ...defaults, address } },
      (job, since) => {
        instances.addTimeline(instanceOfJob(job), since)
        if (job.database === undefined) return
        const endsInMs = since - elapsedMs() + endOf(job)
        const phases = [{ behavior: 'refused', ms: endsInMs } as const, ...job.database]
        const timeline = phases.map(({ behavior, ms = Infinity }) => ({ behavior, ms: ms / speed }))
        options.database?.follow([...timeline, { behavior: 'handshake' }])
      },
    ),
    hasDatabase: options.database !== undefined,
    firstOffset: options.firstOffset ?? 0,
    faults: faultQueue(),
    throttle: rateLimit && { limit: rateLimit, limiter: rateLimiter(rateLimit) },
    ...clients,
  }
}
