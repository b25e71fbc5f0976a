import { parseAddress } from '../address.ts'
import { truncate } from '../secrets.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { WaitResult } from '../wait/wait.ts'
import { wordsFor } from './annotation.ts'
import { forMessage, forOutput } from './escape.ts'
import { factsOf, type ExplainedResult } from './explain.ts'

/** Bytes of JSON that all texts and entities of the output `jobs` share. Source: docs/reference.md, "Outputs". */
const MAX_JOBS_BYTES = 140_000

/** Each output; empty if it is not known. */
export type Outputs = Readonly<Record<keyof Values | 'jobs', string>>

/**
 * The outputs describe the first job that failed, otherwise the first that did not complete, otherwise the first; the
 * message describes all.
 */
export function outputsOf(results: readonly ExplainedResult[]): Outputs {
  const incomplete = results.filter(({ outcome }) => outcome.result !== 'completed')
  const failed = incomplete.find(
    ({ outcome }) => outcome.result === 'failed' || outcome.result === 'canceled',
  )
  const values = valuesOf(failed ?? incomplete[0] ?? results[0])
  const texts = Object.entries(values).map(([name, value]) => [name, String(value ?? '')])
  const jobs = results.filter(({ state }) => state.kind !== 'order').map(valuesOf)
  return {
    ...(Object.fromEntries(texts) as Outputs),
    message: results.length > 1 ? forMessage(messageOf(results, incomplete)) : values.message,
    jobs: jobsJson(jobs),
  }
}

/** The outputs without a result: after invalid inputs or an internal error. */
export const EMPTY_OUTPUTS = outputsOf([])

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

type Values = ReturnType<typeof valuesOf>

/** The outputs for one job, in the order of action.yml. */
function valuesOf(result?: ExplainedResult) {
  const { job, instance, instanceId, endpoint } = result === undefined ? {} : factsOf(result)
  const jobState = result?.state.kind === 'job' ? result.state : undefined
  const address = parseAddress(forOutput(endpoint))
  return {
    status: forOutput(job?.status.text),
    result: result?.outcome.result ?? 'error',
    'job-id': forOutput(jobState?.id.text),
    'instance-id': forOutput(instanceId),
    'instance-name': forOutput(job?.instanceName ?? instance?.name),
    'job-name': forOutput(job?.name),
    created: forOutput(job?.created),
    ended: forOutput(job?.ended),
    'duration-seconds': job?.durationSeconds ?? null,
    progress: jobState?.progress ?? null,
    'fail-reason': forOutput(job?.failReason),
    'instance-endpoint': forOutput(endpoint),
    'instance-status': forOutput(instance?.status.label),
    'instance-host': address?.host ?? '',
    'instance-port': String(address?.port ?? ''),
    message: forMessage(result?.message ?? []),
    entities: forOutput(job?.entities),
  }
}

/** Texts take precedence: they are truncated only above a common limit. Entities get the rest, in order. */
function jobsJson(jobs: readonly Values[]): string {
  const limit = commonLimit(textSizes(jobs), MAX_JOBS_BYTES)
  const truncated = jobs.map((values) => {
    const texts = textsOf(values).map(([name, text]) => [name, truncateInJson(text, limit)])
    return { ...values, ...(Object.fromEntries(texts) as Partial<Values>) }
  })
  let left = textSizes(truncated).reduce((rest, size) => rest - size, MAX_JOBS_BYTES)
  const objects = truncated.map(({ 'job-id': jobId, entities, ...others }) => {
    const size = Buffer.byteLength(entities)
    const isShown = size > 0 && size <= left
    if (isShown) left -= size
    const fields = { jobId, ...others, entities: isShown ? (JSON.parse(entities) as unknown) : null }
    return Object.fromEntries(Object.entries(fields).map(([name, value]) => [camelCase(name), value]))
  })
  return JSON.stringify(objects)
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_match, letter: string) => letter.toUpperCase())
}

/** The texts of a job, which are truncated if all of them together are too long. */
function textsOf(values: Values): [name: string, text: string][] {
  return Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'string' && name !== 'result' && name !== 'entities' ? [[name, value]] : [],
  )
}

function textSizes(jobs: readonly Values[]): number[] {
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
