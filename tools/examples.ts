import type { Nodes } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { parse } from 'yaml'

export interface Example {
  /** The line of the document on which the block begins. */
  readonly line: number
  /** The block as a complete workflow, with each line on the same line number as in the document. */
  readonly workflow: string
}

/** The YAML blocks of a Markdown text, each as a workflow. Steps and permissions get the missing parts of a workflow. */
export function examplesOf(markdown: string, document: string): Example[] {
  return blocksBelow(fromMarkdown(markdown)).map(({ text, line }) => {
    const workflow = wrap(text, line)
    if (workflow === undefined) {
      throw new Error(`${document}:${line}: the YAML is neither a workflow nor steps nor permissions`)
    }
    return { line, workflow }
  })
}

function blocksBelow(node: Nodes): { readonly text: string; readonly line: number }[] {
  if (node.type === 'code' && /^ya?ml$/.test(node.lang ?? '')) {
    return [{ text: `${node.value}\n`, line: (node.position?.start.line ?? 0) + 1 }]
  }
  return 'children' in node ? node.children.flatMap(blocksBelow) : []
}

function wrap(block: string, line: number): string | undefined {
  const content = parse(block) as unknown
  if (Array.isArray(content)) return downTo(line, beforeSteps(block)) + block.replace(/^(?=.)/gm, '      ')
  if (typeof content === 'object' && content !== null) {
    if ('jobs' in content) return downTo(line) + block
    if ('permissions' in content) return downTo(line) + block + AFTER_PERMISSIONS
  }
  return undefined
}

/** A text that ends just above a line, or below it if the text is too long. */
function downTo(line: number, text = ''): string {
  return '\n'.repeat(Math.max(0, line - text.split('\n').length)) + text
}

/** Steps may refer to the step that starts the job, and to a wait in an earlier block of the document. */
function beforeSteps(block: string): string {
  const refersToWait = block.includes('steps.wait.') && !/^ *(- )?id: wait$/m.test(block)
  return BEFORE_STEPS + (refersToWait ? WAIT_STEP : '')
}

const BEFORE_STEPS = `on: workflow_dispatch
permissions: {}
jobs:
  example:
    runs-on: ubuntu-latest
    steps:
      - id: create
        run: echo job-id=1 >> "$GITHUB_OUTPUT"
`

const WAIT_STEP = `      - id: wait
        run: echo result=completed >> "$GITHUB_OUTPUT"
`

const AFTER_PERMISSIONS = `on: workflow_dispatch
jobs: { example: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }
`
