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

describe('each promise of docs/security.md is held by tests that exist', () => {
  test.each(promises.map((promise, index) => [index + 1, promise] as const))('%d', (_number, promise) => {
    const files = [...promise.matchAll(/`(__tests__\/[^`]+)`(?:, “([^”]+)”)?/g)]
    expect(files.length).toBeGreaterThan(0)
    for (const [, path = '', name = ''] of files) {
      expect(existsSync(join(ROOT, path))).toBe(true)
      expect(readFileSync(join(ROOT, path), 'utf8')).toContain(name)
    }
  })

  test('and there are eleven', () => {
    expect(promises).toHaveLength(11)
  })
})

test('the number of faults is what the document says', () => {
  const faults = new Set(FAULTS.map(({ over, fault }) => `${over.replace('https', 'http')} ${fault}`))
  expect(document).toContain(`${faults.size} faults, in connect`)
})
