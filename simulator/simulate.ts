import { validateHeaderName, validateHeaderValue } from 'node:http'
import { isDatabaseBehavior, type DatabasePhase } from './database.ts'
import { isFaultName, type Fault } from './faults.ts'
import type { InstanceBehavior, InstanceStatus } from './instance.ts'
import { outcomes, type JobOptions } from './job.ts'
import type { SubTaskBehavior, SubTaskPlan } from './sub-tasks.ts'

/**
 * Reads the `simulate` object of a create request: how the job, its sub-tasks, the instance, and the database port behave,
 * and the faults of the first requests for the job, its sub-tasks, and the instance.
 */
export function readSimulate(value: unknown = {}): Simulation | { readonly error: string } {
  if (!isRecord(value)) return { error: '`simulate` must be an object.' }
  let simulation: Simulation = { job: {}, faults: [], instanceFaults: [], subTaskFaults: [], orderMs: 20_000 }
  for (const [name, field] of Object.entries(value)) {
    const part = readField(name, field)
    if (part === undefined) return { error: `Unknown field or invalid value: \`simulate.${name}\`.` }
    const instanceBehavior = { ...simulation.job.instanceBehavior, ...part.job?.instanceBehavior }
    const subTaskBehavior = { ...simulation.job.subTaskBehavior, ...part.job?.subTaskBehavior }
    const job = { ...simulation.job, ...part.job, instanceBehavior, subTaskBehavior }
    simulation = { ...simulation, ...part, job }
  }
  return simulation
}

/** A JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Simulation {
  readonly job: JobOptions
  readonly faults: readonly Fault[]
  readonly instanceFaults: readonly Fault[]
  readonly subTaskFaults: readonly Fault[]
  /** From the creation of a yearly or monthly order to its payment, when the job starts. */
  readonly orderMs: number
}

function readField(name: string, value: unknown): Partial<Simulation> | undefined {
  switch (name) {
    case 'job_name':
      return typeof value === 'string' ? { job: { name: value } } : undefined
    case 'not_found_seconds':
      return isSeconds(value) ? { job: { notFoundMs: value * 1000 } } : undefined
    case 'pending_seconds':
      return isSeconds(value) ? { job: { pendingMs: value * 1000 } } : undefined
    case 'seconds':
      return isSeconds(value) ? { job: { runningMs: value * 1000 } } : undefined
    case 'order_seconds':
      return isSeconds(value) ? { orderMs: value * 1000 } : undefined
    case 'fail':
      if (typeof value !== 'boolean') return undefined
      return value ? { job: { outcome: 'Failed' } } : {}
    case 'fail_reason':
      return typeof value === 'string' ? { job: { outcome: 'Failed', failReason: value } } : undefined
    case 'outcome': {
      const outcome = outcomes.find((each) => each === value)
      return outcome === undefined ? undefined : { job: { outcome } }
    }
    case 'omit':
      return isTexts(value) ? { job: { omit: value } } : undefined
    case 'override':
      return isRecord(value) ? { job: { override: value } } : undefined
    case 'faults': {
      const faults = readAll(value, readFault)
      return faults && { faults }
    }
    case 'sub_tasks': {
      const all = readAll(value, readSubTask)
      return all && subTasks({ subTasks: all })
    }
    case 'sub_task_omit':
      return isTexts(value) ? subTasks({ entryOmit: value }) : undefined
    case 'sub_task_override':
      return isRecord(value) ? subTasks({ entryOverride: value }) : undefined
    case 'sub_task_faults': {
      const subTaskFaults = readAll(value, readFault)
      return subTaskFaults && { subTaskFaults }
    }
    case 'active_seconds':
      return isSeconds(value) ? instance({ activeMs: value * 1000 }) : undefined
    case 'backup_seconds':
      return isSeconds(value) ? instance({ backupMs: value * 1000 }) : undefined
    case 'final_status':
      return typeof value === 'string' ? instance({ finalStatus: value }) : undefined
    case 'instance_statuses': {
      const statuses = readAll(value, readStatus)
      return statuses && instance({ statuses })
    }
    case 'deleted_seconds':
      return isSeconds(value) ? instance({ deletedMs: value * 1000 }) : undefined
    case 'instance_omit':
      return isTexts(value) ? instance({ omit: value }) : undefined
    case 'instance_override':
      return isRecord(value) ? instance({ override: value }) : undefined
    case 'instance_faults': {
      const instanceFaults = readAll(value, readFault)
      return instanceFaults && { instanceFaults }
    }
    case 'address': {
      const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(typeof value === 'string' ? value : '') ?? []
      return host === '' ? undefined : { job: { address: { host, port: Number(port) } } }
    }
    case 'database': {
      const database = readAll(value, readDatabasePhase)
      return database && { job: { database } }
    }
    default:
      return undefined
  }
}

function instance(instanceBehavior: InstanceBehavior): Partial<Simulation> {
  return { job: { instanceBehavior } }
}

function subTasks(subTaskBehavior: SubTaskBehavior): Partial<Simulation> {
  return { job: { subTaskBehavior } }
}

/** Reads every element of an array. Returns undefined when the value is not an array, or an element is invalid. */
function readAll<T>(value: unknown, read: (element: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined
  const elements = value.map(read).filter((element) => element !== undefined)
  return elements.length === value.length ? elements : undefined
}

/** A status of the instance in JSON: `"ACTIVE"`, or `{"status": "ACTIVE", "seconds": 30}`. */
function readStatus(value: unknown): InstanceStatus | undefined {
  const { status, seconds } = isRecord(value) ? value : { status: value }
  if (typeof status !== 'string') return undefined
  if (seconds === undefined) return { status }
  return isSeconds(seconds) ? { status, ms: seconds * 1000 } : undefined
}

/** A sub-task in JSON: `"RestoreFullBackup"`, or `{"name": "RestoreFullBackup", "share": 5}`. */
function readSubTask(value: unknown): SubTaskPlan | undefined {
  const { name, share = 1 } = isRecord(value) ? value : { name: value }
  return typeof name === 'string' && isSeconds(share) && share > 0 ? { name, share } : undefined
}

/** A behavior of the database port in JSON: `"silent"` for 20 seconds, or `{"behavior": "silent", "seconds": 5}`. */
function readDatabasePhase(value: unknown): DatabasePhase | undefined {
  const { behavior, seconds = 20 } = isRecord(value) ? value : { behavior: value }
  return isDatabaseBehavior(behavior) && isSeconds(seconds) ? { behavior, ms: seconds * 1000 } : undefined
}

/** A fault in JSON: a name, a status as a number or a string, or `{status, headers?, body?}`. */
function readFault(value: unknown): Fault | undefined {
  if (typeof value === 'string' && isFaultName(value)) return value
  if (typeof value === 'string' && /^\d{3}$/.test(value)) return readFault(Number(value))
  if (isStatus(value)) return value
  if (!isRecord(value)) return undefined
  const { status, headers = {}, body = '' } = value
  return isStatus(status) && areHeaders(headers) && typeof body === 'string'
    ? { status, headers, body }
    : undefined
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** Excludes 1xx, which is not a final response: Node would never finish sending it. */
function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599
}

function areHeaders(value: unknown): value is Record<string, string> {
  if (!isRecord(value)) return false
  return Object.entries(value).every(([name, text]) => {
    if (typeof text !== 'string') return false
    try {
      validateHeaderName(name)
      validateHeaderValue(name, text)
      return true
    } catch {
      return false
    }
  })
}
