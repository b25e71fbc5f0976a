import type { ExchangeResult } from '../http/exchange.ts'
import type { ResponseContext } from '../http/fault.ts'
import type { Id } from '../id.ts'
import type { InstanceResponse, NotFoundYet } from '../response.ts'
import type { Phrase } from '../untrusted-text.ts'
import { get, type Api } from './get.ts'
import { instanceSchema, toInstance } from './instance.ts'
import { isSameId, isUnknown } from './jobs.ts'
import { parse } from './parse.ts'

/** Requests one instance. It never rejects. */
export type GetInstance = (id: Id, signal: AbortSignal) => Promise<InstanceResponse>

/**
 * `GET /v3/{project_id}/instances/{instance_id}`. Version 3.1 of this call does not report that an operation is running.
 * Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219, ShowGaussMySqlInstanceInfo.
 */
export function instanceApi(api: Api): GetInstance {
  return async (id, signal) => {
    if (!isInstanceId(id)) return notFound(['the ID is not that of an instance'])
    return get(api, `instances/${id.value}`, (result) => readInstance(result, id.value, api), signal)
  }
}

/** Any other value, for example `..`, could change the path of a request. */
export function isInstanceId({ value }: Pick<Id, 'value'>): boolean {
  return /^[\w-]{1,128}$/.test(value)
}

/** Classifies the result of a request for an instance. */
export function readInstance(result: ExchangeResult, id: string, context: ResponseContext): InstanceResponse {
  const response = parse(result, instanceSchema, 'an instance that has a status', context)
  if (response.kind === 'parsed') {
    const { instance } = response.data
    if (instance === null) return notFound(['HTTP 200 without the instance'])
    return isSameId(instance.id, id)
      ? { kind: 'instance', instance: toInstance(instance, context.secrets) }
      : {
          kind: 'unusable',
          detail: { label: 'another instance', message: ['HTTP 200 with another instance'] },
        }
  }
  if (response.kind !== 'rejected') return response
  if (result.kind === 'response' && isUnknown(result, context.secrets))
    return notFound(response.detail.message)
  return response.reason === 'permission'
    ? { ...response, detail: { ...response.detail, hint: MISSING_PERMISSION } }
    : response
}

const MISSING_PERMISSION =
  'Check that the user or agency has permission to read the instance (gaussdbformysql:instance:get, or gaussdb:instance:list in a role), and that project-id is the project of the instance.'

function notFound(message: Phrase): NotFoundYet {
  return { kind: 'not-found-yet', detail: { label: 'not found', message } }
}
