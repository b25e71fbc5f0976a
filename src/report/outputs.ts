import { parseAddress } from '../address.ts'
import { truncate } from '../secrets.ts'
import { phrase, type Phrase, type UntrustedText } from '../untrusted-text.ts'
import type { WaitResult } from '../wait/wait.ts'
import { forMessage, forOutput } from './escape.ts'
import { explainOutcome, wordsFor } from './explain.ts'

/** Bytes of JSON that all texts and entities of the output `jobs` share. Source: docs/reference.md, "Outputs". */
const MAX_JOBS_BYTES = 140_000

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
  'instance-status': '',
  'instance-host': '',
  'instance-port': '',
  message: '',
  entities: '',
  jobs: '[]',
}

export type Outputs = Readonly<typeof EMPTY_OUTPUTS>

/**
 * The outputs describe the first job that failed, otherwise the first that did not complete, otherwise the first; the
 * message describes all. `timeout` in milliseconds.
 */
export function outputsOf(results: readonly WaitResult[], timeout: number): Outputs {
  const jobs = results.map((result) => fieldsOf(result, timeout))
  const described =
    jobs.find(({ result }) => result === 'failed' || result === 'canceled') ??
    jobs.find(({ result }) => result !== 'completed') ??
    jobs[0]
  if (described === undefined) return EMPTY_OUTPUTS
  const values = Object.entries(described).map(([name, value]) => [kebabCase(name), String(value ?? '')])
  const outputs = { ...EMPTY_OUTPUTS, ...(Object.fromEntries(values) as Partial<Outputs>) }
  const found = jobs.filter((_job, index) => results[index]?.state.kind !== 'order')
  return { ...outputs, message: forMessage(messageOf(results, timeout)), jobs: jobsJson(found) }
}

/** What happened, in one sentence. */
function messageOf(results: readonly WaitResult[], timeout: number): Phrase {
  const explanations = results.map((result) => explainOutcome(result, timeout))
  const bad = results.findIndex(({ outcome }) => outcome.result !== 'completed')
  const first = explanations[Math.max(bad, 0)]?.message ?? []
  if (results.length === 1) return first
  const completed = results.filter(({ outcome }) => outcome.result === 'completed').length
  const { noun, succeeded } = wordsFor(results)
  if (bad < 0) return phrase`All ${completed} ${noun} ${succeeded}.`
  return phrase`${completed} of ${results.length} ${noun} ${succeeded}. First of the others: ${first}`
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
function fieldsOf(result: WaitResult, timeout: number) {
  const { state, outcome } = result
  const isJob = state.kind === 'job'
  const job = isJob ? state.job : undefined
  const { id, instance } = result.instance ?? state
  const instanceId = isJob ? job?.instanceId?.text : state.kind === 'instance' ? id.text : undefined
  const text = (untrusted: UntrustedText | undefined) => (untrusted === undefined ? '' : forOutput(untrusted))
  const endpoint = text(job?.instanceEndpoint ?? instance?.endpoint)
  const address = parseAddress(endpoint)
  return {
    jobId: isJob ? text(state.id.text) : '',
    status: text(job?.status.text),
    result: outcome.result,
    instanceId: text(instanceId),
    instanceName: text(job?.instanceName ?? instance?.name),
    jobName: text(job?.name),
    created: text(job?.created),
    ended: text(job?.ended),
    durationSeconds: job?.durationSeconds ?? null,
    progress: isJob ? (state.progress ?? null) : null,
    failReason: text(job?.failReason),
    instanceEndpoint: endpoint,
    instanceStatus: text(instance?.status.label),
    instanceHost: address?.host ?? '',
    instancePort: address === undefined ? '' : String(address.port),
    message: forMessage(explainOutcome(result, timeout).message),
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
  'instanceStatus',
  'instanceHost',
  'instancePort',
  'message',
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
