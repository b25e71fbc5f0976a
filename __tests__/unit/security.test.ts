import { describe, expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FAULTS } from '../action/faults.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const document = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8').replace(/\s+/g, ' ')
const promises =
  document
    .split('## Promises')[1]
    ?.split('## What is not promised')[0]
    ?.split(/ \d+\. \*\*/)
    .slice(1) ?? []

describe('each promise of docs/security.md names files that exist and contain tests', () => {
  test.each(promises.map((promise, index) => [index + 1, promise] as const))('%d', (_number, promise) => {
    const files = [...promise.matchAll(/`(__tests__\/[^`]+)`/g)]
    expect(files.length).toBeGreaterThan(0)
    for (const [, path = ''] of files) {
      expect({ path, exists: existsSync(join(ROOT, path)) }).toEqual({ path, exists: true })
      expect(path).toMatch(/\.test\.ts$/)
      expect(readFileSync(join(ROOT, path), 'utf8')).toMatch(/^ *test(\.each)?[(<]/m)
    }
  })

  test('there are twelve promises', () => {
    expect(promises).toHaveLength(12)
  })
})

test('docs/security.md has the number of faults in __tests__/action/faults.ts', () => {
  const faults = new Set(FAULTS.map(({ over, fault }) => `${over.replace('https', 'http')} ${fault}`))
  expect(document).toContain(`The tests cover ${faults.size} network faults while connecting,`)
})
