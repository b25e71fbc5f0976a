import type { GetSubTasks } from '../api/sub-tasks.ts'
import { MINUTE } from '../duration.ts'
import type { SubTasksResponse } from '../response.ts'
import type { JobTarget } from './job-target.ts'
import type { PollTarget } from './poll-target.ts'

/** Between two requests. */
const INTERVAL = 1 * MINUTE

/** The sub-tasks of a job, if it has any. Whatever their requests return, the wait for the job continues. */
export class SubTaskTarget implements PollTarget<SubTasksResponse> {
  readonly rank = 3
  /** They need no final poll. */
  readonly sentAt = Infinity
  retryAt = -Infinity
  readonly #job: JobTarget
  readonly #getSubTasks: GetSubTasks
  #nextAt = -Infinity
  #isRefused = false

  constructor(job: JobTarget, getSubTasks: GetSubTasks) {
    this.#job = job
    this.#getSubTasks = getSubTasks
  }

  get isOpen(): boolean {
    return this.#job.isOpen && !this.#isRefused && this.dueAt < Infinity
  }

  get dueAt(): number {
    const { job } = this.#job.state
    const hasSubTasks = job?.status.meaning === 'running' && job.nameWithSubTasks !== undefined
    return hasSubTasks && job.instanceId !== undefined ? this.#nextAt : Infinity
  }

  send(at: number, signal: AbortSignal): Promise<SubTasksResponse> {
    this.#nextAt = at + INTERVAL
    const { id, job } = this.#job.state
    const { nameWithSubTasks: name = '', instanceId = id } = job ?? {}
    return this.#getSubTasks({ id, name, instanceId }, signal)
  }

  handle(response: SubTasksResponse, at: number): void {
    if (!this.#job.isOpen) return
    if (response.kind === 'sub-tasks') this.#job.updateSubTasks(response.subTasks, at)
    else this.#isRefused = response.kind !== 'transient'
  }
}
