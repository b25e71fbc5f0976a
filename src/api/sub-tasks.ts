import { z } from 'zod'
import { SECOND } from '../duration.ts'
import type { ExchangeResult } from '../http/exchange.ts'
import type { ResponseContext } from '../http/fault.ts'
import { percentEncode } from '../http/percent-encode.ts'
import type { Id } from '../id.ts'
import type { SubTask, SubTasksResponse } from '../response.ts'
import type { Secrets } from '../secrets.ts'
import { get, type Api } from './get.ts'
import { parsePercentage, textOrNumber, toStatus } from './job.ts'
import { isInstanceId } from './instances.ts'
import { parse } from './parse.ts'

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
  return ({ id, name, instanceId }, signal) => {
    if (!isInstanceId(instanceId)) return Promise.resolve(NO_INSTANCE)
    const path = `instances/${instanceId.value}/task-center-detail`
    const query = `job_id=${percentEncode(id.value)}&job_name=${name}`
    return get(api, `${path}?${query}`, (result) => readSubTasks(result, api), signal)
  }
}

const NO_INSTANCE: SubTasksResponse = {
  kind: 'unusable',
  detail: { label: 'no instance', message: ['the job names no valid instance'] },
}

const optionalNumber = textOrNumber.transform((text = '') =>
  /^\d{1,7}$/.test(text) ? Number(text) : undefined,
)
const subTaskSchema = z.object({
  sub_task_name: z.string().min(1),
  status: z.string().min(1),
  percent: textOrNumber,
  remaining_time: optionalNumber,
})
const schema = z.object({ sub_task_list: z.array(z.unknown()) })

/** Classifies the result of a request for sub-tasks. */
export function readSubTasks(result: ExchangeResult, context: ResponseContext): SubTasksResponse {
  const response = parse(result, schema, 'a list of sub-tasks', context)
  if (response.kind !== 'parsed') return response
  const list = response.data.sub_task_list.slice(0, MAX_SUB_TASKS)
  return { kind: 'sub-tasks', subTasks: list.flatMap((sent) => readSubTask(sent, context.secrets)) }
}

function readSubTask(raw: unknown, secrets: Secrets): SubTask[] {
  const { data } = subTaskSchema.safeParse(raw)
  if (data === undefined) return []
  const { label: name } = toStatus(data.sub_task_name, new Map(), secrets)
  const { label: status } = toStatus(data.status, new Map(), secrets)
  const isFinished = data.status === 'Completed'
  const remaining = isFinished ? undefined : data.remaining_time
  return [
    {
      name,
      status,
      progress: isFinished ? 100 : parsePercentage(data.percent),
      remaining: remaining === undefined ? undefined : remaining * SECOND,
    },
  ]
}
