import type { JobId } from './api/job.ts'
import type { Service } from './api/service.ts'
import { InvalidInput } from './invalid-input.ts'
import type { Secrets } from './secrets.ts'

/** The outputs have no room for more. */
const MAX_JOBS = 500

/** What an expression evaluates to when an earlier step reads a field that its response does not contain. */
const MISSING_VALUE = /^(null|undefined)$/

/** Parses one or several IDs, separated by commas or line breaks; duplicates are removed, ignoring case. */
export function parseJobIds(value: string, secrets: Secrets): readonly JobId[] | InvalidInput {
  if (value === '') {
    return new InvalidInput(
      'missing. Check that the earlier step succeeded, and that the step ID and output name in the expression are spelled correctly. A yearly/monthly order returns an order_id and no job_id: use order-id.',
    )
  }
  if (MISSING_VALUE.test(value)) {
    return new InvalidInput(
      `contains only the word ${value}, probably because the earlier step's response has no job ID. A yearly/monthly order returns an order_id instead: use order-id.`,
    )
  }
  if (value.startsWith('[')) {
    return new InvalidInput(
      "must not be a JSON array. Join its elements, for example: ${{ join(fromJSON(steps.create.outputs.job-ids), ',') }}",
    )
  }
  const ids = value
    .split(/[,\r\n]/)
    .map((id) => id.trim())
    .filter((id) => id !== '')
  if (ids.length === 0) {
    return new InvalidInput('contains only commas and line breaks. Set at least one job ID.')
  }
  const invalid = ids.findIndex((id) => !/^[!-~]{1,128}$/.test(id))
  if (invalid >= 0) {
    return new InvalidInput(
      `must contain IDs of 1 to 128 printable ASCII characters without spaces, separated by commas or line breaks. ID number ${invalid + 1} is not valid.`,
    )
  }
  const distinct = Map.groupBy(ids, (id) => id.toLowerCase())
  if (distinct.size > MAX_JOBS) {
    return new InvalidInput(
      `contains ${distinct.size} IDs, but a step can wait for at most ${MAX_JOBS} jobs. Use several steps.`,
    )
  }
  return [...distinct.values()].map(([id = '']) => ({ value: id, text: secrets.text(id) }))
}

/** Parses an order ID. It excludes job IDs, and requires a service with a job list. */
export function parseOrderId(
  value: string,
  jobIds: string,
  service: Service | InvalidInput,
  secrets: Secrets,
): { readonly order: JobId } | InvalidInput {
  if (jobIds !== '') {
    return new InvalidInput("cannot be combined with job-id. Set only order-id to wait for the order's jobs.")
  }
  if (MISSING_VALUE.test(value)) {
    return new InvalidInput(
      `contains only the word ${value}, probably because the earlier step's response has no order ID. A pay-per-use order returns a job_id instead: use job-id.`,
    )
  }
  if (!/^[!-+\--~]{1,128}$/.test(value)) {
    return new InvalidInput('must be one ID of 1 to 128 printable ASCII characters without spaces or commas.')
  }
  if (!(service instanceof InvalidInput) && !service.hasList) {
    return new InvalidInput(`works only with service: taurusdb. For ${service.title}, use job-id.`)
  }
  return { order: { value, text: secrets.text(value) } }
}
