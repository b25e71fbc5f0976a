import { endOf, type JobPlan } from './job.ts'

/** The jobs that have sub-tasks. Source: the API reference of TaurusDB, ShowTaskDetails, `job_name`. */
export const jobsWithSubTasks: readonly string[] = [
  'RestoreTaurusInInstanceToExisted',
  'RestoreTaurusInInstanceToCurrent',
  'RestoreGaussDBforMySQLNewInstance',
  'RestoreTableTaurus',
]

/**
 * The response about the sub-tasks of a job `elapsedMs` after its creation. A pure function, as `jobAt` is. Source of the
 * fields: the vendor's SDK 3.1.219, ShowTaskDetailsResponse; all values are text. No example is published, so these are
 * assumptions: the names, that sub-tasks run one after another, each for its share of the job's running time, and that those
 * of a failed or canceled job stay as they were before its end.
 */
export function subTasksAt(plan: JobPlan, elapsedMs: number): Fields {
  const {
    subTasks = defaultSubTasks,
    override = {},
    omit = [],
    entryOverride,
    entryOmit,
  } = plan.subTaskBehavior
  const runsFromMs = plan.notFoundMs + plan.pendingMs
  const nowMs = plan.outcome === 'Completed' ? elapsedMs : Math.min(elapsedMs, endOf(plan) - 1)
  const isCompleted = plan.outcome === 'Completed' && elapsedMs >= endOf(plan)
  const sharesTotal = subTasks.reduce((sum, { share = 1 }) => sum + share, 0)
  let startsAtMs = runsFromMs
  const list = subTasks.map(({ name, share = 1 }) => {
    const durationMs = (plan.runningMs * share) / sharesTotal
    const doneMs = nowMs - startsAtMs
    startsAtMs += durationMs
    const state = isCompleted ? completed : progressOf(doneMs, durationMs)
    return change({ sub_task_name: name, ...state }, entryOverride, entryOmit)
  })
  const fields = {
    instance_id: plan.instance.id,
    instance_name: plan.instance.name,
    job_id: plan.id,
    job_name: plan.name,
    status: isCompleted ? 'Completed' : nowMs < runsFromMs ? 'Pending' : 'Running',
    sub_task_list: list,
  }
  return change(fields, override, omit)
}

/** Which sub-tasks a job has, and how the response about them differs from the default. */
export interface SubTaskBehavior {
  readonly subTasks?: readonly SubTaskPlan[]
  /** Fields that replace or extend those of the response: any name, any value. */
  readonly override?: Fields
  /** Fields that the response does not contain. */
  readonly omit?: readonly string[]
  /** The same for each sub-task. */
  readonly entryOverride?: Fields
  readonly entryOmit?: readonly string[]
}

export interface SubTaskPlan {
  readonly name: string
  /** The share of the job's running time, relative to the other sub-tasks; 1 by default. */
  readonly share?: number
}

const defaultSubTasks: readonly SubTaskPlan[] = [
  { name: 'PrepareInstance', share: 2 },
  { name: 'RestoreFullBackup', share: 11 },
  { name: 'RestoreIncrementalBackup', share: 6 },
  { name: 'StartInstance', share: 1 },
]

type Fields = Readonly<Record<string, unknown>>

const completed = { percent: '100', status: 'Completed', remaining_time: '0' }

/** A sub-task that has been running for `doneMs` of `durationMs`; below 0, it has not started yet. */
function progressOf(doneMs: number, durationMs: number): Fields {
  if (doneMs < 0) return { percent: '0', status: 'Pending', remaining_time: seconds(durationMs) }
  if (doneMs >= durationMs) return completed
  const percent = Math.floor((doneMs / durationMs) * 100)
  return { percent: String(percent), status: 'Running', remaining_time: seconds(durationMs - doneMs) }
}

/** Empty for a job that never ends. */
function seconds(ms: number): string {
  return Number.isFinite(ms) ? String(Math.ceil(ms / 1000)) : ''
}

function change(fields: Fields, override: Fields = {}, omit: readonly string[] = []): Fields {
  const changed = { ...fields, ...override }
  return Object.fromEntries(Object.entries(changed).filter(([name]) => !omit.includes(name)))
}
