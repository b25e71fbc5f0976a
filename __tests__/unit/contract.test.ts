import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { INPUTS } from '../../src/inputs.ts'
import { TITLES } from '../../src/report/explain.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { description: string; required: boolean; default?: string }>
  outputs: Record<string, { description: string }>
  runs: { using: string; main: string }
}

/** First two cells of the rows of the table below a heading, without code marks. */
function table(heading: string): [string, string][] {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^\| `([a-z-]+)` +\| ([^|]*?) +\|/gm)].map(([, name = '', cell = '']) => [
    name,
    cell,
  ])
}

describe('inputs', () => {
  test('action.yml and inputs.ts have the same, with the same defaults', () => {
    expect(
      Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? ''])),
    ).toEqual(INPUTS)
    expect(Object.keys(action.inputs)).toEqual(Object.keys(INPUTS))
  })

  test('the README’s table has the same, with the same defaults', () => {
    const rows = table('Inputs')
    expect(rows.map(([name]) => name)).toEqual(Object.keys(INPUTS))
    for (const [name, cell] of rows) {
      const documented = /^`(.*)`$/.exec(cell)?.[1] ?? ''
      expect([name, documented]).toEqual([name, action.inputs[name]?.default ?? ''])
    }
  })

  test('each has a description', () => {
    for (const { description } of Object.values(action.inputs)) expect(description.length).toBeGreaterThan(20)
  })
})

describe('outputs', () => {
  test('action.yml, outputs.ts and the README’s table have the same, in the same order', () => {
    expect(Object.keys(action.outputs)).toEqual(OUTPUTS)
    expect(table('Outputs').map(([name]) => name)).toEqual(OUTPUTS)
  })

  test('each has a description', () => {
    for (const { description } of Object.values(action.outputs))
      expect(description.length).toBeGreaterThan(20)
  })
})

test('each annotation title is a heading of the README, and no heading is left over', () => {
  const section = readme.split(/^## /m).find((text) => text.startsWith('When it is red\n')) ?? ''
  const headings = [...section.matchAll(/^### (.*)$/gm)].map(([, title]) => title)
  expect(headings).toEqual(Object.values(TITLES))
})

test('it runs on node24, from the built file', () => {
  expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.js' })
})
