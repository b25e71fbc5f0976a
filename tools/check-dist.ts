import { git } from './git.ts'

/** Just after a build: dist/ must be what is committed, without a file too many. */
const changes = git('status', '--porcelain', 'dist')
if (changes !== '') {
  console.error(
    `${changes}\ndist/ is not what the sources build. Run npm run build, and commit it with them.`,
  )
  process.exitCode = 1
}
