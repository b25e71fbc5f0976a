import { truncate } from '../secrets.ts'
import { phrase, type Phrase, type UntrustedText } from '../untrusted-text.ts'
import type { WaitResult } from '../wait/wait.ts'
import { forOutput } from './escape.ts'

/** Bytes of JSON that all texts and entities of the output `jobs` share. Source: docs/reference.md, "Outputs". */
const MAX_JOBS_BYTES = 150_000

/** The outputs in the order of action.yml, as they are without a result: after invalid inputs or an internal error. */
export const EMPTY_OUTPUTS = {
  status: '',
  result: 'error',
  'job-id': '',
  'instance-id': '',
  'instance-name': '',
  'job-name': '',
  created: '',
  ended: '',
  'duration-seconds': '',
  progress: '',
  'fail-reason': '',
  'instance-endpoint': '',
  entities: '',
  jobs: '[]',
}

export type Outputs = Readonly<typeof EMPTY_OUTPUTS>

/** The outputs describe the first job that failed, otherwise the first that did not complete, otherwise the first. */
export function outputsOf(results: readonly WaitResult[]): Outputs {
  const jobs = results.filter(({ state }) => state.kind === 'job').map(fieldsOf)
  const described =
    jobs.find(({ result }) => result === 'failed' || result === 'canceled') ??
    jobs.find(({ result }) => result !== 'completed') ??
    jobs[0]
  if (described === undefined) {
    return { ...EMPTY_OUTPUTS, result: results[0]?.outcome.result ?? EMPTY_OUTPUTS.result }
  }
  const outputs = Object.entries(described).map(([name, value]) => [kebabCase(name), String(value ?? '')])
  return { ...EMPTY_OUTPUTS, ...(Object.fromEntries(outputs) as Partial<Outputs>), jobs: jobsJson(jobs) }
}

/** A warning if the service returned entities that the outputs do not contain. */
export function warningOf(results: readonly WaitResult[]): Phrase | undefined {
  const [first, ...others] = results.filter(({ state }) => state.job?.entitiesDropped === true)
  if (first === undefined) return undefined
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return phrase`The entities of job ${first.state.id.text}${more} are larger than 100 kB or nested too deeply, so the output entities is empty.`
}

type Fields = ReturnType<typeof fieldsOf>

/** The fields of a job in the output `jobs`, in their order; each is also an output with a kebab-case name. */
function fieldsOf({ state, outcome }: WaitResult) {
  const { id, job, progress } = state
  const text = (untrusted: UntrustedText | undefined) => (untrusted === undefined ? '' : forOutput(untrusted))
  return {
    jobId: text(id.text),
    status: text(job?.status.text),
    result: outcome.result,
    instanceId: text(job?.instanceId),
    instanceName: text(job?.instanceName),
    jobName: text(job?.name),
    created: text(job?.created),
    ended: text(job?.ended),
    durationSeconds: job?.durationSeconds ?? null,
    progress: progress ?? null,
    failReason: text(job?.failReason),
    instanceEndpoint: text(job?.instanceEndpoint),
    entities: text(job?.entities),
  }
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** Fields that are truncated if all of them together are too long. */
const TEXTS = [
  'jobId',
  'status',
  'instanceId',
  'instanceName',
  'jobName',
  'created',
  'ended',
  'failReason',
  'instanceEndpoint',
] as const satisfies readonly (keyof Fields)[]

/** Texts take precedence: they are truncated only above a common limit. Entities get the rest, in order. */
function jobsJson(jobs: readonly Fields[]): string {
  const limit = commonLimit(textSizes(jobs), MAX_JOBS_BYTES)
  const truncated = jobs.map((fields) => ({
    ...fields,
    ...Object.fromEntries(TEXTS.map((name) => [name, truncateInJson(fields[name], limit)])),
  }))
  let left = textSizes(truncated).reduce((rest, size) => rest - size, MAX_JOBS_BYTES)
  const withEntities = truncated.map((fields) => {
    const size = Buffer.byteLength(fields.entities)
    if (size === 0 || size > left) return { ...fields, entities: null }
    left -= size
    return { ...fields, entities: JSON.parse(fields.entities) as unknown }
  })
  return JSON.stringify(withEntities)
}

function textSizes(jobs: readonly Fields[]): number[] {
  return jobs.flatMap((fields) => TEXTS.map((name) => jsonSize(fields[name])))
}

/** The largest limit for each size with which the sum stays within the total. */
function commonLimit(sizes: readonly number[], total: number): number {
  let left = total
  for (const [index, size] of sizes.toSorted((a, b) => a - b).entries()) {
    const share = Math.floor(left / (sizes.length - index))
    if (size > share) return share
    left -= size
  }
  return total
}

/** Bytes of a text in JSON, where a control character takes six. */
function jsonSize(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2
}

function truncateInJson(text: string, maxSize: number): string {
  const size = jsonSize(text)
  if (size <= maxSize) return text
  return truncateInJson(truncate(text, Math.floor((Buffer.byteLength(text) * maxSize) / size)), maxSize)
}
