import {
  instanceBody,
  instanceStatusAt,
  planInstance,
  type InstanceOptions,
  type InstancePlan,
} from './instance.ts'
import type { Address } from './job.ts'

/**
 * The instances. `elapsedMs` returns the simulated time since the start, which was at the date `startedAt`. An instance
 * without a job has the default address unless it has its own.
 */
export function openInstances(
  elapsedMs: () => number,
  { startedAt, projectId, address }: { startedAt: number; projectId: string; address: Address },
): Instances {
  /** By ID: the timelines of an instance, one for itself and for each job, oldest first. */
  const timelines = new Map<string, Timeline[]>()
  const addTimeline = (plan: InstancePlan, since: number): void => {
    timelines.set(plan.id, [...(timelines.get(plan.id) ?? []), { plan, since }])
  }
  return {
    add: (options = {}) => {
      const since = elapsedMs()
      const plan = planInstance({ createdAt: startedAt + since, address, ...options })
      addTimeline(plan, since)
      return plan.id
    },
    addTimeline,
    remove: (id) => timelines.delete(id),
    get: (id) => {
      const all = timelines.get(id) ?? []
      const [first] = all
      const statuses = all.map(({ plan, since }) => instanceStatusAt(plan, elapsedMs() - since))
      if (first === undefined || statuses.includes('absent')) return undefined
      // A job that is running, or a status that stays, hides that another job has finished.
      const status = statuses.findLast((each) => each !== 'ACTIVE') ?? 'ACTIVE'
      const plan = {
        ...first.plan,
        override: Object.assign({}, ...all.map(({ plan: { override } }) => override)) as Fields,
        omit: all.flatMap(({ plan: { omit } }) => omit),
      }
      return instanceBody(plan, status, projectId)
    },
  }
}

export interface Instances {
  /** Adds an instance whose timeline starts now, and returns its ID. */
  readonly add: (options?: InstanceOptions) => string
  /** Adds what a job does to its instance. The timeline starts at a simulated time since the start. */
  readonly addTimeline: (plan: InstancePlan, since: number) => void
  readonly remove: (id: string) => void
  /** The object under `instance` in the response; undefined if the instance does not exist. */
  readonly get: (id: string) => Fields | undefined
}

type Fields = Readonly<Record<string, unknown>>

interface Timeline {
  readonly plan: InstancePlan
  readonly since: number
}
