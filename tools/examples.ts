import type { Nodes } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { parse } from 'yaml'

export interface Example {
  /** Where the block begins in its document. */
  readonly line: number
  /** The block as a whole workflow, each line of it where it stands in the document. */
  readonly workflow: string
}

/** The YAML blocks of a Markdown text, each as a workflow: steps and permissions alone get what they lack. */
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
  if (Array.isArray(content)) return downTo(line, BEFORE_STEPS) + block.replace(/^(?=.)/gm, '      ')
  if (typeof content === 'object' && content !== null) {
    if ('jobs' in content) return downTo(line) + block
    if ('permissions' in content) return downTo(line) + block + AFTER_PERMISSIONS
  }
  return undefined
}

/** A text that ends just above a line, or below when it is too long for that. */
function downTo(line: number, text = ''): string {
  return '\n'.repeat(Math.max(0, line - text.split('\n').length)) + text
}

/** Steps may refer to the one that made the job. */
const BEFORE_STEPS = `on: workflow_dispatch
permissions: {}
jobs:
  example:
    runs-on: ubuntu-latest
    steps:
      - id: create
        run: echo job-id=1 >> "$GITHUB_OUTPUT"
`

const AFTER_PERMISSIONS = `on: workflow_dispatch
jobs: { example: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }
`
