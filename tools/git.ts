import { execFileSync } from 'node:child_process'

/** Runs git in the working directory and returns its output. Throws when git fails. */
export function git(...args: readonly string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim()
}
