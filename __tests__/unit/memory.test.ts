import { expect, test } from '@jest/globals'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { JobResponse, ListResponse } from '../../src/response.ts'
import { readJobResponse } from '../../src/api/jobs.ts'
import { readListResponse } from '../../src/api/job-list.ts'
import type { HttpResponse } from '../../src/http/exchange.ts'
import { contextAt } from './text.ts'
import { HOUR, MINUTE, START, waitFor, type JobRequest, type ListRequest } from './virtual-wait.ts'

/** The memory that a wait for many jobs needs, with responses as long as the service's. */

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const JOBS = 500
const ids = Array.from(
  { length: JOBS },
  (_, index) => `31b8ae23-c687-4d80-b7b4-${String(index).padStart(12, '0')}`,
)
const DURATION = 25 * MINUTE

const dateOf = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}+0000`
const createdAt = (index: number) => START - (JOBS - index) * 1_000

/** Like the example in the API reference, with entities of 300 bytes after completion. */
function jobAt(id: string, at: number): Record<string, unknown> {
  const isFinished = at >= DURATION
  return {
    id,
    name: 'CreateGaussDBforMySQLInstance',
    status: isFinished ? 'Completed' : 'Running',
    created: dateOf(createdAt(ids.indexOf(id))),
    ended: isFinished ? dateOf(START + DURATION) : '',
    process: isFinished ? '' : `${Math.floor((100 * at) / DURATION)}%`,
    instance: { id: `${id.replaceAll('-', '')}in07`, name: 'a-database-of-ours' },
    entities: isFinished
      ? { instance: { endpoint: '192.168.0.10:3306' }, resource_ids: ['x'.repeat(250)] }
      : {},
  }
}

const httpResponse = (body: unknown): HttpResponse => {
  return { kind: 'response', status: 200, headers: {}, body: JSON.stringify(body), bodyError: undefined }
}

const service = ({ id, at }: JobRequest): JobResponse =>
  readJobResponse(httpResponse({ job: jobAt(id, at) }), id, contextAt(0))

function list({ since, until, at }: ListRequest): ListResponse {
  const inside = ids.filter((_, index) => createdAt(index) >= since && createdAt(index) <= until).reverse()
  const jobs = inside.slice(0, 50).map((id) => {
    const { name, status, created, ended, process, instance } = jobAt(id, at)
    const { id: instanceId, name: instanceName } = instance as { id: string; name: string }
    return {
      ...{ job_id: id, job_name: name, status, process, created_time: created, ended_time: ended },
      ...{ instance_id: instanceId, instance_name: instanceName },
    }
  })
  return readListResponse(httpResponse({ jobs, total_count: inside.length }), contextAt(0))
}

test('a wait for 500 jobs needs less than 20 kB per job', async () => {
  collect()
  const before = process.memoryUsage().heapUsed
  const { results } = await waitFor({ jobs: ids, timeout: 2 * HOUR, service, list })
  collect()
  const bytesPerJob = (process.memoryUsage().heapUsed - before) / JOBS
  expect(results.every(({ outcome }) => outcome.result === 'completed')).toBe(true)
  // The history of each job's progress is what needs the memory.
  expect(Math.min(...results.map(({ state }) => state.history.length))).toBeGreaterThan(30)
  expect(bytesPerJob).toBeLessThan(20_000)
})
