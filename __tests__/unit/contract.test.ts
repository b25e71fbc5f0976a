import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { SERVICES } from '../../src/api/service.ts'
import { INPUTS } from '../../src/inputs.ts'
import { EMPTY_OUTPUTS } from '../../src/report/outputs.ts'
import { TITLES } from '../../src/report/titles.ts'

const OUTPUTS = Object.keys(EMPTY_OUTPUTS)
const ROOT = join(import.meta.dirname, '..', '..')
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { description: string; required: boolean; default?: string }>
  outputs: Record<string, { description: string }>
  runs: { using: string; main: string }
}
const types = parse(readFileSync(join(ROOT, 'action-types.yml'), 'utf8')) as Record<
  'inputs' | 'outputs',
  Record<string, Type & { 'list-item'?: Type }>
>
interface Type {
  readonly type: string
  readonly 'allowed-values'?: string[]
}

const reference = readFileSync(join(ROOT, 'docs', 'reference.md'), 'utf8')
const troubleshooting = readFileSync(join(ROOT, 'docs', 'troubleshooting.md'), 'utf8')

function section(heading: string, document = readme): string {
  return document.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
}

/** The first two cells of each row of the table below a heading, without code marks. */
function table(heading: string, document = readme): [string, string][] {
  return [...section(heading, document).matchAll(/^\| `([a-z-]+)` +\| ([^|]*?) +\|/gm)].map(
    ([, name = '', cell = '']) => [name, cell],
  )
}

/** The README's inputs with their descriptions and defaults: list items below several headings. */
function groupedInputs(): { name: string; description: string; defaultValue: string }[] {
  return [...section('Inputs').matchAll(/^- `([a-z-]+)`: (.*(?:\n {2}.*)*)$/gm)].map(
    ([, name = '', item = '']) => {
      const [description = '', given = ''] = item.replace(/\s+/g, ' ').split(' Default: ')
      return { name, description, defaultValue: /^`(.*)`\.$/.exec(given)?.[1] ?? '' }
    },
  )
}

/** The values in code marks that a document lists for an enumerated input or output. */
function documentedValues(document: string, name: string): string[] {
  const row = document.split('\n').find((line) => line.startsWith(`| \`${name}\` `))
  const item = groupedInputs().find((input) => input.name === name)?.description
  return [...(row?.split('|').at(-2) ?? item ?? '').matchAll(/`([a-z-]+)`/g)].map(([, value = '']) => value)
}

describe('README.md', () => {
  test('has at most 1,400 words', () => {
    expect(readme.trim().split(/\s+/).length).toBeLessThanOrEqual(1_400)
  })

  test('has a first example of at most ten lines', () => {
    const [, example = ''] = /^```yaml\n([^]*?)\n```$/m.exec(readme) ?? []
    expect(example).toContain('uses: ')
    expect(example.split('\n').length).toBeLessThanOrEqual(10)
  })
})

describe('inputs', () => {
  test('action.yml and inputs.ts have the same, with the same defaults', () => {
    expect(
      Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? ''])),
    ).toEqual(INPUTS)
    expect(Object.keys(action.inputs)).toEqual(Object.keys(INPUTS))
  })

  test('the table of docs/reference.md has the same, in the same order, with the same defaults', () => {
    const rows = table('Inputs', reference)
    expect(rows.map(([name]) => name)).toEqual(Object.keys(INPUTS))
    for (const [name, cell] of rows) {
      const documented = /^`(.*)`$/.exec(cell)?.[1] ?? ''
      expect([name, documented]).toEqual([name, action.inputs[name]?.default ?? ''])
    }
  })

  test('the groups of README.md have the same, each once, with the same defaults', () => {
    const inputs = groupedInputs()
    expect(inputs.map(({ name }) => name).toSorted()).toEqual(Object.keys(INPUTS).toSorted())
    for (const { name, defaultValue } of inputs)
      expect([name, defaultValue]).toEqual([name, action.inputs[name]?.default ?? ''])
  })

  test('README.md groups them by what the user wants to do', () => {
    expect([...section('Inputs').matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)).toEqual([
      'What to wait for',
      'Region and project',
      'Credentials',
      'How long to wait',
      'Failure handling',
    ])
  })

  test('each has a description', () => {
    for (const { description } of Object.values(action.inputs)) expect(description.length).toBeGreaterThan(20)
  })
})

test('the table of services in docs/reference.md has those of service.ts, and the hosts of each', () => {
  const rows = section('Other database services', reference).matchAll(
    /^\| `([a-z]+)` +\| (\w+)[^|]*\| ([^|]*)\|/gm,
  )
  const documented = [...rows].map(([, name, title, hosts]) => [name, title, hosts?.match(/[a-z-]+(?=\.`)/g)])
  const known = Object.entries(SERVICES).map(([name, { title, hosts }]) => [name, title, Object.keys(hosts)])
  expect(documented).toEqual(known)
  for (const name of Object.keys(SERVICES)) expect(action.inputs['service']?.description).toContain(name)
})

describe('outputs', () => {
  test('action.yml, outputs.ts and the tables of README.md and docs/reference.md have the same, in the same order', () => {
    expect(Object.keys(action.outputs)).toEqual(OUTPUTS)
    expect(table('Outputs').map(([name]) => name)).toEqual(OUTPUTS)
    expect(table('Outputs', reference).map(([name]) => name)).toEqual(OUTPUTS)
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
  expect(parts).toEqual(headings.flatMap(() => ['What you see', 'Cause', 'Fix']))
})

describe('action-types.yml', () => {
  test('has a type for each input and output', () => {
    expect(Object.keys(types.inputs)).toEqual(Object.keys(INPUTS))
    expect(Object.keys(types.outputs)).toEqual(OUTPUTS)
  })

  test('allows the values that README.md and docs/reference.md list', () => {
    const enums = Object.entries({ ...types.inputs, ...types.outputs }).filter(
      ([, { type }]) => type === 'enum',
    )
    expect(enums.map(([name]) => name)).toEqual(['wait-until', 'service', 'language', 'result'])
    const lists = Object.entries(types.inputs).flatMap(([name, { 'list-item': item }]) =>
      item?.type === 'enum' ? [[name, item] as const] : [],
    )
    expect(lists.map(([name]) => name)).toEqual(['success-results'])
    for (const [name, type] of [...enums, ...lists]) {
      expect(documentedValues(readme, name)).toEqual(type['allowed-values'])
      expect(documentedValues(reference, name)).toEqual(type['allowed-values'])
    }
  })
})

test('action.yml runs the built file on node24', () => {
  expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.js' })
})
