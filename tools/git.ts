import { execFileSync } from 'node:child_process'

/** What git answers in the working directory; throws when it fails. */
export function git(...args: readonly string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim()
}
