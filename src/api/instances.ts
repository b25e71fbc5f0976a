import type { ExchangeResult } from '../http/exchange.ts'
import type { ResponseContext } from '../http/fault.ts'
import { INSTANCE_ID, isSameId, type Id } from '../id.ts'
import type { InstanceResponse } from '../response.ts'
import { get, isUnknown, notFoundYet, parse, unusable, type Api } from './get.ts'
import { instanceSchema, toInstance } from './instance.ts'

/** Requests one instance. It never rejects. */
export type GetInstance = (id: Id, signal: AbortSignal) => Promise<InstanceResponse>

/**
 * `GET /v3/{project_id}/instances/{instance_id}`. Version 3.1 of this call does not report that an operation is running.
 * Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219, ShowGaussMySqlInstanceInfo.
 */
export function instanceApi(api: Api): GetInstance {
  return async ({ value }, signal) =>
    INSTANCE_ID.test(value)
      ? get(api, `instances/${value}`, (result) => readInstance(result, value, api), signal)
      : notFoundYet('not found', ['the ID is not that of an instance'])
}

/** Classifies the result of a request for an instance. */
export function readInstance(result: ExchangeResult, id: string, context: ResponseContext): InstanceResponse {
  const response = parse(result, instanceSchema, 'an instance that has a status', context)
  if (response.kind === 'parsed') {
    const { instance } = response.data
    if (instance === null) return notFoundYet('not found', ['HTTP 200 without the instance'])
    return isSameId(instance.id, id)
      ? { kind: 'instance', instance: toInstance(instance, context.secrets) }
      : unusable('another instance', ['HTTP 200 with another instance'])
  }
  if (isUnknown(result, context)) return notFoundYet('not found', response.detail.message)
  return response.kind === 'rejected' && response.reason === 'permission'
    ? { ...response, detail: { ...response.detail, hint: MISSING_PERMISSION } }
    : response
}

const MISSING_PERMISSION =
  'Check that the user or agency has permission to read the instance (gaussdbformysql:instance:get, or gaussdb:instance:list in a role), and that project-id is the project of the instance.'
