import { serviceError, type ApiResponse } from './response.ts'
import type { ApiRequest } from './request.ts'

/**
 * Errors of the database service, in the language that the client requests. Source: error codes in the API reference.
 */
export function parameterError(request: Pick<ApiRequest, 'headers'>): ApiResponse {
  return serviceError(400, 'DBS.280001', isChinese(request) ? '参数错误。' : 'Parameter error.')
}

/**
 * DDS returns this error, too (source: the Terraform provider's resource dds_backup). That RDS and GaussDB do the same
 * is an assumption.
 */
export function jobNotFound(request: Pick<ApiRequest, 'headers'>): ApiResponse {
  return serviceError(400, 'DBS.200543', isChinese(request) ? '任务不存在。' : 'The job does not exist.')
}

/** Source of the code and the message: the error codes of the Open Telekom Cloud's API reference. */
export function instanceNotFound(request: Pick<ApiRequest, 'headers'>): ApiResponse {
  return serviceError(
    404,
    'DBS.200002',
    isChinese(request) ? '实例不存在。' : 'The DB instance does not exist.',
  )
}

function isChinese({ headers }: Pick<ApiRequest, 'headers'>): boolean {
  return headers['x-language'] === 'zh-cn'
}
