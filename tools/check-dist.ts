import { git } from './git.ts'

/** Run after a build: checks that dist/ equals what is committed, without missing or additional files. */
const changes = git('status', '--porcelain', 'dist')
if (changes !== '') {
  console.error(
    `${changes}\ndist/ does not match the sources. Run npm run build, and commit dist/ together with the sources.`,
  )
  process.exitCode = 1
}
