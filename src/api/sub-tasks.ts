import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { ExchangeResult } from '../http/exchange.ts'
import type { ResponseContext } from '../http/fault.ts'
import { percentEncode } from '../http/percent-encode.ts'
import { textOrNumber } from '../http/service-error.ts'
import { INSTANCE_ID, type Id } from '../id.ts'
import type { SubTask, SubTasksResponse } from '../response.ts'
import type { Secrets } from '../secrets.ts'
import { get, parse, unusable, type Api } from './get.ts'
import { parsePercentage, toLabel } from './job.ts'

/** Requests the sub-tasks of a job. It never rejects. */
export type GetSubTasks = (
  job: { readonly id: Id; readonly name: string; readonly instanceId: Id },
  signal: AbortSignal,
) => Promise<SubTasksResponse>

/** Jobs are documented to have fewer. */
const MAX_SUB_TASKS = 20

/**
 * `GET /v3/{project_id}/instances/{instance_id}/task-center-detail`. Source: Huawei Cloud Python SDK
 * huaweicloudsdkgaussdb 3.1.219, ShowTaskDetails.
 */
export function subTasksApi(api: Api): GetSubTasks {
  return async ({ id, name, instanceId }, signal) => {
    if (!INSTANCE_ID.test(instanceId.value))
      return unusable('no instance', ['the job names no valid instance'])
    const path = `instances/${instanceId.value}/task-center-detail`
    const query = `job_id=${percentEncode(id.value)}&job_name=${name}`
    return get(api, `${path}?${query}`, (result) => readSubTasks(result, api), signal)
  }
}

const schema = z.object({ sub_task_list: z.array(z.unknown()) })
const subTaskSchema = z.object({
  sub_task_name: z.string().min(1),
  status: z.string().min(1),
  percent: textOrNumber,
  /** Seconds. */
  remaining_time: textOrNumber,
})

/** Classifies the result of a request for sub-tasks. */
export function readSubTasks(result: ExchangeResult, context: ResponseContext): SubTasksResponse {
  const response = parse(result, schema, 'a list of sub-tasks', context)
  if (response.kind !== 'parsed') return response
  const list = response.data.sub_task_list.slice(0, MAX_SUB_TASKS)
  return { kind: 'sub-tasks', subTasks: list.flatMap((sent) => readSubTask(sent, context.secrets)) }
}

function readSubTask(raw: unknown, secrets: Secrets): SubTask[] {
  const { data: sent } = subTaskSchema.safeParse(raw)
  if (sent === undefined) return []
  const texts = { name: toLabel(sent.sub_task_name, secrets), status: toLabel(sent.status, secrets) }
  if (sent.status === 'Completed') return [{ ...texts, progress: 100, remaining: undefined }]
  const isKnown = /^\d{1,7}$/.test(sent.remaining_time ?? '')
  const remaining = isKnown ? Number(sent.remaining_time) * SECOND : undefined
  return [{ ...texts, progress: parsePercentage(sent.percent), remaining }]
}
