import type { Call } from './cloud.ts'
import { serviceError, type Reply } from './reply.ts'

/** What the database service refuses, in the language that was asked for. Source: the API reference's error codes. */
export function parameterError(call: Pick<Call, 'headers'>): Reply {
  return serviceError(400, 'DBS.280001', isChinese(call) ? '参数错误。' : 'Parameter error.')
}

/** Also of DDS, as Terraform's provider has it (resource dds_backup); that RDS and GaussDB say the same is a guess. */
export function noSuchJob(call: Pick<Call, 'headers'>): Reply {
  return serviceError(400, 'DBS.200543', isChinese(call) ? '任务不存在。' : 'The job does not exist.')
}

function isChinese({ headers }: Pick<Call, 'headers'>): boolean {
  return headers['x-language'] === 'zh-cn'
}
