import { parseAddress } from '../address.ts'
import { truncate } from '../secrets.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { WaitResult } from '../wait/wait.ts'
import { wordsFor } from './annotation.ts'
import { forMessage, forOutput } from './escape.ts'
import { factsOf, type ExplainedResult } from './explain.ts'

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
 * message describes all.
 */
export function outputsOf(results: readonly ExplainedResult[]): Outputs {
  const incomplete = results.filter(({ outcome }) => outcome.result !== 'completed')
  const failed = incomplete.find(
    ({ outcome }) => outcome.result === 'failed' || outcome.result === 'canceled',
  )
  const described = failed ?? incomplete[0] ?? results[0]
  if (described === undefined) return EMPTY_OUTPUTS
  const values = Object.entries(fieldsOf(described)).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    String(value ?? ''),
  ])
  const jobs = results.filter(({ state }) => state.kind !== 'order').map(fieldsOf)
  return {
    ...EMPTY_OUTPUTS,
    ...(Object.fromEntries(values) as Partial<Outputs>),
    message: forMessage(results.length === 1 ? described.message : messageOf(results, incomplete)),
    jobs: jobsJson(jobs),
  }
}

/** What happened to several jobs, in one sentence. */
function messageOf(
  results: readonly ExplainedResult[],
  [first, ...others]: readonly ExplainedResult[],
): Phrase {
  const { noun, succeeded } = wordsFor(results)
  if (first === undefined) return phrase`All ${results.length} ${noun} ${succeeded}.`
  const completed = results.length - others.length - 1
  return phrase`${completed} of ${results.length} ${noun} ${succeeded}. First of the others: ${first.message}`
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
function fieldsOf(result: ExplainedResult) {
  const { state, outcome, message } = result
  const { job, instance, instanceId, endpoint } = factsOf(result)
  const isJob = state.kind === 'job'
  const instanceEndpoint = forOutput(endpoint)
  const address = parseAddress(instanceEndpoint)
  return {
    jobId: isJob ? forOutput(state.id.text) : '',
    status: forOutput(job?.status.text),
    result: outcome.result,
    instanceId: forOutput(instanceId),
    instanceName: forOutput(job?.instanceName ?? instance?.name),
    jobName: forOutput(job?.name),
    created: forOutput(job?.created),
    ended: forOutput(job?.ended),
    durationSeconds: job?.durationSeconds ?? null,
    progress: isJob ? (state.progress ?? null) : null,
    failReason: forOutput(job?.failReason),
    instanceEndpoint,
    instanceStatus: forOutput(instance?.status.label),
    instanceHost: address?.host ?? '',
    instancePort: String(address?.port ?? ''),
    message: forMessage(message),
    entities: forOutput(job?.entities),
  }
}

/** The texts of a job, which are truncated if all of them together are too long. */
function textsOf(fields: Fields): [name: string, text: string][] {
  return Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'string' && name !== 'result' && name !== 'entities' ? [[name, value]] : [],
  )
}

/** Texts take precedence: they are truncated only above a common limit. Entities get the rest, in order. */
function jobsJson(jobs: readonly Fields[]): string {
  const limit = commonLimit(textSizes(jobs), MAX_JOBS_BYTES)
  const truncated = jobs.map((fields) => {
    const texts = textsOf(fields).map(([name, text]) => [name, truncateInJson(text, limit)])
    return { ...fields, ...(Object.fromEntries(texts) as Partial<Fields>) }
  })
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
  return jobs.flatMap(textsOf).map(([, text]) => jsonSize(text))
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
