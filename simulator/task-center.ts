import { jobAt, planJob, type Job, type JobPlan, type JobWish } from './job.ts'

/** The jobs that exist. `elapsedMs` is the simulated time since the start, which was at the date `startedAt`. */
export function openTaskCenter(elapsedMs: () => number, startedAt: number): TaskCenter {
  const tasks = new Map<string, { plan: JobPlan; since: number }>()
  return {
    add: (wish = {}) => {
      const since = elapsedMs()
      const plan = planJob({ createdAt: startedAt + since, ...wish })
      tasks.set(plan.id, { plan, since })
      return plan.id
    },
    remove: (jobId) => tasks.delete(jobId),
    ask: (jobId) => {
      const task = tasks.get(jobId)
      return task === undefined ? 'unknown' : jobAt(task.plan, elapsedMs() - task.since)
    },
  }
}

export interface TaskCenter {
  /** Answers the job's id. */
  readonly add: (wish?: JobWish) => string
  /** As when the record is deleted in the console, or the instance with all its jobs. */
  readonly remove: (jobId: string) => void
  readonly ask: (jobId: string) => 'unknown' | 'hidden' | Job
}
