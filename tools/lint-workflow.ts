import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { examplesOf } from './examples.ts'
import { pinned } from './pinned.ts'
import { PLACE } from './place.ts'

/**
 * `npm run lint:workflow`: actionlint and zizmor over our workflows, those of the tests, action.yml, and every YAML block
 * of the documents. A finding in `docs-x.md-12.yml:15` is on line 15 of docs/x.md, in the block that begins on line 12.
 */

process.chdir(join(import.meta.dirname, '..'))

const examples = globSync(['README*.md', 'CONTRIBUTING.md', 'docs/**/*.md']).flatMap((document) =>
  examplesOf(readFileSync(document, 'utf8'), document).map(({ line, workflow }) => ({
    file: `${document.replace(/[\\/]/g, '-')}-${line}.yml`,
    workflow,
  })),
)

// A project of its own, which actionlint recognises by .git, for the examples.
const project = mkdtempSync(join(tmpdir(), 'examples-'))
const folder = join(project, '.github', 'workflows')
for (const path of [folder, join(project, '.git')]) mkdirSync(path, { recursive: true })
for (const path of ['action.yml', 'dist']) cpSync(path, join(project, path), { recursive: true })
const files = examples.map(({ file }) => join(folder, file))
const writeExamples = (change: (workflow: string) => string) => {
  for (const { file, workflow } of examples) writeFileSync(join(folder, file), change(workflow))
}

writeExamples((workflow) => workflow)
const isSafe = passes('zizmor', [
  ...['--offline', '--no-progress', '--quiet', '--strict-collection', '--config', '.github/zizmor.yml'],
  ...['.github', 'action.yml', ...globSync('__tests__/workflow/**/*.yml'), ...files],
])
// As this very action, so that actionlint knows its inputs and outputs.
writeExamples((workflow) => workflow.replaceAll(`${PLACE}@v1`, './'))
const isRight = passes('actionlint', [
  // What else is installed on a machine shall make no difference.
  ...['-shellcheck=', '-pyflakes='],
  ...[...globSync(['.github/workflows/*.yml', '__tests__/workflow/*.yml']), ...files],
])
rmSync(project, { recursive: true })

const verdict = (isGood: boolean) => (isGood ? 'no findings' : 'FAILED')
console.log(`${examples.length} examples, zizmor: ${verdict(isSafe)}, actionlint: ${verdict(isRight)}`)
process.exitCode = isSafe && isRight ? 0 : 1

function passes(program: 'actionlint' | 'zizmor', args: readonly string[]): boolean {
  const { status, error } = spawnSync(pinned(program), args, { stdio: 'inherit' })
  if (error !== undefined) throw error
  return status === 0
}
