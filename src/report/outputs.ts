import { truncate } from '../secrets.ts'
import { phrase, type UntrustedText, type Phrase } from '../untrusted-text.ts'
import type { WaitResult } from '../wait/wait.ts'
import { forOutput } from './escape.ts'

/** Bytes of JSON that all texts and entities of the output `jobs` share: the contract's limit. */
const JOBS_BUDGET = 150_000

/** Every output of action.yml, in its order; a test holds the two and the README together. */
export const OUTPUTS = [
  'status',
  'result',
  'job-id',
  'instance-id',
  'instance-name',
  'job-name',
  'created',
  'ended',
  'duration-seconds',
  'progress',
  'fail-reason',
  'instance-endpoint',
  'entities',
  'jobs',
] as const

export type Outputs = Readonly<Record<(typeof OUTPUTS)[number], string>>

/** The outputs before anything is known: of wrong inputs, or of a defect. */
export const EMPTY_OUTPUTS: Outputs = {
  ...(Object.fromEntries(OUTPUTS.map((name) => [name, ''])) as Outputs),
  result: 'error',
  jobs: '[]',
}

/** What later steps read. With several jobs the first that failed, else the first that did not complete, speaks. */
export function outputsOf(waited: readonly WaitResult[]): Outputs {
  // An order that has no job has nothing else to tell.
  const all = waited.filter(({ state }) => state.kind === 'job').map(factsOf)
  const facts =
    all.find(({ result }) => result === 'failed' || result === 'canceled') ??
    all.find(({ result }) => result !== 'completed') ??
    all[0]
  if (facts === undefined)
    return { ...EMPTY_OUTPUTS, result: waited[0]?.outcome.result ?? EMPTY_OUTPUTS.result }
  return {
    status: facts.status,
    result: facts.result,
    'job-id': facts.jobId,
    'instance-id': facts.instanceId,
    'instance-name': facts.instanceName,
    'job-name': facts.jobName,
    created: facts.created,
    ended: facts.ended,
    'duration-seconds': facts.durationSeconds === null ? '' : String(facts.durationSeconds),
    progress: facts.progress === null ? '' : String(facts.progress),
    'fail-reason': facts.failReason,
    'instance-endpoint': facts.instanceEndpoint,
    entities: facts.entities,
    jobs: jobsJson(all),
  }
}

/** A warning when an output is empty although the service told something; undefined else. */
export function warningOf(waited: readonly WaitResult[]): Phrase | undefined {
  const [first, ...others] = waited.filter(({ state }) => state.job?.entitiesDropped === true)
  if (first === undefined) return undefined
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return phrase`The entities of job ${first.state.id.text}${more} are larger than 100 kB or nested too deep, so that output is empty.`
}

type Facts = ReturnType<typeof factsOf>

/** In the order of the contract; an unknown text is empty. */
function factsOf({ state, outcome }: WaitResult) {
  const { id, job, progress } = state
  const text = (outside: UntrustedText | undefined) => (outside === undefined ? '' : forOutput(outside))
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
] as const satisfies readonly (keyof Facts)[]

/** Texts come first: only those longer than the common limit are cut. What they leave is for entities, in order. */
function jobsJson(all: readonly Facts[]): string {
  const limit = commonLimit(
    all.flatMap((facts) => TEXTS.map((name) => jsonSize(facts[name]))),
    JOBS_BUDGET,
  )
  const cut = all.map((facts) => ({
    ...facts,
    ...Object.fromEntries(TEXTS.map((name) => [name, cutToJsonSize(facts[name], limit)])),
  }))
  let left = JOBS_BUDGET - sum(cut.flatMap((facts) => TEXTS.map((name) => jsonSize(facts[name]))))
  const jobs = cut.map((facts) => {
    const size = Buffer.byteLength(facts.entities)
    if (size === 0 || size > left) return { ...facts, entities: null }
    left -= size
    return { ...facts, entities: JSON.parse(facts.entities) as unknown }
  })
  return JSON.stringify(jobs)
}

/** The largest limit for each size under which all together stay within the budget. */
function commonLimit(sizes: readonly number[], budget: number): number {
  let left = budget
  for (const [index, size] of sizes.toSorted((a, b) => a - b).entries()) {
    const share = Math.floor(left / (sizes.length - index))
    if (size > share) return share
    left -= size
  }
  return budget
}

/** Bytes of a text within JSON, where a control character takes six. */
function jsonSize(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2
}

function cutToJsonSize(text: string, limit: number): string {
  let kept = text
  for (let size = jsonSize(kept); size > limit; size = jsonSize(kept)) {
    kept = truncate(kept, Math.floor((Buffer.byteLength(kept) * limit) / size))
  }
  return kept
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
