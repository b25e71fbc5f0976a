import { jobAt, planJob, type Job, type JobPlan, type JobWish } from './job.ts'
import { listEntry, type ListLie } from './list-entry.ts'
import type { Dialect } from './services.ts'

/** The jobs that exist. `elapsedMs` is the simulated time since the start, which was at the date `startedAt`. */
export function openTaskCenter(elapsedMs: () => number, startedAt: number, dialect: Dialect): TaskCenter {
  const tasks = new Map<string, Task>()
  const lies = new Map<string, ListLie>()
  return {
    add: (wish = {}, inMs = 0) => {
      const since = elapsedMs() + inMs
      const plan = planJob({ createdAt: startedAt + since, ...dialect.usual, ...wish })
      tasks.set(plan.id, { plan, since })
      return plan.id
    },
    remove: (jobId) => tasks.delete(jobId),
    ask: (jobId) => {
      const task = tasks.get(jobId)
      return task === undefined ? 'unknown' : jobAt(task.plan, elapsedMs() - task.since, dialect.tell)
    },
    list: () =>
      [...tasks.values()]
        .reverse()
        .sort((a, b) => b.plan.createdAt - a.plan.createdAt)
        .flatMap(({ plan, since }) => {
          const entry = listEntry(plan, elapsedMs() - since)
          const lie = lies.get(plan.id) ?? {}
          if (entry === 'hidden' || lie === 'absent') return []
          return [{ createdAt: plan.createdAt, entry: { ...entry, ...lie } }]
        }),
    lie: (jobId, lie) => {
      lies.set(jobId, lie)
    },
    now: () => startedAt + elapsedMs(),
  }
}

export interface TaskCenter {
  /** Answers the id of the job, which begins after so many simulated ms. */
  readonly add: (wish?: JobWish, inMs?: number) => string
  /** As when the record is deleted in the console, or the instance with all its jobs. */
  readonly remove: (jobId: string) => void
  readonly ask: (jobId: string) => 'unknown' | 'hidden' | Job
  /** The jobs that are not hidden, the newest first. */
  readonly list: () => readonly { readonly createdAt: number; readonly entry: Job }[]
  /** What the list says of a job from now on. */
  readonly lie: (jobId: string, lie: ListLie) => void
  /** The simulated date, in milliseconds since 1970. */
  readonly now: () => number
}

interface Task {
  readonly plan: JobPlan
  /** Simulated milliseconds from the start to the job's creation. */
  readonly since: number
}
