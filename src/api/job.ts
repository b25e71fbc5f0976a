import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { UntrustedText } from '../untrusted-text.ts'
import { toId, type Id } from '../id.ts'
import { truncate, type Secrets } from '../secrets.ts'

/** Limit for the output `entities`. */
const MAX_ENTITIES_BYTES = 100_000
const MAX_LABEL_BYTES = 120

/** A job without its ID. Fields that are missing or have another type are undefined. */
export interface Job {
  readonly status: Status
  readonly name: UntrustedText | undefined
  /** The same name if jobs of that name have sub-tasks. */
  readonly nameWithSubTasks: string | undefined
  readonly instanceId: Id | undefined
  readonly instanceName: UntrustedText | undefined
  /** `host:port` to connect to; create jobs contain it. */
  readonly instanceEndpoint: UntrustedText | undefined
  readonly created: UntrustedText | undefined
  readonly ended: UntrustedText | undefined
  /** From `created` to `ended`. */
  readonly durationSeconds: number | undefined
  /** An integer from 0 to 100, rounded down. */
  readonly progress: number | undefined
  readonly failReason: UntrustedText | undefined
  /** A JSON object as compact text. */
  readonly entities: UntrustedText | undefined
  /** Whether `entities` was dropped because it is too large or nested too deeply. */
  readonly entitiesDropped: boolean
}

/** `Meaning`: what a status of a job or of an instance means for the wait. */
export interface Status<Meaning = JobMeaning> {
  readonly text: UntrustedText
  /** Truncated: history and tally keep many of them. */
  readonly label: UntrustedText
  readonly meaning: Meaning | 'unknown'
}

type JobMeaning = 'pending' | 'running' | 'completed' | 'failed' | 'canceled' | 'unauthorized'

export function toStatus<Meaning>(
  sent: string,
  meanings: ReadonlyMap<string, Meaning>,
  secrets: Secrets,
): Status<Meaning> {
  const label = secrets.text(sent, (text) => truncate(text, MAX_LABEL_BYTES))
  return { text: secrets.text(sent), label, meaning: meanings.get(sent) ?? 'unknown' }
}

/** Whether the job has finished and its status no longer changes. */
export function isTerminal({ meaning }: Status): boolean {
  return meaning === 'completed' || meaning === 'failed' || meaning === 'canceled'
}

/**
 * Source: Huawei Cloud TaurusDB API Reference, "Obtaining Information About a Task with a Specified ID", table 5;
 * `Canceled` and `Unauthorized` are in its Chinese edition of 2026-02 (ShowGaussMySqlJobInfo).
 */
const MEANINGS = new Map<string, JobMeaning>([
  ['Pending', 'pending'],
  ['Running', 'running'],
  ['Completed', 'completed'],
  ['Failed', 'failed'],
  ['Canceled', 'canceled'],
  ['Unauthorized', 'unauthorized'],
])

export const optionalText = z.string().min(1).optional().catch(undefined)
/** Some services send numbers where others send text. */
export const textOrNumber = z
  .union([z.string().min(1), z.number().transform(String)])
  .optional()
  .catch(undefined)
const object = z.record(z.string(), z.unknown())
const filledObject = object.refine((value) => Object.keys(value).length > 0)
/** A reason may be structured, for example `{"code":…,"message":…}`. */
const reason = z
  .union([z.string().min(1), filledObject])
  .optional()
  .catch(undefined)

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
  fail_reason: reason,
  instance: z.object({ id: optionalText, name: optionalText }).optional().catch(undefined),
  entities: object.optional().catch(undefined),
})

/** Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219, ShowTaskDetailsRequest, `job_name`. */
const NAMES_WITH_SUB_TASKS = [
  'RestoreTaurusInInstanceToExisted',
  'RestoreTaurusInInstanceToCurrent',
  'RestoreGaussDBforMySQLNewInstance',
  'RestoreTableTaurus',
]

const endpointSchema = z.object({ instance: z.object({ endpoint: z.string().min(1) }) })

export function toJob(sent: z.infer<typeof jobSchema>, secrets: Secrets): Job {
  const untrusted = (raw: string | undefined) => (raw === undefined ? undefined : secrets.text(raw))
  const entities = sent.entities && secrets.json(sent.entities, MAX_ENTITIES_BYTES)
  const status = toStatus(sent.status, MEANINGS, secrets)
  const created = sent.created ?? sent.start_time
  // DDS and GeminiDB document an end for a job that is still running.
  const ended = isTerminal(status) ? (sent.ended ?? sent.end_time) : undefined
  return {
    status,
    name: untrusted(sent.name?.trim()),
    nameWithSubTasks: NAMES_WITH_SUB_TASKS.find((name) => name === sent.name?.trim()),
    instanceId: sent.instance?.id === undefined ? undefined : toId(sent.instance.id, secrets),
    instanceName: untrusted(sent.instance?.name),
    instanceEndpoint: untrusted(endpointSchema.safeParse(sent.entities).data?.instance.endpoint),
    created: untrusted(created),
    ended: untrusted(ended),
    durationSeconds: secondsBetween(created, ended),
    progress: parsePercentage(sent.process ?? sent.progress),
    failReason:
      typeof sent.fail_reason === 'object' ? secrets.jsonText(sent.fail_reason) : untrusted(sent.fail_reason),
    entities,
    entitiesDropped: sent.entities !== undefined && entities === undefined,
  }
}

/** `60%` → 60; undefined if the text is not a percentage. */
export function parsePercentage(text: string | undefined): number | undefined {
  const number = /^(\d{1,3}(?:\.\d{1,20})?)\s?%?$/.exec(text?.trim() ?? '')?.[1]
  return number === undefined || Number(number) > 100 ? undefined : Math.floor(Number(number))
}

/** Without a time zone, both dates are in the same one. */
function secondsBetween(created = '', ended = ''): number | undefined {
  const zone = ZONE.test(created) || ZONE.test(ended) ? '' : 'Z'
  const seconds = Math.floor((parseTime(`${ended}${zone}`) - parseTime(`${created}${zone}`)) / SECOND)
  return seconds >= 0 ? seconds : undefined
}

const ZONE = /(Z|[+-]\d\d:?\d\d)$/

/** Parses a time such as `2018-08-06T10:41:14+0800` to milliseconds since the epoch; NaN if the text is not one. */
export function parseTime(text: string | undefined): number {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.exec(text ?? '')
  return parts === null
    ? Number.NaN
    : Date.parse(`${parts[1]}${parts[2]?.replace(/(\d\d):?(\d\d)/, '$1:$2')}`)
}
