import { validateHeaderName, validateHeaderValue } from 'node:http'
import { isFaultName, type Fault } from './faults.ts'
import { outcomes, type JobWish } from './job.ts'

/** The `simulate` object of a create request: how the job goes, and what the first asks for it meet. */
export function readSimulate(given: unknown = {}): Simulated | { readonly problem: string } {
  if (!isRecord(given)) return { problem: '`simulate` must be an object.' }
  let simulated: Simulated = { plan: {}, faults: [], orderMs: 20_000 }
  for (const [name, value] of Object.entries(given)) {
    const part = readField(name, value)
    if (part === undefined) return { problem: `Not understood: \`simulate.${name}\`.` }
    simulated = { ...simulated, ...part, plan: { ...simulated.plan, ...part.plan } }
  }
  return simulated
}

/** A JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Simulated {
  readonly plan: JobWish
  readonly faults: readonly Fault[]
  /** From a yearly or monthly order to the job: until it is paid. */
  readonly orderMs: number
}

function readField(name: string, value: unknown): Partial<Simulated> | undefined {
  switch (name) {
    case 'hidden_seconds':
      return isSeconds(value) ? { plan: { hiddenMs: value * 1000 } } : undefined
    case 'pending_seconds':
      return isSeconds(value) ? { plan: { pendingMs: value * 1000 } } : undefined
    case 'seconds':
      return isSeconds(value) ? { plan: { runningMs: value * 1000 } } : undefined
    case 'order_seconds':
      return isSeconds(value) ? { orderMs: value * 1000 } : undefined
    case 'fail':
      if (typeof value !== 'boolean') return undefined
      return value ? { plan: { outcome: 'Failed' } } : {}
    case 'fail_reason':
      return typeof value === 'string' ? { plan: { outcome: 'Failed', failReason: value } } : undefined
    case 'outcome': {
      const outcome = outcomes.find((each) => each === value)
      return outcome === undefined ? undefined : { plan: { outcome } }
    }
    case 'omit':
      return isTexts(value) ? { plan: { omit: value } } : undefined
    case 'override':
      return isRecord(value) ? { plan: { override: value } } : undefined
    case 'faults': {
      if (!Array.isArray(value)) return undefined
      const faults = value.map(readFault).filter((fault) => fault !== undefined)
      return faults.length === value.length ? { faults } : undefined
    }
    default:
      return undefined
  }
}

/** A fault as JSON says it: a name, a status as number or text, or `{status, headers?, body?}`. */
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

// 1xx is no answer: node would wait for ever to send it.
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
