import { jobAt, type Job, type JobPlan } from './job.ts'

/**
 * The job as the task center's list tells it `elapsedMs` after it was created. Fields as in the vendor's SDK 3.1.219,
 * TaskDetailInfo. Guesses: `process` is the jobs call's `60%`, and what is not there is null, as `extend_fields` is.
 */
export function listEntry(plan: JobPlan, elapsedMs: number): 'hidden' | Job {
  const job = jobAt(plan, elapsedMs)
  if (job === 'hidden') return 'hidden'
  return {
    instance_id: plan.instance.id,
    instance_name: plan.instance.name,
    instance_status: instanceStatus(plan, job['status']),
    job_id: plan.id,
    order_id: plan.orderId ?? null,
    job_name: job['name'],
    status: job['status'],
    process: job['process'],
    created_time: job['created'],
    ended_time: job['ended'],
    fail_reason: job['fail_reason'] ?? null,
    show_detail: false,
    extend_fields: null,
  }
}

/** What an entry says instead of the truth, or that it is left out. */
export type ListLie = Job | 'absent'

/** One of the SDK's createfail, creating, normal, abnormal and deleted. */
function instanceStatus({ name }: JobPlan, status: unknown): string {
  if (!name.startsWith('Create') || status === 'Completed') return 'normal'
  return status === 'Failed' || status === 'Canceled' ? 'createfail' : 'creating'
}
