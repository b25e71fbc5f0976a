import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { examplesOf as read, type Example } from '../../tools/examples.ts'

/** How `npm run lint:workflow` turns the YAML blocks of the documents into workflows. */

const examplesOf = (markdown: string): Example[] => read(markdown, 'README.md')
const filler = 'One.\n\n'.repeat(10)
const steps = '```yaml\n- id: wait\n  uses: x/y@v1\n```\n'

function lineOf(text: string, part: string): number {
  return text.split('\n').findIndex((line) => line.includes(part))
}

test('a complete workflow stays unchanged, on the same lines', () => {
  const document = `${filler}\`\`\`yaml\non: push\njobs: {}\n\`\`\`\n`
  const [example] = examplesOf(document)
  expect(example?.workflow.trim()).toBe('on: push\njobs: {}')
  expect(lineOf(example?.workflow ?? '', 'on: push')).toBe(lineOf(document, 'on: push'))
  expect(example?.line).toBe(lineOf(document, 'on: push') + 1)
})

test('steps become those of a job, on the same lines', () => {
  const document = filler + steps
  const [example] = examplesOf(document)
  expect(parse(example?.workflow ?? '')).toMatchObject({
    on: 'workflow_dispatch',
    jobs: { example: { steps: [{ id: 'create' }, { id: 'wait', uses: 'x/y@v1' }] } },
  })
  expect(lineOf(example?.workflow ?? '', 'uses: x/y')).toBe(lineOf(document, 'uses: x/y'))
})

test('steps that refer to a wait in an earlier block get one', () => {
  const deploy = '```yaml\n- env:\n    RESULT: ${{ steps.wait.outputs.result }}\n  run: echo\n```\n'
  const stepsOf = (markdown: string) => {
    const workflow = parse(examplesOf(markdown)[0]?.workflow ?? '') as {
      jobs: { example: { steps: { id?: string }[] } }
    }
    return workflow.jobs.example.steps.map(({ id }) => id)
  }
  expect(stepsOf(deploy)).toEqual(['create', 'wait', undefined])
  expect(stepsOf(steps.replace('```\n', '') + deploy.replace('```yaml\n', ''))).toEqual([
    'create',
    'wait',
    undefined,
  ])
})

test('permissions become those of a workflow', () => {
  const [example] = examplesOf(`${filler}\`\`\`yaml\npermissions:\n  contents: read\n\`\`\`\n`)
  expect(parse(example?.workflow ?? '')).toMatchObject({ permissions: { contents: 'read' }, jobs: {} })
})

test('blocks in lists are examples, and blocks in other languages are not', () => {
  const inList = `1. So:\n\n   ${steps.replaceAll('\n', '\n   ')}`
  expect(examplesOf(`${filler}${inList}\n\n\`\`\`sh\nnpm ci\n\`\`\`\n`)).toHaveLength(1)
})

test('YAML that is not a part of a workflow is an error with file and line', () => {
  expect(() => examplesOf(`${filler}\`\`\`yaml\nname: x\n\`\`\`\n`)).toThrow('README.md:22: ')
})
