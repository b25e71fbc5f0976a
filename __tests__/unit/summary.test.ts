import { describe, expect, test } from '@jest/globals'
import { chartOf } from '../../src/report/chart.ts'
import { summaryOf } from '../../src/report/summary.ts'
import { jobResponse, transient, unauthorized } from './responses.ts'
import { waitResult } from './wait-results.ts'

const HOUR = 3_600_000

const completed = jobResponse('Completed', {
  name: 'CreateX',
  created: '2026-01-01T00:00:00+0800',
  ended: '2026-01-01T00:05:00+0800',
  instance: { id: 'instance1', name: 'shop' },
  entities: { instance: { endpoint: 'host' } },
})

describe('one job', () => {
  test('that completed shows its facts at a glance, and folds the details', () => {
    const answers = [
      transient(),
      jobResponse('Pending'),
      ...['10%', '40%', '80%'].map((process) => jobResponse('Running', { process })),
      completed,
    ]
    expect(summaryOf([waitResult('a', answers)], HOUR)).toBe(`### ✅ The job completed

| Result | completed |
|:--|:--|
| **Job** | <code>CreateX</code> <code>a</code> |
| **Instance** | <code>shop</code> <code>instance1</code> |
| **Address** | <code>host</code> |
| **Started** | <code>2026-01-01T00&#58;00&#58;00+0800</code> |
| **Ended** | <code>2026-01-01T00&#58;05&#58;00+0800</code> |
| **Duration** | 5m |

\`\`\`mermaid
${chartOf(waitResult('a', answers).state.history, 'green') ?? ''}
\`\`\`

<details><summary>Details</summary>

| After | Status | Progress |
|--:|:--|--:|
| 1m | <code>Pending</code> |  |
| 2m | <code>Running</code> | 10% |
| 5m | <code>Completed</code> | 100% |

**Requests.** 6 asked: 1 × 502, 1 × <code>Pending</code>, 3 × <code>Running</code>, 1 × <code>Completed</code>

**Retries.** 1, after faults

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

  test('that failed shows the reason and what to do next', () => {
    const answers = [
      jobResponse('Running', { process: '40%' }),
      jobResponse('Failed', { fail_reason: 'no quota' }),
    ]
    expect(summaryOf([waitResult('a', answers)], HOUR)).toBe(`### ❌ The job failed

| Result | failed |
|:--|:--|
| **Progress** | 40% |
| **Job** | <code>a</code> |
| **Reason** | <code>no quota</code> |

**What to do next.** The task center in the console tells more. Look at the instance before you run the step that made the job again: what the job has done so far is not undone.

<details><summary>Details</summary>

| After | Status | Progress |
|--:|:--|--:|
| 0s | <code>Running</code> | 40% |
| 1m | <code>Failed</code> | 40% |

**Requests.** 2 asked: 1 × <code>Running</code>, 1 × <code>Failed</code>

**Retries.** none

</details>
`)
  })

  test('that was never seen says why', () => {
    const summary = summaryOf([waitResult('a', [transient()])], HOUR)
    expect(summary).toContain('### ⏱️ The wait timed out')
    expect(summary).toContain('The last fault: HTTP 502')
    expect(summary).not.toContain('**Status**')
    expect(summary).not.toContain('| After |')
  })

  test('that is not over shows its last status', () => {
    const summary = summaryOf([waitResult('a', [jobResponse('Running', { process: '40%' })])], HOUR)
    expect(summary).toContain('| Result | timed-out |\n|:--|:--|\n| **Status** | <code>Running</code> |')
  })

  test('with many changes of status shows the newest, and counts the others', () => {
    const answers = Array.from({ length: 60 }, (_, index) => jobResponse(index % 2 === 0 ? 'Odd' : 'Even'))
    const summary = summaryOf([waitResult('a', answers)], HOUR)
    expect(summary.match(/^\| \d+[hms]/gm)).toHaveLength(40)
    expect(summary).toContain('| 59m | <code>Even</code> |')
    expect(summary).toContain('20 earlier changes of status are left out.')
  })

  test('with long entities says where they are', () => {
    const answer = jobResponse('Completed', { entities: { a: 'x'.repeat(20_000) } })
    expect(summaryOf([waitResult('a', [answer])], HOUR)).toContain('see the output entities')
  })
})

describe('several jobs', () => {
  const failed = jobResponse('Failed', { fail_reason: 'no quota' })

  test('have a row each, those that did not complete first', () => {
    const summary = summaryOf(
      [waitResult('a', [completed]), waitResult('b', [failed]), waitResult('c', [unauthorized])],
      HOUR,
    )
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
    expect(summary).toContain('- **The credentials were refused.** ')
  })

  test('have no column for what is known of none', () => {
    const done = jobResponse('Completed')
    const summary = summaryOf([waitResult('a', [done]), waitResult('b', [done])], HOUR)
    expect(summary).toContain('| Result | Job |\n|:--|:--|\n| ✅\u00A0completed | <code>a</code> |\n')
  })

  test('that all completed say so', () => {
    expect(summaryOf([waitResult('a', [completed]), waitResult('b', [completed])], HOUR)).toContain(
      '### ✅ 2 of 2 jobs completed',
    )
  })

  test('stay below 1 MiB, however many and hostile, and the rest is counted', () => {
    const nasty = '<'.repeat(10_000)
    const hostile = jobResponse('Failed', {
      name: nasty,
      fail_reason: nasty,
      instance: { id: nasty, name: nasty },
    })
    const summary = summaryOf(
      Array.from({ length: 500 }, (_, index) => waitResult(`j${index}`, [hostile])),
      HOUR,
    )
    expect(Buffer.byteLength(summary)).toBeLessThan(1_048_576)
    expect(summary).toMatch(/… and \d+ more\./)
  })
})
