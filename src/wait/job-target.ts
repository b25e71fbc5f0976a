import type { Job } from '../api/job.ts'
import type { GetJob } from '../api/jobs.ts'
import type { Id } from '../id.ts'
import { initialState } from '../judge/judge.ts'
import type { SubTask } from '../response.ts'
import { JudgedTarget, type JudgedOptions } from './judged-target.ts'
import { nextPollAt } from './poll-target.ts'

/** One job, polled by its ID until it is terminal. */
export class JobTarget extends JudgedTarget {
  constructor(id: Id, dueAt: number, getJob: GetJob, options: JudgedOptions) {
    super(initialState(id), dueAt, (signal) => getJob(id, signal), options)
  }

  /** Takes over status and progress from the job list, which never end the wait. */
  updateFromList(job: Job, at: number): void {
    this.update({ kind: 'job', job, isFromList: true }, at)
  }

  updateSubTasks(list: readonly SubTask[], at: number): void {
    this.state = { ...this.state, subTasks: { list, at } }
    this.report(nextPollAt(this, this.options.deadline))
  }
}
