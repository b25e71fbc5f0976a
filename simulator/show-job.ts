import type { Call, Cloud } from './cloud.ts'
import { referenceExample } from './reference-example.ts'
import { json, jsonText, serviceError, type Reply } from './reply.ts'

/** GET /v3/{project_id}/jobs?id= */
export function showJob(call: Call, cloud: Cloud): Reply {
  const chinese = call.headers['x-language'] === 'zh-cn'
  const id = call.query['id']
  if (id === undefined || id === '') {
    return serviceError(400, 'DBS.280001', chinese ? '参数错误。' : 'Parameter error.')
  }
  if (id === referenceExample.jobId) return jsonText(200, referenceExample.body)
  const job = cloud.tasks.ask(id)
  if (job === 'unknown' || job === 'hidden') {
    return serviceError(400, 'DBS.200543', chinese ? '任务不存在。' : 'The job does not exist.')
  }
  return json(200, { job })
}
