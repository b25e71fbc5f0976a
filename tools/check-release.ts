import { readFileSync } from 'node:fs'
import { git } from './git.ts'

/**
 * `npm run check:release -- v1.2.3`: checks that the tag, the commit, and the version match. The npm script checks
 * dist/ first.
 */

const [tag = ''] = process.argv.slice(2)
const head = git('rev-parse', 'HEAD')
const problems = [
  [/^v(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/.test(tag), `The tag ${tag} is not of the form v1.2.3.`],
  [git('tag', '--points-at', head).split('\n').includes(tag), `The tag ${tag} is not on this commit.`],
  [git('merge-base', 'HEAD', 'origin/main') === head, 'This commit is not on origin/main.'],
  ...['package.json', 'package-lock.json'].map(
    (file) => [`v${versionIn(file)}` === tag, `${file} has the version ${versionIn(file)}.`] as const,
  ),
  [git('status', '--porcelain') === '', 'The work tree has uncommitted changes.'],
] as const

for (const [isOk, problem] of problems) if (!isOk) console.error(problem)
if (problems.every(([isOk]) => isOk)) console.log(`${tag} can be released.`)
else process.exitCode = 1

function versionIn(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
