import { describe, expect, test } from '@jest/globals'
import { endOf, jobAt, planJob, type Job, type JobPlan } from '../../simulator/job.ts'

const plan = planJob({
  id: '00000000-0000-4000-8000-000000000001',
  createdAt: Date.parse('2018-08-06T02:41:14Z'),
  hiddenMs: 3_000,
  pendingMs: 2_000,
  runningMs: 100_000,
  instance: { id: 'a48e43ff268f4c0e879652d65e63d0fbin07', name: 'my-database' },
})

function seen(of: JobPlan, elapsedMs: number): Job {
  const job = jobAt(of, elapsedMs)
  if (job === 'hidden') throw new Error('the job is hidden')
  return job
}

describe('the life of a simulated job', () => {
  test('is hidden, then pending, then running, then over, each for its time', () => {
    const statuses = [0, 2_999, 3_000, 4_999, 5_000, 104_999, 105_000, 9e9].map((elapsedMs) => {
      const job = jobAt(plan, elapsedMs)
      return job === 'hidden' ? 'hidden' : job['status']
    })
    const life = ['hidden', 'hidden', 'Pending', 'Pending', 'Running', 'Running', 'Completed', 'Completed']
    expect(statuses).toEqual(life)
    expect(endOf(plan)).toBe(105_000)
  })

  test('tells a running job exactly as the service does', () => {
    expect(jobAt(plan, 65_000)).toEqual({
      id: '00000000-0000-4000-8000-000000000001',
      name: 'CreateGaussDBforMySQLInstance',
      status: 'Running',
      created: '2018-08-06T10:41:14+0800',
      ended: '',
      process: '60%',
      instance: { id: 'a48e43ff268f4c0e879652d65e63d0fbin07', name: 'my-database' },
      entities: {},
    })
  })

  test('tells progress only while it is running', () => {
    const progress = [3_000, 5_000, 50_000, 104_999, 105_000].map(
      (elapsedMs) => seen(plan, elapsedMs)['process'],
    )
    expect(progress).toEqual(['', '0%', '45%', '99%', ''])
  })

  test('has ended at its creation plus its whole length', () => {
    expect(seen(plan, 200_000)).toMatchObject({
      created: '2018-08-06T10:41:14+0800',
      ended: '2018-08-06T10:42:59+0800',
    })
  })

  test('tells the address of a created instance, and no reason, once it completed', () => {
    const job = seen(plan, 105_000)
    expect(job['entities']).toMatchObject({ instance: { endpoint: '192.168.0.10:3306' } })
    expect(job).not.toHaveProperty('fail_reason')
  })

  test('has no entities when it creates nothing', () => {
    const restart = planJob({ name: 'RebootGaussDBforMySQLInstance' })
    expect(seen(restart, endOf(restart))['entities']).toEqual({})
  })

  test('tells the reason only of a failure', () => {
    const wish = { runningMs: 0, failReason: 'The quota is used up.' }
    const failed = planJob({ ...wish, outcome: 'Failed' })
    const canceled = planJob({ ...wish, outcome: 'Canceled' })
    expect(seen(failed, endOf(failed))).toMatchObject({
      status: 'Failed',
      fail_reason: 'The quota is used up.',
    })
    expect(seen(canceled, endOf(canceled))['status']).toBe('Canceled')
    expect(seen(canceled, endOf(canceled))).not.toHaveProperty('fail_reason')
  })

  test('follows any curve of progress, or tells none', () => {
    const steps = { ...plan, curve: (fraction: number) => Math.floor(fraction * 4) / 4 }
    expect([5_000, 29_999, 30_000, 104_999].map((ms) => seen(steps, ms)['process'])).toEqual([
      '0%',
      '0%',
      '25%',
      '75%',
    ])
    expect(seen({ ...plan, curve: () => undefined }, 50_000)['process']).toBe('')
  })

  test('can run for ever', () => {
    const endless = planJob({ runningMs: Infinity })
    expect(seen(endless, 1e12)).toMatchObject({ status: 'Running', process: '0%' })
  })

  test('can leave out any field and say anything in any other', () => {
    const odd = { ...plan, omit: ['ended', 'entities'], override: { status: 'Unauthorized', process: 60 } }
    const job = seen(odd, 50_000)
    expect(job).toMatchObject({ status: 'Unauthorized', process: 60 })
    expect(job).not.toHaveProperty('ended')
    expect(job).not.toHaveProperty('entities')
  })

  test('completes within a minute when nothing is wished for', () => {
    expect(endOf(planJob())).toBe(60_000)
    expect(planJob().instance.id).toMatch(/^[0-9a-f]{32}in07$/)
  })
})
