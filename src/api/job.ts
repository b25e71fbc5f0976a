import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { UntrustedText } from '../untrusted-text.ts'
import { startOf, type Secrets } from '../secrets.ts'

/** Bytes above which `entities` is left out: the contract's limit. */
const MAX_ENTITIES_BYTES = 100_000

/** Bytes of a status where it stands among many. */
const MAX_LABEL_BYTES = 120

/** A job's id as the user gave it: to ask with, and to show. */
export interface JobId {
  readonly value: string
  readonly text: UntrustedText
}

/** One job as the service told it, apart from its id. What it did not tell, or told in another type, is undefined. */
export interface Job {
  readonly status: Status
  readonly name: UntrustedText | undefined
  readonly instanceId: UntrustedText | undefined
  readonly instanceName: UntrustedText | undefined
  /** `host:port` to connect to; a create job tells it. */
  readonly instanceEndpoint: UntrustedText | undefined
  readonly created: UntrustedText | undefined
  readonly ended: UntrustedText | undefined
  /** From created to ended. */
  readonly durationSeconds: number | undefined
  /** 0 to 100, whole, rounded down. */
  readonly progress: number | undefined
  readonly failReason: UntrustedText | undefined
  /** Compact JSON of an object. */
  readonly entities: UntrustedText | undefined
  /** There were entities, but too large or too deep for us. */
  readonly entitiesDropped: boolean
}

export interface Status {
  readonly text: UntrustedText
  /** Its start: what is kept of each of many, so that memory stays small. */
  readonly label: UntrustedText
  readonly meaning: 'pending' | 'running' | 'completed' | 'failed' | 'canceled' | 'unauthorized' | 'unknown'
}

/** Whether the job will not change any more. */
export function isTerminal({ meaning }: Status): boolean {
  return meaning === 'completed' || meaning === 'failed' || meaning === 'canceled'
}

/** Sources: API reference, table 5; `Unauthorized` and `Canceled` from the Chinese edition (2026-02). */
const MEANINGS: ReadonlyMap<string, Status['meaning']> = new Map([
  ['Pending', 'pending'],
  ['Running', 'running'],
  ['Completed', 'completed'],
  ['Failed', 'failed'],
  ['Canceled', 'canceled'],
  ['Unauthorized', 'unauthorized'],
])

const text = z.string().min(1).optional().catch(undefined)
const object = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)

/**
 * The one job of an answer, as sent: only `id` and `status` have to be there. Three facts have two names: DDS, GaussDB and
 * GeminiDB say `progress`, GeminiDB `start_time` and `end_time`.
 */
export const jobSchema = z.object({
  id: z.string().min(1),
  status: z.string().min(1),
  name: text,
  created: text,
  start_time: text,
  ended: text,
  end_time: text,
  process: text,
  progress: text,
  fail_reason: text,
  instance: z.object({ id: text, name: text }).optional().catch(undefined),
  entities: object.optional().catch(undefined),
})

const endpointSchema = z.object({ instance: z.object({ endpoint: z.string().min(1) }) })

/** Makes a {@link Job} of what was sent. */
export function toJob(sent: z.infer<typeof jobSchema>, secrets: Secrets): Job {
  const outside = (raw: string | undefined) => (raw === undefined ? undefined : secrets.text(raw))
  const entities = sent.entities && secrets.json(sent.entities, MAX_ENTITIES_BYTES)
  const created = sent.created ?? sent.start_time
  const ended = sent.ended ?? sent.end_time
  return {
    status: {
      text: secrets.text(sent.status),
      label: secrets.text(sent.status, (status) => startOf(status, MAX_LABEL_BYTES)),
      meaning: MEANINGS.get(sent.status) ?? 'unknown',
    },
    name: outside(sent.name?.trim()),
    instanceId: outside(sent.instance?.id),
    instanceName: outside(sent.instance?.name),
    instanceEndpoint: outside(endpointSchema.safeParse(sent.entities).data?.instance.endpoint),
    created: outside(created),
    ended: outside(ended),
    durationSeconds: secondsBetween(created, ended),
    progress: percent(sent.process ?? sent.progress),
    failReason: outside(sent.fail_reason),
    entities,
    entitiesDropped: sent.entities !== undefined && entities === undefined,
  }
}

/** `60%` → 60; undefined for what is no percentage. */
function percent(process: string | undefined): number | undefined {
  const number = /^(\d{1,3}(?:\.\d{1,20})?)\s?%?$/.exec(process?.trim() ?? '')?.[1]
  return number === undefined || Number(number) > 100 ? undefined : Math.floor(Number(number))
}

function secondsBetween(created: string | undefined, ended: string | undefined): number | undefined {
  const seconds = Math.floor((timeOf(ended) - timeOf(created)) / SECOND)
  return seconds >= 0 ? seconds : undefined
}

/** Milliseconds since the epoch; NaN for no date. The service writes offsets without a colon: `+0800`. */
export function timeOf(date: string | undefined): number {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.exec(date ?? '')
  return parts === null
    ? Number.NaN
    : Date.parse(`${parts[1]}${parts[2]?.replace(/(\d\d):?(\d\d)/, '$1:$2')}`)
}
