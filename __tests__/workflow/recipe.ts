import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { examplesOf } from '../../tools/examples.ts'
import { PLACE } from '../../tools/place.ts'
import type { WorkflowText } from './engine.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/**
 * A workflow of a document, so that it runs here: the action is this checkout, the cloud is the simulator, scripts of
 * the author's and further actions are the programs in bin/. All else stays what the document says.
 *
 * @param part a line of it, by which it is found
 * @param before steps that it needs before its own; they replace one with the same id
 */
export function recipe(document: string, part: string, before: readonly Step[] = []): WorkflowText {
  const found = examplesOf(readFileSync(join(ROOT, document), 'utf8'), document).filter(({ workflow }) =>
    workflow.includes(`${part}\n`),
  )
  const [example] = found
  if (example === undefined || found.length > 1) throw new Error(`${found.length} × “${part}” in ${document}`)
  const workflow = parse(example.workflow.replaceAll(/ \.\/(?=[\w-]+\.sh)/g, ' ')) as Workflow
  for (const job of Object.values(workflow.jobs)) {
    if (job.env?.['ENDPOINT'] !== undefined) job.env['ENDPOINT'] = SIMULATOR
    const ids = before.flatMap(({ id }) => id ?? [])
    const own = job.steps.filter(({ uses = PLACE, id = '' }) => uses.startsWith(PLACE) && !ids.includes(id))
    job.steps = [CHECKOUT, ...before, ...own.map(runHere)]
  }
  return { text: stringify(workflow) }
}

interface Workflow {
  readonly jobs: Record<string, { env?: Record<string, string>; steps: Step[] }>
}

export interface Step {
  readonly id?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
  readonly uses?: string
  readonly with?: Readonly<Record<string, string>>
}

const SIMULATOR = '${{ vars.ENDPOINT }}'

/** act makes this of it itself, without a network. */
const CHECKOUT: Step = {
  uses: 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1',
  with: { 'persist-credentials': 'false' },
}

function runHere(step: Step): Step {
  if (step.uses === undefined) return step
  const sts = step.with?.['agency-urn'] === undefined ? {} : { 'sts-endpoint': SIMULATOR }
  return { ...step, uses: './', with: { endpoint: SIMULATOR, 'poll-interval': '1s', ...sts, ...step.with } }
}
