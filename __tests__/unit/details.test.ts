import { expect, test } from '@jest/globals'
import { printDetails } from '../../src/report/log.ts'
import { outputsOf } from '../../src/report/outputs.ts'
import { jobResponse, transient } from './responses.ts'
import { noSecrets } from './text.ts'
import { explained, waitResult } from './wait-results.ts'

function detailsOf(ids: readonly string[], reason = 'no quota'): string[] {
  const lines: string[] = []
  const print = (line: string) => lines.push(line)
  const printer = {
    info: print,
    startGroup: (name: string) => print(`▾ ${name}`),
    endGroup: () => print('▴'),
  }
  const failed = jobResponse('Failed', { fail_reason: reason })
  const results = ids.map((id) => waitResult(id, [transient(), failed]))
  printDetails(results, outputsOf(explained(results)), 7, printer, noSecrets)
  return lines
}

test('the details are a group with the requests, the responses, and each output on one short line', () => {
  const lines = detailsOf(['a'], `##[error]\n${'x'.repeat(1_000)}`)
  expect(lines.slice(0, 5)).toEqual([
    '▾ Details',
    'Requests sent: 7',
    'job a: 2 requests: 1 × 502, 1 × Failed',
    'output status: Failed',
    'output result: failed',
  ])
  expect(lines).toContain(`output fail-reason: ## [error] ${'x'.repeat(289)}…`)
  expect(lines.filter((line) => line.startsWith('output '))).toHaveLength(18)
  expect(lines.at(-1)).toBe('▴')
})

test('the responses of ten jobs are listed, and the other jobs are counted', () => {
  const lines = detailsOf(Array.from({ length: 12 }, (_, index) => `j${index}`))
  expect(lines.filter((line) => line.startsWith('job '))).toHaveLength(10)
  expect(lines).toContain('and 2 more')
})
