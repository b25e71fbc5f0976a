import { describe, expect, test } from '@jest/globals'
import { summaryOf } from '../../src/report/summary.ts'
import { jobAnswer, tryAgain, unauthorized } from './answers.ts'
import { waitedFor } from './waited.ts'

const HOUR = 3_600_000

const completed = jobAnswer('Completed', {
  name: 'CreateX',
  created: '2026-01-01T00:00:00+0800',
  ended: '2026-01-01T00:05:00+0800',
  instance: { id: 'instance1', name: 'shop' },
  entities: { instance: { endpoint: 'host' } },
})

describe('one job', () => {
  test('that completed shows its facts at a glance', () => {
    const summary = summaryOf([waitedFor('a', [jobAnswer('Running', { process: '40%' }), completed])], HOUR)
    for (const part of [
      '### ✅ The job completed',
      '| **Job** | <code>CreateX</code> <code>a</code> |',
      '| **Result** | completed |',
      '| **Progress** | ████████████████████ 100% |',
      '| **Instance** | <code>shop</code> <code>instance1</code> |',
      '| **Address** | <code>host</code> |',
      '| **Duration** | 5m |',
      '| **Requests** | 2 asked: 1 × <code>Running</code>, 1 × <code>Completed</code> |',
      '| 0s | <code>Running</code> | ████████░░░░░░░░░░░░ | 40% |',
      '| 1m | <code>Completed</code> | ████████████████████ | 100% |',
    ]) {
      expect(summary).toContain(part)
    }
    expect(summary).not.toContain('What to do next')
  })

  test('that failed shows the reason and what to do next', () => {
    const summary = summaryOf([waitedFor('a', [jobAnswer('Failed', { fail_reason: 'no quota' })])], HOUR)
    expect(summary).toContain('### ❌ The job failed')
    expect(summary).toContain('| **Reason** | <code>no quota</code> |')
    expect(summary).toContain('**What to do next.** The task center')
  })

  test('that was never seen says why', () => {
    const summary = summaryOf([waitedFor('a', [tryAgain()])], HOUR)
    expect(summary).toContain('### ⏱️ The wait timed out')
    expect(summary).toContain('The last fault: HTTP 502')
    expect(summary).not.toContain('**Status**')
    expect(summary).not.toContain('Progress over time')
  })

  test('with a long history shows some of it, its last point too', () => {
    const answers = Array.from({ length: 190 }, (_, index) =>
      jobAnswer('Running', { process: `${index % 100}%` }),
    )
    const summary = summaryOf([waitedFor('a', answers)], HOUR)
    expect(summary.match(/^\| \d+[hms]/gm)?.length).toBeLessThanOrEqual(41)
    expect(summary).toContain('| 3h9m | <code>Running</code> |')
  })
})

describe('several jobs', () => {
  const failed = jobAnswer('Failed', { fail_reason: 'no quota' })

  test('have a row each, those that did not complete first', () => {
    const summary = summaryOf(
      [waitedFor('a', [completed]), waitedFor('b', [failed]), waitedFor('c', [unauthorized])],
      HOUR,
    )
    expect(summary).toContain('### ❌ 1 of 3 jobs completed')
    expect(summary.match(/<code>[abc]<\/code>/g)).toEqual([
      '<code>b</code>',
      '<code>c</code>',
      '<code>a</code>',
    ])
    expect(summary).toContain('<code>no quota</code>')
    expect(summary).toContain('HTTP 401 APIGW.0301')
    expect(summary).toContain('- **The job failed.** ')
    expect(summary).toContain('- **The credentials were refused.** ')
  })

  test('that all completed say so', () => {
    expect(summaryOf([waitedFor('a', [completed]), waitedFor('b', [completed])], HOUR)).toContain(
      '### ✅ 2 of 2 jobs completed',
    )
  })

  test('stay below 1 MiB, however many and hostile, and the rest is counted', () => {
    const nasty = '<'.repeat(10_000)
    const hostile = jobAnswer('Failed', {
      name: nasty,
      fail_reason: nasty,
      instance: { id: nasty, name: nasty },
    })
    const summary = summaryOf(
      Array.from({ length: 500 }, (_, index) => waitedFor(`j${index}`, [hostile])),
      HOUR,
    )
    expect(Buffer.byteLength(summary)).toBeLessThan(1_048_576)
    expect(summary).toMatch(/… and \d+ more\./)
  })
})
