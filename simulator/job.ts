import { randomUUID } from 'node:crypto'

/**
 * The job as the service would tell it `elapsedMs` after it was created: `hidden`, or the object under `job`.
 * Pure and cheap, so that virtual time can ask it a million times. `tell` puts it in another service's words.
 */
export function jobAt(plan: JobPlan, elapsedMs: number, tell = (job: Job) => job): 'hidden' | Job {
  if (elapsedMs < plan.hiddenMs) return 'hidden'
  const truth = tell({
    id: plan.id,
    name: plan.name,
    ...stage(plan, elapsedMs),
    instance: plan.instance,
  })
  const job: Job = { ...truth, ...plan.override }
  if (plan.omit.length === 0) return job
  return Object.fromEntries(Object.entries(job).filter(([field]) => !plan.omit.includes(field)))
}

/** Milliseconds from creation to the end: hidden, pending and running follow one another. */
export function endOf(plan: JobPlan): number {
  return plan.hiddenMs + plan.pendingMs + plan.runningMs
}

/** What is not wished for is a create job that completes after a minute, three seconds of it hidden. */
export function planJob(wish: JobWish = {}): JobPlan {
  const name = wish.name ?? 'CreateGaussDBforMySQLInstance'
  const instance = wish.instance ?? { id: newInstanceId(), name: 'simulated-instance' }
  return {
    id: randomUUID(),
    hiddenMs: 3_000,
    pendingMs: 2_000,
    runningMs: 55_000,
    outcome: 'Completed',
    failReason: 'Failed to create the instance: the simulator was asked to let it fail.',
    curve: (fraction) => fraction,
    entities: name.startsWith('Create') ? createdEntities(instance.id) : {},
    omit: [],
    override: {},
    orderId: undefined,
    ...wish,
    name,
    instance,
    // Whole seconds, as the service tells them, so that ended − created is the planned duration.
    createdAt: Math.floor((wish.createdAt ?? Date.now()) / 1000) * 1000,
  }
}

export type Job = Readonly<Record<string, unknown>>

export type JobWish = Partial<JobPlan>

export interface JobPlan {
  readonly id: string
  readonly name: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly hiddenMs: number
  readonly pendingMs: number
  /** Infinity: it never ends. */
  readonly runningMs: number
  readonly outcome: Outcome
  readonly failReason: string
  /** Fraction of the running time that has passed → progress as a fraction, or undefined when none is told. */
  readonly curve: (fraction: number) => number | undefined
  readonly instance: { readonly id: string; readonly name: string }
  /** Told once the job completed; `{}` before. */
  readonly entities: Readonly<Record<string, unknown>>
  /** Fields left out of the answer. */
  readonly omit: readonly string[]
  /** Fields that win over the computed ones: any name, any value. */
  readonly override: Readonly<Record<string, unknown>>
  /** The order that it is part of, for the task center's list; the jobs call does not tell it. */
  readonly orderId: string | undefined
}

export const outcomes = ['Completed', 'Failed', 'Canceled'] as const
export type Outcome = (typeof outcomes)[number]

function stage(plan: JobPlan, elapsedMs: number): Job {
  const created = serviceTime(plan.createdAt)
  const runningSince = plan.hiddenMs + plan.pendingMs
  if (elapsedMs < runningSince) return { status: 'Pending', created, ended: '', process: '', entities: {} }
  if (elapsedMs < endOf(plan)) {
    const progress = plan.curve((elapsedMs - runningSince) / plan.runningMs)
    return { status: 'Running', created, ended: '', process: percent(progress), entities: {} }
  }
  const ended = serviceTime(plan.createdAt + endOf(plan))
  const over = { status: plan.outcome, created, ended, process: '' }
  if (plan.outcome === 'Completed') return { ...over, entities: plan.entities }
  if (plan.outcome === 'Canceled') return { ...over, entities: {} }
  return { ...over, entities: {}, fail_reason: plan.failReason }
}

function percent(fraction: number | undefined): string {
  return fraction === undefined ? '' : `${Math.floor(fraction * 100 + 1e-9)}%`
}

/** `2018-08-06T10:41:14+0800`: the service writes its offset without a colon. */
function serviceTime(epochMs: number): string {
  return `${new Date(epochMs + 8 * 3_600_000).toISOString().slice(0, 19)}+0800`
}

function newInstanceId(): string {
  return `${randomUUID().replaceAll('-', '')}in07`
}

function createdEntities(instanceId: string): Readonly<Record<string, unknown>> {
  return {
    instance: {
      endpoint: '192.168.0.10:3306',
      type: 'Cluster',
      datastore: { type: 'gaussdb-mysql', version: '8.0' },
    },
    resource_ids: [`${instanceId}.vm`, `${instanceId}.volume`],
  }
}
