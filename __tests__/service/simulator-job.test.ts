import { describe, expect, test } from '@jest/globals'
import { endOf, jobAt, planJob, type Job, type JobPlan } from '../../simulator/job.ts'

const plan = planJob({
  id: '00000000-0000-4000-8000-000000000001',
  createdAt: Date.parse('2018-08-06T02:41:14Z'),
  notFoundMs: 3_000,
  pendingMs: 2_000,
  runningMs: 100_000,
  instance: { id: 'a48e43ff268f4c0e879652d65e63d0fbin07', name: 'my-database' },
})

function foundAt(of: JobPlan, elapsedMs: number): Job {
  const job = jobAt(of, elapsedMs)
  if (job === 'not-found') throw new Error('the job is not found yet')
  return job
}

describe('a simulated job', () => {
  test('is not found, then pending, then running for the planned times, and then finished', () => {
    const statuses = [0, 2_999, 3_000, 4_999, 5_000, 104_999, 105_000, 9e9].map((elapsedMs) => {
      const job = jobAt(plan, elapsedMs)
      return job === 'not-found' ? 'not-found' : job['status']
    })
    const expected = [
      'not-found',
      'not-found',
      'Pending',
      'Pending',
      'Running',
      'Running',
      'Completed',
      'Completed',
    ]
    expect(statuses).toEqual(expected)
    expect(endOf(plan)).toBe(105_000)
  })

  test('has exactly the fields of the service while it is running', () => {
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

  test('has a progress only while it is running', () => {
    const progress = [3_000, 5_000, 50_000, 104_999, 105_000].map(
      (elapsedMs) => foundAt(plan, elapsedMs)['process'],
    )
    expect(progress).toEqual(['', '0%', '45%', '99%', ''])
  })

  test('ends when its planned times have passed since its creation', () => {
    expect(foundAt(plan, 200_000)).toMatchObject({
      created: '2018-08-06T10:41:14+0800',
      ended: '2018-08-06T10:42:59+0800',
    })
  })

  test('contains the address of the created instance, and no reason, when it has completed', () => {
    const job = foundAt(plan, 105_000)
    expect(job['entities']).toMatchObject({ instance: { endpoint: '192.168.0.10:3306' } })
    expect(job).not.toHaveProperty('fail_reason')
  })

  test('has no entities unless it creates an instance', () => {
    const restart = planJob({ name: 'RebootGaussDBforMySQLInstance' })
    expect(foundAt(restart, endOf(restart))['entities']).toEqual({})
  })

  test('contains a reason only when it has failed', () => {
    const options = { runningMs: 0, failReason: 'The quota is used up.' }
    const failed = planJob({ ...options, outcome: 'Failed' })
    const canceled = planJob({ ...options, outcome: 'Canceled' })
    expect(foundAt(failed, endOf(failed))).toMatchObject({
      status: 'Failed',
      fail_reason: 'The quota is used up.',
    })
    expect(foundAt(canceled, endOf(canceled))['status']).toBe('Canceled')
    expect(foundAt(canceled, endOf(canceled))).not.toHaveProperty('fail_reason')
  })

  test('follows any progress curve, or reports no progress', () => {
    const steps = { ...plan, curve: (fraction: number) => Math.floor(fraction * 4) / 4 }
    expect([5_000, 29_999, 30_000, 104_999].map((ms) => foundAt(steps, ms)['process'])).toEqual([
      '0%',
      '0%',
      '25%',
      '75%',
    ])
    expect(foundAt({ ...plan, curve: () => undefined }, 50_000)['process']).toBe('')
  })

  test('can run forever', () => {
    const endless = planJob({ runningMs: Infinity })
    expect(foundAt(endless, 1e12)).toMatchObject({ status: 'Running', process: '0%' })
  })

  test('can omit any field and override any other', () => {
    const odd = { ...plan, omit: ['ended', 'entities'], override: { status: 'Unauthorized', process: 60 } }
    const job = foundAt(odd, 50_000)
    expect(job).toMatchObject({ status: 'Unauthorized', process: 60 })
    expect(job).not.toHaveProperty('ended')
    expect(job).not.toHaveProperty('entities')
  })

  test('completes within a minute by default', () => {
    expect(endOf(planJob())).toBe(60_000)
    expect(planJob().instance.id).toMatch(/^[0-9a-f]{32}in07$/)
  })
})
