import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { SERVICES } from '../../src/api/service.ts'
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
const types = parse(readFileSync(join(ROOT, 'action-types.yml'), 'utf8')) as Record<
  'inputs' | 'outputs',
  Record<string, { type: string; 'allowed-values'?: string[] }>
>

const contract = readFileSync(join(ROOT, 'docs', 'contract.md'), 'utf8')
const troubleshooting = readFileSync(join(ROOT, 'docs', 'troubleshooting.md'), 'utf8')

function section(heading: string, document = readme): string {
  return document.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
}

/** First two cells of the rows of the table below a heading, without code marks. */
function table(heading: string, document = readme): [string, string][] {
  return [...section(heading, document).matchAll(/^\| `([a-z-]+)` +\| ([^|]*?) +\|/gm)].map(
    ([, name = '', cell = '']) => [name, cell],
  )
}

describe('inputs', () => {
  test('action.yml and inputs.ts have the same, with the same defaults', () => {
    expect(
      Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? ''])),
    ).toEqual(INPUTS)
    expect(Object.keys(action.inputs)).toEqual(Object.keys(INPUTS))
  })

  test.each([
    ['README.md', readme],
    ['docs/contract.md', contract],
  ])('the table of %s has the same, with the same defaults', (_name, document) => {
    const rows = table('Inputs', document)
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

test('the README’s table of services has those of service.ts, and the hosts of each', () => {
  const rows = section('Sister services').matchAll(/^\| `([a-z]+)` +\| (\w+)[^|]*\| ([^|]*)\|/gm)
  const documented = [...rows].map(([, name, title, hosts]) => [name, title, hosts?.match(/[a-z-]+(?=\.`)/g)])
  const known = Object.entries(SERVICES).map(([name, { title, hosts }]) => {
    const prefixes = Object.keys(hosts).map((host) => host.split('.')[0])
    return [name, title, [...new Set(prefixes)]]
  })
  // Without the table's head.
  expect(documented.slice(1)).toEqual(known)
  for (const name of Object.keys(SERVICES)) expect(action.inputs['service']?.description).toContain(name)
})

describe('outputs', () => {
  test('action.yml, outputs.ts and the tables of README and contract have the same, in the same order', () => {
    expect(Object.keys(action.outputs)).toEqual(OUTPUTS)
    expect(table('Outputs').map(([name]) => name)).toEqual(OUTPUTS)
    expect(table('Outputs', contract).map(([name]) => name)).toEqual(OUTPUTS)
  })

  test('each has a description', () => {
    for (const { description } of Object.values(action.outputs))
      expect(description.length).toBeGreaterThan(20)
  })
})

test('each annotation title is a heading of troubleshooting.md, and no heading is left over', () => {
  const annotations = section('Annotations', troubleshooting)
  const headings = [...annotations.matchAll(/^### (.*)$/gm)].map(([, title]) => title)
  expect(headings).toEqual(Object.values(TITLES))
  const parts = [...annotations.matchAll(/^- \*\*(.*?):\*\*/gm)].map(([, part]) => part)
  expect(parts).toEqual(headings.flatMap(() => ['What you see', 'Cause', 'Cure']))
})

describe('action-types.yml', () => {
  test('has a type for each input and output', () => {
    expect(Object.keys(types.inputs)).toEqual(Object.keys(INPUTS))
    expect(Object.keys(types.outputs)).toEqual(OUTPUTS)
  })

  test('allows the values that the README tells', () => {
    const enums = Object.entries({ ...types.inputs, ...types.outputs }).filter(
      ([, { type }]) => type === 'enum',
    )
    expect(enums.map(([name]) => name)).toEqual(['service', 'language', 'result'])
    for (const [name, type] of enums) {
      const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\` `)) ?? ''
      const detail = (row.split('|').at(-2) ?? '').matchAll(/`([a-z-]+)`/g)
      expect([...detail].map(([, value]) => value)).toEqual(type['allowed-values'])
    }
  })
})

test('it runs on node24, from the built file', () => {
  expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.js' })
})
