import { expect, test } from '@jest/globals'
import Ajv from 'ajv'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { VERSION } from '../../src/http/exchange.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8')
const ajv = new Ajv({ allErrors: true })
const isMetadata = ajv.compile(
  JSON.parse(read('__tests__', 'fixtures', 'schema', 'github-action.json')) as object,
)
const action = parse(read('action.yml')) as { inputs: object; runs: object }

test('action.yml is valid in the published schema of action metadata', () => {
  isMetadata(action)
  expect(isMetadata.errors).toBeNull()
})

test.each([
  ['an unknown key', { ...action, input: {} }],
  ['an input without a description', { ...action, inputs: { ...action.inputs, more: { required: true } } }],
  ['a runtime that does not exist', { ...action, runs: { ...action.runs, using: 'node23' } }],
])('the schema rejects %s', (_what, broken) => {
  expect(isMetadata(broken)).toBe(false)
})

test('the version in the user agent of requests is that of package.json', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  expect(VERSION).toBe(version)
})
