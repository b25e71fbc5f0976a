import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs tools/check-release.ts and tools/check-dist.ts in a small project of their own. */

let project: string

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'release-'))
  git('init', '--quiet', '--initial-branch', 'main')
  git('config', 'user.name', 'nobody')
  git('config', 'user.email', 'nobody@example.com')
  mkdirSync(join(project, 'dist'))
  write('dist/index.js', 'built')
  write('package.json', '{"version":"1.2.3"}')
  write('package-lock.json', '{"version":"1.2.3"}')
  commit()
  git('update-ref', 'refs/remotes/origin/main', 'HEAD')
})
afterEach(() => {
  rmSync(project, { recursive: true })
})

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: project })
}

const tagging = (tag: string) => () => {
  git('tag', tag)
}

function write(file: string, text: string): void {
  writeFileSync(join(project, file), text)
}

function commit(): void {
  git('add', '--all')
  git('-c', 'commit.gpgsign=false', 'commit', '--quiet', '--message', 'work')
}

function run(script: string, ...args: string[]): { status: number | null; stderr: string } {
  const path = join(import.meta.dirname, '..', '..', 'tools', script)
  return spawnSync(process.execPath, [path, ...args], { cwd: project, encoding: 'utf8' })
}

test('a tag on a commit of main with the version of the package can be released', () => {
  git('tag', 'v1.2.3')
  expect(run('check-release.ts', 'v1.2.3')).toMatchObject({ status: 0, stderr: '' })
})

test('an annotated tag can be released', () => {
  git('tag', '--annotate', '--message', 'first', 'v1.2.3')
  expect(run('check-release.ts', 'v1.2.3')).toMatchObject({ status: 0, stderr: '' })
})

test.each<[string, string, () => void, string[]]>([
  ['no tag', '', () => undefined, ['The tag  is not of the form v1.2.3.']],
  ['a tag without v', '1.2.3', tagging('1.2.3'), ['The tag 1.2.3 is not of the form v1.2.3.']],
  ['a pre-release', 'v1.2.3-rc.1', tagging('v1.2.3-rc.1'), ['is not of the form', 'version 1.2.3']],
  ['a tag that does not exist', 'v1.2.3', () => undefined, ['The tag v1.2.3 is not on this commit.']],
  [
    'a tag on another commit',
    'v1.2.3',
    () => {
      git('tag', 'v1.2.3')
      write('more', '')
      commit()
      git('update-ref', 'refs/remotes/origin/main', 'HEAD')
    },
    ['The tag v1.2.3 is not on this commit.'],
  ],
  [
    'a commit that is not on main',
    'v1.2.3',
    () => {
      write('more', '')
      commit()
      git('tag', 'v1.2.3')
    },
    ['This commit is not on origin/main.'],
  ],
  ['another version', 'v1.2.4', tagging('v1.2.4'), ['package.json has the version 1.2.3.']],
  [
    'a lock file of another version',
    'v1.2.3',
    () => {
      write('package-lock.json', '{"version":"1.2.2"}')
      commit()
      git('tag', 'v1.2.3')
      git('update-ref', 'refs/remotes/origin/main', 'HEAD')
    },
    ['package-lock.json has the version 1.2.2.'],
  ],
  [
    'uncommitted changes',
    'v1.2.3',
    () => {
      git('tag', 'v1.2.3')
      write('dist/index.js', 'built otherwise')
    },
    ['The work tree has uncommitted changes.'],
  ],
])('%s cannot be released', (_what, tag, prepare, problems) => {
  prepare()
  const { status, stderr } = run('check-release.ts', tag)
  expect(status).toBe(1)
  for (const problem of problems) expect(stderr).toContain(problem)
})

test('nothing can be released outside a Git repository', () => {
  rmSync(join(project, '.git'), { recursive: true })
  expect(run('check-release.ts', 'v1.2.3').status).toBe(1)
  expect(run('check-dist.ts').status).toBe(1)
})

test('dist/ passes as it is committed, and fails with a change or an additional file', () => {
  expect(run('check-dist.ts').status).toBe(0)
  write('dist/chunk.js', '')
  expect(run('check-dist.ts')).toMatchObject({ status: 1, stderr: expect.stringContaining('dist/chunk.js') })
  rmSync(join(project, 'dist', 'chunk.js'))
  write('dist/index.js', 'built otherwise')
  expect(run('check-dist.ts').status).toBe(1)
})
