import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { examplesOf as read, type Example } from '../../tools/examples.ts'

/** What `npm run lint:workflow` makes of the YAML blocks of our documents. */

const examplesOf = (markdown: string): Example[] => read(markdown, 'README.md')
const filler = 'One.\n\n'.repeat(10)
const steps = '```yaml\n- id: wait\n  uses: x/y@v1\n```\n'

function lineOf(text: string, part: string): number {
  return text.split('\n').findIndex((line) => line.includes(part))
}

test('a whole workflow stays what it is, on its lines', () => {
  const document = `${filler}\`\`\`yaml\non: push\njobs: {}\n\`\`\`\n`
  const [example] = examplesOf(document)
  expect(example?.workflow.trim()).toBe('on: push\njobs: {}')
  expect(lineOf(example?.workflow ?? '', 'on: push')).toBe(lineOf(document, 'on: push'))
  expect(example?.line).toBe(lineOf(document, 'on: push') + 1)
})

test('steps become those of a job, on their lines', () => {
  const document = filler + steps
  const [example] = examplesOf(document)
  expect(parse(example?.workflow ?? '')).toMatchObject({
    on: 'workflow_dispatch',
    jobs: { example: { steps: [{ id: 'create' }, { id: 'wait', uses: 'x/y@v1' }] } },
  })
  expect(lineOf(example?.workflow ?? '', 'uses: x/y')).toBe(lineOf(document, 'uses: x/y'))
})

test('permissions become those of a workflow', () => {
  const [example] = examplesOf(`${filler}\`\`\`yaml\npermissions:\n  contents: read\n\`\`\`\n`)
  expect(parse(example?.workflow ?? '')).toMatchObject({ permissions: { contents: 'read' }, jobs: {} })
})

test('blocks in lists count, and those of other languages do not', () => {
  const inList = `1. So:\n\n   ${steps.replaceAll('\n', '\n   ')}`
  expect(examplesOf(`${filler}${inList}\n\n\`\`\`sh\nnpm ci\n\`\`\`\n`)).toHaveLength(1)
})

test('YAML that is no part of a workflow is an error that names its place', () => {
  expect(() => examplesOf(`${filler}\`\`\`yaml\nname: x\n\`\`\`\n`)).toThrow('README.md:22: ')
})
