import type { GetSubTasks } from '../api/sub-tasks.ts'
import { MINUTE } from '../duration.ts'
import type { SubTasksResponse } from '../response.ts'
import type { JudgedTarget, PollTarget } from './poll-target.ts'

/** Between two requests. */
const INTERVAL = 1 * MINUTE

/** The sub-tasks of a job, if it has any. Whatever their requests return, the wait for the job continues. */
export function subTaskTarget(target: JudgedTarget, getSubTasks: GetSubTasks): PollTarget<SubTasksResponse> {
  /** `Infinity` after a request was refused. */
  let nextAt = -Infinity
  return {
    rank: 3,
    retryAt: -Infinity,
    sentAt: Infinity,
    get dueAt() {
      const { job } = target.state
      const hasSubTasks = job?.status.meaning === 'running' && job.nameWithSubTasks !== undefined
      return hasSubTasks && job.instanceId !== undefined ? nextAt : Infinity
    },
    get isOpen() {
      return target.isOpen && this.dueAt < Infinity
    },
    send(signal, at) {
      nextAt = at + INTERVAL
      const { id, job } = target.state
      const { nameWithSubTasks: name = '', instanceId = id } = job ?? {}
      return getSubTasks({ id, name, instanceId }, signal)
    },
    handle(response, at) {
      if (!target.isOpen) return
      if (response.kind === 'sub-tasks') target.updateSubTasks(response.subTasks, at)
      else if (response.kind !== 'transient') nextAt = Infinity
    },
  }
}
