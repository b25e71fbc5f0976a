import { randomUUID } from 'node:crypto'
import type { DatabasePhase } from './database.ts'
import type { InstanceBehavior } from './instance.ts'
import type { SubTaskBehavior } from './sub-tasks.ts'

/**
 * The job as the service returns it `elapsedMs` after its creation: `not-found`, or the object under `job`. A pure and
 * cheap function, because benchmarks call it a million times in virtual time. `format` converts it to the fields of
 * another service.
 */
export function jobAt(plan: JobPlan, elapsedMs: number, format = (job: Job) => job): 'not-found' | Job {
  if (elapsedMs < plan.notFoundMs) return 'not-found'
  const planned = format({
    id: plan.id,
    name: plan.name,
    ...stateAt(plan, elapsedMs),
    instance: plan.instance,
  })
  const job: Job = { ...planned, ...plan.override }
  if (plan.omit.length === 0) return job
  return Object.fromEntries(Object.entries(job).filter(([field]) => !plan.omit.includes(field)))
}

/** Milliseconds from the creation of a job to its end. */
export function endOf(plan: JobPlan): number {
  return plan.notFoundMs + plan.pendingMs + plan.runningMs
}

/** By default, a create job that completes after a minute and is not found for the first three seconds. */
export function planJob(options: JobOptions = {}): JobPlan {
  const name = options.name ?? 'CreateGaussDBforMySQLInstance'
  const instance = options.instance ?? { id: newInstanceId(), name: 'simulated-instance' }
  return {
    id: randomUUID(),
    notFoundMs: 3_000,
    pendingMs: 2_000,
    runningMs: 55_000,
    outcome: 'Completed',
    failReason: 'Failed to create the instance: the simulator was configured to make this job fail.',
    curve: (fraction) => fraction,
    entities: name.startsWith('Create')
      ? createdEntities(instance.id, options.address ?? DEFAULT_ADDRESS)
      : {},
    omit: [],
    override: {},
    orderId: undefined,
    address: DEFAULT_ADDRESS,
    instanceBehavior: {},
    subTaskBehavior: {},
    database: undefined,
    ...options,
    name,
    instance,
    // The service returns whole seconds. Without rounding, ended − created would differ from the planned duration.
    createdAt: Math.floor((options.createdAt ?? Date.now()) / 1000) * 1000,
  }
}

export type Job = Readonly<Record<string, unknown>>

export type JobOptions = Partial<JobPlan>

/** A job is first not found, then pending, then running, each for a given time. */
export interface JobPlan {
  readonly id: string
  readonly name: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** How long the service reports that the job does not exist. */
  readonly notFoundMs: number
  readonly pendingMs: number
  /** Infinity: the job never ends. */
  readonly runningMs: number
  readonly outcome: Outcome
  readonly failReason: string
  /** Maps the elapsed fraction of the running time to the progress as a fraction; undefined reports no progress. */
  readonly curve: (fraction: number) => number | undefined
  readonly instance: { readonly id: string; readonly name: string }
  /** Returned when the job has completed; `{}` before. */
  readonly entities: Readonly<Record<string, unknown>>
  /** Fields that the response does not contain. */
  readonly omit: readonly string[]
  /** Fields that replace or extend the computed ones: any name, any value. */
  readonly override: Readonly<Record<string, unknown>>
  /** The order that the job belongs to. Only the job list contains it. */
  readonly orderId: string | undefined
  /** Where the database of the instance listens. */
  readonly address: Address
  /** How the instance behaves during and after the job, where it differs from the default. */
  readonly instanceBehavior: InstanceBehavior
  /** Which sub-tasks a restore job has, where they differ from the default. Other jobs have none. */
  readonly subTaskBehavior: SubTaskBehavior
  /**
   * How the simulator's database port behaves when the job has ended, in simulated time. Before, it refuses connections;
   * afterwards, it sends handshakes. Undefined: the job does not change it.
   */
  readonly database: readonly DatabasePhase[] | undefined
}

export interface Address {
  readonly host: string
  readonly port: number
}

export const DEFAULT_ADDRESS: Address = { host: '192.168.0.10', port: 3306 }

export const outcomes = ['Completed', 'Failed', 'Canceled'] as const
export type Outcome = (typeof outcomes)[number]

function stateAt(plan: JobPlan, elapsedMs: number): Job {
  const created = serviceTime(plan.createdAt)
  const runsFrom = plan.notFoundMs + plan.pendingMs
  if (elapsedMs < runsFrom) return { status: 'Pending', created, ended: '', process: '', entities: {} }
  if (elapsedMs < endOf(plan)) {
    const progress = plan.curve((elapsedMs - runsFrom) / plan.runningMs)
    return { status: 'Running', created, ended: '', process: percent(progress), entities: {} }
  }
  const ended = serviceTime(plan.createdAt + endOf(plan))
  const finished = { status: plan.outcome, created, ended, process: '' }
  if (plan.outcome === 'Completed') return { ...finished, entities: plan.entities }
  if (plan.outcome === 'Canceled') return { ...finished, entities: {} }
  return { ...finished, entities: {}, fail_reason: plan.failReason }
}

function percent(fraction: number | undefined): string {
  return fraction === undefined ? '' : `${Math.floor(fraction * 100 + 1e-9)}%`
}

/** `2018-08-06T10:41:14+0800`: the service writes the UTC offset without a colon. */
export function serviceTime(epochMs: number): string {
  return `${new Date(epochMs + 8 * 3_600_000).toISOString().slice(0, 19)}+0800`
}

export function newInstanceId(): string {
  return `${randomUUID().replaceAll('-', '')}in07`
}

function createdEntities(instanceId: string, { host, port }: Address): Readonly<Record<string, unknown>> {
  return {
    instance: {
      endpoint: `${host}:${port}`,
      type: 'Cluster',
      datastore: { type: 'gaussdb-mysql', version: '8.0' },
    },
    resource_ids: [`${instanceId}.vm`, `${instanceId}.volume`],
  }
}
