import { jobAt, planJob, type Job, type JobOptions, type JobPlan } from './job.ts'
import { listEntry, type ListOverride } from './list-entry.ts'
import type { ServiceFormat } from './services.ts'

/**
 * The task center, which holds the jobs. `elapsedMs` returns the simulated time since the start, which was at the date
 * `startedAt`. `onAdd` is called with each new job and its start.
 */
export function openTaskCenter(
  elapsedMs: () => number,
  startedAt: number,
  { defaults, formatJob }: ServiceFormat,
  onAdd: (plan: JobPlan, since: number) => void = () => undefined,
): TaskCenter {
  const tasks = new Map<string, Task>()
  const overrides = new Map<string, ListOverride>()
  return {
    add: (options = {}, inMs = 0) => {
      const since = elapsedMs() + inMs
      const plan = planJob({ createdAt: startedAt + since, ...defaults, ...options })
      tasks.set(plan.id, { plan, since })
      onAdd(plan, since)
      return plan.id
    },
    remove: (jobId) => tasks.delete(jobId),
    get: (jobId) => {
      const task = tasks.get(jobId)
      return task === undefined ? 'unknown' : jobAt(task.plan, elapsedMs() - task.since, formatJob)
    },
    find: (jobId) => {
      const task = tasks.get(jobId)
      const elapsed = elapsedMs() - (task?.since ?? 0)
      const isFound = task !== undefined && elapsed >= task.plan.notFoundMs
      return isFound ? { plan: task.plan, elapsedMs: elapsed } : undefined
    },
    list: () =>
      [...tasks.values()]
        .reverse()
        .sort((a, b) => b.plan.createdAt - a.plan.createdAt)
        .flatMap(({ plan, since }) => {
          const entry = listEntry(plan, elapsedMs() - since)
          const override = overrides.get(plan.id) ?? {}
          if (entry === 'not-found' || override === 'absent') return []
          return [{ createdAt: plan.createdAt, entry: { ...entry, ...override } }]
        }),
    overrideEntry: (jobId, override) => {
      overrides.set(jobId, override)
    },
    now: () => startedAt + elapsedMs(),
  }
}

export interface TaskCenter {
  /** Adds a job that starts after `inMs` simulated milliseconds, and returns its ID. */
  readonly add: (options?: JobOptions, inMs?: number) => string
  readonly remove: (jobId: string) => void
  readonly get: (jobId: string) => 'unknown' | 'not-found' | Job
  /** Returns a job and the time since its creation; undefined if it is unknown, or not found yet. */
  readonly find: (jobId: string) => { readonly plan: JobPlan; readonly elapsedMs: number } | undefined
  /** The jobs that can be found, newest first. */
  readonly list: () => readonly { readonly createdAt: number; readonly entry: Job }[]
  readonly overrideEntry: (jobId: string, override: ListOverride) => void
  /** The simulated date, in milliseconds since 1970. */
  readonly now: () => number
}

interface Task {
  readonly plan: JobPlan
  /** Simulated milliseconds from the start to the creation of the job. */
  readonly since: number
}
