import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { examplesOf } from '../../tools/examples.ts'
import { PLACE } from '../../tools/place.ts'
import type { WorkflowText } from './engine.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/**
 * A workflow of a document, changed so that it runs here: the action is this checkout, the cloud is the simulator, and
 * the programs in bin/ replace the author's scripts and other actions. Everything else stays as in the document.
 *
 * @param part a line that identifies the workflow
 * @param before steps that must run before its own; they replace a step with the same ID
 */
export function recipe(document: string, part: string, before: readonly Step[] = []): WorkflowText {
  const workflow = read(document, part)
  for (const job of Object.values(workflow.jobs)) {
    if (job.env?.['ENDPOINT'] !== undefined) job.env['ENDPOINT'] = SIMULATOR
    const ids = before.flatMap(({ id }) => id ?? [])
    const own = job.steps.filter(({ uses = PLACE, id = '' }) => uses.startsWith(PLACE) && !ids.includes(id))
    job.steps = [CHECKOUT, ...before, ...own].map(runHere)
  }
  return { text: stringify(workflow) }
}

/** The step of a document that has a name, for example to run it before a recipe. */
export function stepOf(document: string, name: string): Step {
  const { jobs } = read(document, `- name: ${name}`)
  const found = Object.values(jobs).flatMap(({ steps }) => steps.filter((step) => step.name === name))
  const [step] = found
  if (step === undefined || found.length > 1) throw new Error(`${found.length} × "${name}" in ${document}`)
  return step
}

function read(document: string, part: string): Workflow {
  const found = examplesOf(readFileSync(join(ROOT, document), 'utf8'), document).filter(({ workflow }) =>
    workflow.includes(`${part}\n`),
  )
  const [example] = found
  if (example === undefined || found.length > 1) throw new Error(`${found.length} × "${part}" in ${document}`)
  return parse(example.workflow.replaceAll(/ \.\/(?=[\w-]+\.sh)/g, ' ')) as Workflow
}

interface Workflow {
  readonly jobs: Record<string, { env?: Record<string, string>; steps: Step[] }>
}

export interface Step {
  readonly id?: string
  readonly name?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
  readonly uses?: string
  readonly with?: Readonly<Record<string, string>>
}

const SIMULATOR = '${{ vars.ENDPOINT }}'

/** act handles this action itself, without a network. */
const CHECKOUT: Step = {
  uses: 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1',
  with: { 'persist-credentials': 'false' },
}

function runHere(step: Step): Step {
  if (!step.uses?.startsWith(PLACE)) return step
  const given = { endpoint: SIMULATOR, 'poll-interval': '1s', ...step.with }
  const sts = step.with?.['agency-urn'] === undefined ? {} : { 'sts-endpoint': SIMULATOR }
  const iam = step.with?.['use-ecs-agency'] === undefined ? {} : { 'iam-endpoint': SIMULATOR }
  return { ...step, uses: './', with: { ...given, ...sts, ...iam } }
}
