import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { examplesOf } from './examples.ts'
import { pinned } from './pinned.ts'
import { PLACE } from './place.ts'

/**
 * `npm run lint:workflow`: runs actionlint and zizmor on the workflows of the project and its tests, action.yml, and
 * all YAML examples in the documents. A finding in `docs-x.md-12.yml:15` is on line 15 of docs/x.md, in the example
 * that starts on line 12.
 */

process.chdir(join(import.meta.dirname, '..'))

const examples = globSync(['README*.md', 'CONTRIBUTING.md', 'docs/**/*.md']).flatMap((document) =>
  examplesOf(readFileSync(document, 'utf8'), document).map(({ line, workflow }) => ({
    file: `${document.replace(/[\\/]/g, '-')}-${line}.yml`,
    workflow,
  })),
)

// actionlint needs a project for the examples, and recognizes one by its .git folder.
const project = mkdtempSync(join(tmpdir(), 'examples-'))
const folder = join(project, '.github', 'workflows')
for (const path of [folder, join(project, '.git')]) mkdirSync(path, { recursive: true })
for (const path of ['action.yml', 'dist']) cpSync(path, join(project, path), { recursive: true })
const files = examples.map(({ file }) => join(folder, file))
const writeExamples = (change: (workflow: string) => string) => {
  for (const { file, workflow } of examples) writeFileSync(join(folder, file), change(workflow))
}

writeExamples((workflow) => workflow)
const zizmorPasses = passes('zizmor', [
  ...['--offline', '--no-progress', '--quiet', '--strict-collection', '--config', '.github/zizmor.yml'],
  ...['.github', 'action.yml', ...globSync('__tests__/workflow/**/*.yml'), ...files],
])
// Replaces the published action with this one, so that actionlint knows its inputs and outputs.
writeExamples((workflow) => workflow.replaceAll(`${PLACE}@v1`, './'))
const actionlintPasses = passes('actionlint', [
  // The result must not depend on whether these optional programs are installed.
  ...['-shellcheck=', '-pyflakes='],
  ...[...globSync(['.github/workflows/*.yml', '__tests__/workflow/*.yml']), ...files],
])
rmSync(project, { recursive: true })

const verdict = (hasPassed: boolean) => (hasPassed ? 'no findings' : 'FAILED')
console.log(`Checked ${examples.length} examples and all workflows.`)
console.log(`zizmor: ${verdict(zizmorPasses)}, actionlint: ${verdict(actionlintPasses)}`)
process.exitCode = zizmorPasses && actionlintPasses ? 0 : 1

function passes(program: 'actionlint' | 'zizmor', args: readonly string[]): boolean {
  const { status, error } = spawnSync(pinned(program), args, { stdio: 'inherit' })
  if (error !== undefined) throw error
  return status === 0
}
