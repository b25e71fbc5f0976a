import type { Call, Cloud } from './cloud.ts'
import { referenceExample } from './reference-example.ts'
import { noSuchJob, parameterError } from './refusals.ts'
import { json, jsonText, type Reply } from './reply.ts'
import { services } from './services.ts'

/** GET /v3/{project_id}/jobs?id=; without the id, which GeminiDB alone allows, it is refused everywhere. */
export function showJob(call: Call, cloud: Cloud): Reply {
  const id = call.query['id']
  if (id === undefined || id === '') return parameterError(call)
  if (id === referenceExample.jobId && cloud.service === 'taurusdb') {
    return jsonText(200, referenceExample.body)
  }
  const job = cloud.tasks.ask(id)
  const body = services[cloud.service].show(typeof job === 'string' ? undefined : job)
  return body === undefined ? noSuchJob(call) : json(200, body)
}
