import { expect, test } from '@jest/globals'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')
const document = readFileSync(join(ROOT, 'docs', 'architecture.md'), 'utf8')
const named = [...document.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => file)

test('docs/architecture.md names every source file', () => {
  const files = globSync('**/*.ts', { cwd: join(ROOT, 'src') }).map((file) => file.replaceAll('\\', '/'))
  expect(files.filter((file) => !named.includes(file))).toEqual([])
})

test('docs/architecture.md names only files that exist', () => {
  expect(named.length).toBeGreaterThan(50)
  const isHere = (file: string) => existsSync(join(ROOT, 'src', file)) || existsSync(join(ROOT, file))
  expect(named.filter((file) => !isHere(file))).toEqual([])
})
