import { validateHeaderName, validateHeaderValue } from 'node:http'
import { isFaultName, type Fault } from './faults.ts'
import { outcomes, type JobOptions } from './job.ts'

/**
 * Reads the `simulate` object of a create request: how the job behaves, and the faults of the first requests for it.
 */
export function readSimulate(value: unknown = {}): Simulation | { readonly error: string } {
  if (!isRecord(value)) return { error: '`simulate` must be an object.' }
  let simulation: Simulation = { job: {}, faults: [], orderMs: 20_000 }
  for (const [name, field] of Object.entries(value)) {
    const part = readField(name, field)
    if (part === undefined) return { error: `Unknown field or invalid value: \`simulate.${name}\`.` }
    simulation = { ...simulation, ...part, job: { ...simulation.job, ...part.job } }
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
  /** From the creation of a yearly or monthly order to its payment, when the job starts. */
  readonly orderMs: number
}

function readField(name: string, value: unknown): Partial<Simulation> | undefined {
  switch (name) {
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
      if (!Array.isArray(value)) return undefined
      const faults = value.map(readFault).filter((fault) => fault !== undefined)
      return faults.length === value.length ? { faults } : undefined
    }
    default:
      return undefined
  }
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
