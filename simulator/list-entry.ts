import { jobAt, type Job, type JobPlan } from './job.ts'
import { jobsWithSubTasks } from './sub-tasks.ts'

/**
 * The job as the job list of the task center contains it `elapsedMs` after its creation. Source of the fields: the
 * vendor's SDK 3.1.219, TaskDetailInfo. Two assumptions: `process` has the jobs API's format (`60%`), and missing
 * values are null, as `extend_fields` is.
 */
export function listEntry(plan: JobPlan, elapsedMs: number): 'not-found' | Job {
  const job = jobAt(plan, elapsedMs)
  if (job === 'not-found') return 'not-found'
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
    show_detail: jobsWithSubTasks.includes(plan.name),
    extend_fields: null,
  }
}

/** Fields that replace those of an entry, or `absent`: the list does not contain the job. */
export type ListOverride = Job | 'absent'

/** The SDK documents createfail, creating, normal, abnormal, and deleted. */
function instanceStatus({ name }: JobPlan, status: unknown): string {
  if (!name.startsWith('Create') || status === 'Completed') return 'normal'
  return status === 'Failed' || status === 'Canceled' ? 'createfail' : 'creating'
}
