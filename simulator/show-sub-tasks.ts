import type { Cloud } from './cloud.ts'
import { json, type ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'
import { jobNotFound, parameterError } from './service-errors.ts'
import { instanceIdIn } from './show-instance.ts'
import { jobsWithSubTasks, subTasksAt } from './sub-tasks.ts'

/**
 * GET /v3/{project_id}/instances/{instance_id}/task-center-detail?job_id=…&job_name=…: the sub-tasks of a restore job, only
 * of TaurusDB. Which errors the service returns is not documented.
 */
export function showSubTasks(request: ApiRequest, cloud: Cloud): ApiResponse {
  const { job_id: jobId, job_name: jobName = '' } = request.query
  if (jobId === undefined || !jobsWithSubTasks.includes(jobName)) return parameterError(request)
  const task = cloud.tasks.find(jobId)
  const { id, instance, name } = task?.plan ?? {}
  const isFound = name === jobName && instance?.id === instanceIdIn(request)
  return task !== undefined && id !== undefined && isFound
    ? json(200, subTasksAt(task.plan, task.elapsedMs))
    : jobNotFound(request)
}
