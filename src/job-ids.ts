import type { JobId } from './api/job.ts'
import type { Service } from './api/service.ts'
import { parseJson } from './http/service-error.ts'
import { InvalidInput } from './invalid-input.ts'
import type { Secrets } from './secrets.ts'
import { phrase } from './untrusted-text.ts'

/** The outputs have no room for more. */
const MAX_JOBS = 500

/** What expressions, shells, and jq make of a field that an earlier step's response does not contain. */
const MISSING_VALUE = /^(null|\(null\)|undefined|none|<none>|nil|<nil>|<no value>|nan|n\/a|object|array)$/i

/** What the IDs of an input belong to, for its error messages. */
type Kind = 'job' | 'order'

const OTHER_KIND = {
  job: 'A yearly/monthly order returns an order_id instead: use order-id.',
  order: 'A pay-per-use order returns a job_id instead: use job-id.',
}

/** Parses one or several IDs, separated by commas or line breaks; duplicates are removed, ignoring case. */
export function parseJobIds(value: string, secrets: Secrets): readonly JobId[] | InvalidInput {
  if (value === '') {
    return new InvalidInput(
      `missing. Check that the earlier step succeeded, and that the step ID and output name in the expression are spelled correctly. ${OTHER_KIND.job}`,
    )
  }
  const ids = splitIds(value, 'job', secrets)
  if (ids instanceof InvalidInput) return ids
  if (ids.length === 0) return new InvalidInput('contains no ID. Set at least one job ID.')
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
  const ids = splitIds(value, 'order', secrets)
  if (ids instanceof InvalidInput) return ids
  const [id = '', ...others] = ids
  if (others.length > 0 || !/^[!-~]{1,128}$/.test(id)) {
    return new InvalidInput('must be one ID of 1 to 128 printable ASCII characters without spaces or commas.')
  }
  if (!(service instanceof InvalidInput) && !service.hasList) {
    return new InvalidInput(`works only with service: taurusdb. For ${service.title}, use job-id.`)
  }
  return { order: { value: id, text: secrets.text(id) } }
}

/** Accepts a list, a JSON array, and quotes around each or all of it, and recognizes values that can't be IDs. */
function splitIds(value: string, kind: Kind, secrets: Secrets): readonly string[] | InvalidInput {
  const outer = parseJson(value)
  const text = typeof outer === 'string' ? outer : value.replace(/^'(.*)'$/s, '$1')
  if (/^\[[A-Z_]*ERROR\]/.test(text)) {
    return new InvalidInput(
      phrase`contains an error of KooCLI: “${secrets.text(text)}”. Fix the call in the earlier step.`,
    )
  }
  const json = parseJson(text)
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return new InvalidInput(
      `is a JSON object, probably the whole response. Pass only its field ${kind}_id: with fromJSON in an expression, or with jq -r .${kind}_id in a shell.`,
    )
  }
  const texts = Array.isArray(json) ? json : [text]
  const isListOfTexts = texts.every((text) => typeof text === 'string')
  if (!isListOfTexts || (text.startsWith('[') && !Array.isArray(json))) {
    return new InvalidInput('is not a valid JSON array of texts. Use IDs separated by commas or line breaks.')
  }
  const ids = texts
    .flatMap((each) => each.split(/[,\r\n]/))
    .map((id) => id.trim().replace(/^(["'])(.*)\1$/, '$2'))
    .filter((id) => id !== '')
  const missing = ids.find((id) => MISSING_VALUE.test(id))
  if (missing !== undefined) {
    return new InvalidInput(
      phrase`contains the word “${secrets.text(missing)}” instead of an ID, probably because the earlier step's response has no ${kind} ID: read its field .${kind}_id. ${OTHER_KIND[kind]}`,
    )
  }
  if (ids.some((id) => /^[a-z]+:\/\//i.test(id))) {
    return new InvalidInput(`is a URL. Pass only the ${kind} ID: the field .${kind}_id of the response.`)
  }
  return ids
}
