import { describe, expect, test } from '@jest/globals'
import { chartOf } from '../../src/report/chart.ts'
import { summaryOf as summaryOfExplained, summaryOfAnnotation } from '../../src/report/summary.ts'
import type { WaitResult } from '../../src/wait/wait.ts'
import { jobResponse, transient, unauthorized } from './responses.ts'
import { untrusted } from './text.ts'
import { explained, waitResult } from './wait-results.ts'

const summaryOf = (results: readonly WaitResult[]) => summaryOfExplained(explained(results))

const completed = jobResponse('Completed', {
  name: 'CreateX',
  created: '2026-01-01T00:00:00+0800',
  ended: '2026-01-01T00:05:00+0800',
  instance: { id: 'instance1', name: 'shop' },
  entities: { instance: { endpoint: 'host' } },
})

describe('one job', () => {
  test('that completed has a table of facts and folded details', () => {
    const responses = [
      transient(),
      jobResponse('Pending'),
      ...['10%', '40%', '80%'].map((process) => jobResponse('Running', { process })),
      completed,
    ]
    expect(summaryOf([waitResult('a', responses)])).toBe(`### ✅ The job completed

| Result | completed |
|:--|:--|
| **Job** | <code>CreateX</code> <code>a</code> |
| **Instance** | <code>shop</code> <code>instance1</code> |
| **Address** | <code>host</code> |
| **Created** | <code>2026-01-01T00&#58;00&#58;00+0800</code> |
| **Ended** | <code>2026-01-01T00&#58;05&#58;00+0800</code> |
| **Duration** | 5m |

\`\`\`mermaid
${chartOf(waitResult('a', responses).state.history, 'green') ?? ''}
\`\`\`

<details><summary>Details</summary>

| After | Status | Progress |
|--:|:--|--:|
| 1m | <code>Pending</code> |  |
| 2m | <code>Running</code> | 10% |
| 5m | <code>Completed</code> | 100% |

6 requests: 1 × 502, 1 × <code>Pending</code>, 3 × <code>Running</code>, 1 × <code>Completed</code>

Retries after errors: 1

**Entities.**

\`\`\`json
{
  "instance": {
    "endpoint": "host"
  }
}
\`\`\`

</details>
`)
  })

  test('that failed has the reason and the next steps', () => {
    const responses = [
      jobResponse('Running', { process: '40%' }),
      jobResponse('Failed', { fail_reason: 'no quota' }),
    ]
    expect(summaryOf([waitResult('a', responses)])).toBe(`### ❌ The job failed

| Result | failed |
|:--|:--|
| **Progress** | 40% |
| **Job** | <code>a</code> |
| **Reason** | <code>no quota</code> |

**Next steps.** For details, see the task center in the console. Before you rerun the step that created the job, check the instance: changes that the job already made may not be rolled back.

<details><summary>Details</summary>

| After | Status | Progress |
|--:|:--|--:|
| 0s | <code>Running</code> | 40% |
| 1m | <code>Failed</code> | 40% |

2 requests: 1 × <code>Running</code>, 1 × <code>Failed</code>

Retries after errors: 0

</details>
`)
  })

  test('without a status has the last error', () => {
    const summary = summaryOf([waitResult('a', [transient()])])
    expect(summary).toContain('### ⏱️ The wait timed out')
    expect(summary).toContain('Last error: HTTP 502')
    expect(summary).not.toContain('**Status**')
    expect(summary).not.toContain('| After |')
  })

  test('that did not finish has its last status', () => {
    const summary = summaryOf([waitResult('a', [jobResponse('Running', { process: '40%' })])])
    expect(summary).toContain('| Result | timed-out |\n|:--|:--|\n| **Status** | <code>Running</code> |')
  })

  test('with many status changes shows the newest and counts the others', () => {
    const responses = Array.from({ length: 60 }, (_, index) => jobResponse(index % 2 === 0 ? 'Odd' : 'Even'))
    const summary = summaryOf([waitResult('a', responses)])
    expect(summary.match(/^\| \d+[hms]/gm)).toHaveLength(40)
    expect(summary).toContain('| 59m | <code>Even</code> |')
    expect(summary).toContain('20 earlier status changes are not shown.')
  })

  test('with long entities refers to the output', () => {
    const response = jobResponse('Completed', { entities: { a: 'x'.repeat(20_000) } })
    expect(summaryOf([waitResult('a', [response])])).toContain('see the output entities')
  })
})

