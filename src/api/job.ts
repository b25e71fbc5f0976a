import { z } from 'zod'
import { SECOND } from '../duration.ts'
import { textOrNumber } from '../http/service-error.ts'
import { toId } from '../id.ts'
import { truncate, type Secrets } from '../secrets.ts'
import type { UntrustedText } from '../untrusted-text.ts'

/** Limit for the output `entities`. */
const MAX_ENTITIES_BYTES = 100_000
const MAX_LABEL_BYTES = 120

/**
 * What a status means for the wait. Source: Huawei Cloud TaurusDB API Reference, "Obtaining Information About a Task with
 * a Specified ID", table 5; `Canceled` and `Unauthorized` are in its Chinese edition of 2026-02 (ShowGaussMySqlJobInfo).
 */
const MEANINGS = new Map([
  ['Pending', 'pending'],
  ['Running', 'running'],
  ['Completed', 'completed'],
  ['Failed', 'failed'],
  ['Canceled', 'canceled'],
  ['Unauthorized', 'unauthorized'],
] as const)

/** Whether the job has finished and its status no longer changes. */
export function isTerminal({ meaning }: { readonly meaning: string }): boolean {
  return meaning === 'completed' || meaning === 'failed' || meaning === 'canceled'
}

/** Undefined if the value is missing or has another type. */
export function optional<Schema extends z.ZodType>(schema: Schema) {
  return schema.optional().catch(undefined)
}

export const optionalText = optional(z.string().min(1))
const object = z.record(z.string(), z.unknown())
const filledObject = object.refine((value) => Object.keys(value).length > 0)

/**
 * A job as the service sends it; only `id` and `status` are required. `progress` is the name of `process` in DDS,
 * GaussDB, and GeminiDB; `start_time` and `end_time` are those of `created` and `ended` in GeminiDB.
 */
export const jobSchema = z.object({
  id: z.string().min(1),
  status: z.string().min(1),
  name: optionalText,
  created: optionalText,
  start_time: optionalText,
  ended: optionalText,
  end_time: optionalText,
  process: textOrNumber,
  progress: textOrNumber,
  /** May be structured, for example `{"code":…,"message":…}`. */
  fail_reason: optional(z.string().min(1).or(filledObject)),
  instance: optional(z.object({ id: optionalText, name: optionalText })),
  entities: optional(object),
})

/** Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219, ShowTaskDetailsRequest, `job_name`. */
const NAMES_WITH_SUB_TASKS = [
  'RestoreTaurusInInstanceToExisted',
  'RestoreTaurusInInstanceToCurrent',
  'RestoreGaussDBforMySQLNewInstance',
  'RestoreTableTaurus',
]

const endpointSchema = z.object({ instance: z.object({ endpoint: z.string().min(1) }) })

/** A job without its ID. Fields that are missing or have another type are undefined. */
export type Job = Readonly<ReturnType<typeof toJob>>

export function toJob(sent: z.infer<typeof jobSchema>, secrets: Secrets) {
  const untrusted = (raw: string | undefined) => (raw === undefined ? undefined : secrets.text(raw))
  const name = sent.name?.trim()
  const { instance, fail_reason: failReason } = sent
  const entities = sent.entities && secrets.json(sent.entities, MAX_ENTITIES_BYTES)
  const status = toStatus(sent.status, MEANINGS, secrets)
  const created = sent.created ?? sent.start_time
  // DDS and GeminiDB document an end for a job that is still running.
  const ended = isTerminal(status) ? (sent.ended ?? sent.end_time) : undefined
  return {
    status,
    name: untrusted(name),
    /** The same name if jobs of that name have sub-tasks. */
    nameWithSubTasks: NAMES_WITH_SUB_TASKS.find((each) => each === name),
    instanceId: instance?.id === undefined ? undefined : toId(instance.id, secrets),
    instanceName: untrusted(instance?.name),
    /** `host:port` to connect to; create jobs contain it. */
    instanceEndpoint: untrusted(endpointSchema.safeParse(sent.entities).data?.instance.endpoint),
    created: untrusted(created),
    ended: untrusted(ended),
    /** From `created` to `ended`. */
    durationSeconds: secondsBetween(created, ended),
    progress: parsePercentage(sent.process ?? sent.progress),
    failReason: typeof failReason === 'object' ? secrets.jsonText(failReason) : untrusted(failReason),
    /** A JSON object as compact text. */
    entities,
    /** Whether `entities` was dropped because it is too large or nested too deeply. */
    entitiesDropped: sent.entities !== undefined && entities === undefined,
  }
}

/** The status of a job or of an instance, and what it means for the wait. */
export function toStatus<Meaning>(sent: string, meanings: ReadonlyMap<string, Meaning>, secrets: Secrets) {
  const meaning = meanings.get(sent) ?? ('unknown' as const)
  return { text: secrets.text(sent), label: toLabel(sent, secrets), meaning }
}

/** Truncates a text: history and tally keep many of them. */
export function toLabel(sent: string, secrets: Secrets): UntrustedText {
  return secrets.text(sent, (text) => truncate(text, MAX_LABEL_BYTES))
}

/** `60%` → 60, rounded down; undefined if the text is not a percentage. */
export function parsePercentage(text: string | undefined): number | undefined {
  const number = /^(\d{1,3}(?:\.\d{1,20})?)\s?%?$/.exec(text?.trim() ?? '')?.[1]
  return number === undefined || Number(number) > 100 ? undefined : Math.floor(Number(number))
}

/** Without a time zone, both dates are in the same one. */
function secondsBetween(created = '', ended = ''): number | undefined {
  return ['', 'Z']
    .map((zone) => (parseTime(ended + zone) - parseTime(created + zone)) / SECOND)
    .find((seconds) => seconds >= 0)
}

/** Parses a time such as `2018-08-06T10:41:14+0800` to milliseconds since the epoch, in whole seconds; NaN if the text is not one. */
export function parseTime(text = ''): number {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.test(text)
  return isTime ? Date.parse(text.replace(/\.\d+/, '')) : Number.NaN
}