describe('several jobs', () => {
  const failed = jobResponse('Failed', { fail_reason: 'no quota' })

  test('have a row each, starting with those that did not complete', () => {
    const summary = summaryOf([
      waitResult('a', [completed]),
      waitResult('b', [failed]),
      waitResult('c', [unauthorized]),
    ])
    expect(summary).toContain('### ❌ 1 of 3 jobs completed')
    expect(summary.match(/<code>[abc]<\/code>/g)).toEqual([
      '<code>b</code>',
      '<code>c</code>',
      '<code>a</code>',
    ])
    expect(summary).toContain('| Result | Job | Instance | Duration |\n|:--|:--|:--|--:|\n')
    expect(summary).toContain('| ❌\u00A0failed <code>no quota</code> | <code>b</code> |')
    expect(summary).toContain('HTTP 401 APIGW.0301')
    expect(summary).toContain('- **The job failed.** ')
    expect(summary).toContain('- **Authentication failed.** ')
  })

  test('have no column that would be empty', () => {
    const completed = jobResponse('Completed')
    const summary = summaryOf([waitResult('a', [completed]), waitResult('b', [completed])])
    expect(summary).toContain('| Result | Job |\n|:--|:--|\n| ✅\u00A0completed | <code>a</code> |\n')
  })

  test('that all completed have a heading with the count', () => {
    expect(summaryOf([waitResult('a', [completed]), waitResult('b', [completed])])).toContain(
      '### ✅ 2 of 2 jobs completed',
    )
  })

  test('stay below 1 MiB even with hostile text, and the omitted rows are counted', () => {
    const nasty = '<'.repeat(10_000)
    const hostile = jobResponse('Failed', {
      name: nasty,
      fail_reason: nasty,
      instance: { id: nasty, name: nasty },
    })
    const summary = summaryOf(Array.from({ length: 500 }, (_, index) => waitResult(`j${index}`, [hostile])))
    expect(Buffer.byteLength(summary)).toBeLessThan(1_048_576)
    expect(summary).toMatch(/… and \d+ more\./)
  })
})

test('a job with sub-tasks has a table of them, and an empty list has none', () => {
  const result = waitResult('a', [jobResponse('Running')])
  const list = [
    { name: untrusted('Restore|data'), status: untrusted('Running'), progress: 40, remaining: 300_000 },
    { name: untrusted('Verify'), status: untrusted('Pending'), progress: undefined, remaining: undefined },
  ]
  const withSubTasks = (subTasks: typeof list) =>
    summaryOf([{ ...result, state: { ...result.state, subTasks: { list: subTasks, at: 60_000 } } }])
  expect(withSubTasks(list)).toContain(`

| Sub-task, last seen after 1m | Status | Progress | Remaining |
|:--|:--|--:|--:|
| <code>Restore&#124;data</code> | <code>Running</code> | 40% | 5m |
| <code>Verify</code> | <code>Pending</code> |  |  |

<details>`)
  expect(withSubTasks([])).toBe(summaryOf([result]))
})

test('a step without a wait has a summary of its error', () => {
  const annotation = { title: 'Invalid inputs', lines: [['- a: x.'], ['- b: y.']], nextSteps: 'Fix them.' }
  expect(summaryOfAnnotation(annotation)).toBe('### ⚠️ Invalid inputs\n\n- a: x.\n- b: y.\n\nFix them.\n')
})
