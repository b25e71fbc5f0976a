import { parseAddress, type Address } from './address.ts'
import type { Service } from './api/service.ts'
import { parseJson } from './http/service-error.ts'
import { toId, type Id, type Kind } from './id.ts'
import { InvalidInput } from './invalid-input.ts'
import type { Secrets } from './secrets.ts'
import { phrase } from './untrusted-text.ts'

/** What to wait for. */
export interface WaitFor {
  readonly kind: Kind
  /** At least one, in the order of the input and without duplicates. */
  readonly ids: readonly Id[]
  readonly until: Until
  /** Where to connect to, instead of the address of the instance. */
  readonly connectTo: Address | undefined
}

/** That the job completed, also that its instance is available, or also that the instance accepts connections. */
export type Until = 'completed' | 'available' | 'connectable'

/** Results with which a step can succeed. */
export type SuccessResult = (typeof SUCCESS_RESULTS)[number]

export type WaitForInput = `${Kind}-id` | 'wait-until' | 'connect-to' | 'success-results'

interface InputReader {
  readonly input: (name: WaitForInput) => string
  readonly check: <T>(name: string, value: T | InvalidInput) => T | undefined
}

const KINDS = ['job', 'order', 'instance'] as const

/** Reads which IDs to wait for, and what for. */
export function readWaitFor(
  { input, check }: InputReader,
  service: Service | InvalidInput,
  secrets: Secrets,
): WaitFor | undefined {
  const [kind = 'job', other] = KINDS.filter((each) => input(`${each}-id`) !== '')
  const ids =
    other === undefined
      ? parseIds(input(`${kind}-id`), kind, secrets)
      : new InvalidInput(`cannot be combined with ${kind}-id. Set only one of them.`)
  const until = parseUntil(input('wait-until') || (kind === 'instance' ? 'available' : 'completed'))
  // Orders and instances need TaurusDB anyway.
  const isPlain = kind !== 'job' || until === 'completed' || until instanceof InvalidInput
  const settings = {
    kind,
    ids: check(`${other ?? kind}-id`, kind === 'job' ? ids : (needsTaurusdb(service, 'job-id') ?? ids)),
    until: check('wait-until', isPlain ? until : (needsTaurusdb(service, 'wait-until: completed') ?? until)),
    connectTo: check('connect-to', parseConnectTo(input('connect-to'), until)),
  }
  const { ids: valid, until: known, connectTo } = settings
  return valid && known && connectTo
    ? { kind, ids: valid, until: known, connectTo: connectTo.address }
    : undefined
}

function parseUntil(value: string): Until | InvalidInput {
  const problem = 'must be completed, available, or connectable.'
  return UNTIL.find((each) => each === value) ?? new InvalidInput(problem)
}

const UNTIL = ['completed', 'available', 'connectable'] as const

function needsTaurusdb(service: Service | InvalidInput, alternative: string): InvalidInput | undefined {
  return service instanceof InvalidInput || service.hasList
    ? undefined
    : new InvalidInput(`works only with service: taurusdb. For ${service.title}, use ${alternative}.`)
}

function parseConnectTo(
  value: string,
  until: Until | InvalidInput,
): { readonly address: Address | undefined } | InvalidInput {
  if (value === '') return { address: undefined }
  if (until !== 'connectable') return new InvalidInput('works only with wait-until: connectable.')
  const address = parseAddress(value)
  return address === undefined
    ? new InvalidInput('must be host:port, for example 192.168.0.10:3306, without a scheme.')
    : { address }
}

/** Parses results separated by commas or line breaks. */
export function parseSuccessResults(value: string): readonly SuccessResult[] | InvalidInput {
  const results = value.split(/[,\s]+/).filter((result) => result !== '')
  const known = SUCCESS_RESULTS.filter((result) => results.includes(result))
  if (results.some((result) => !SUCCESS_RESULTS.some((each) => each === result))) {
    return new InvalidInput(
      `can contain only ${SUCCESS_RESULTS.join(', ')}. With any other result, the step always fails.`,
    )
  }
  return known.includes('completed')
    ? known
    : new InvalidInput('must contain completed, for example completed,vanished.')
}

const SUCCESS_RESULTS = ['completed', 'vanished', 'canceled', 'timed-out'] as const

/** The outputs have no room for more jobs. More orders or instances would take too many requests. */
const MAX_IDS: Readonly<Record<Kind, number>> = { job: 500, order: 50, instance: 20 }

/** What expressions, shells, and jq make of a field that an earlier step's response does not contain. */
const MISSING_VALUE = /^(null|\(null\)|undefined|none|<none>|nil|<nil>|<no value>|nan|n\/a|object|array)$/i

const OTHER_KIND: Readonly<Record<Kind, string>> = {
  job: 'A yearly/monthly order returns an order_id instead: use order-id.',
  order: 'A pay-per-use order returns a job_id instead: use job-id.',
  instance: '',
}

/** Where the response of a call contains the ID. */
const FIELDS: Readonly<Record<Kind, string>> = { job: 'job_id', order: 'order_id', instance: 'instance.id' }

/** Parses one or several IDs, separated by commas or line breaks; duplicates are removed, ignoring case. */
function parseIds(value: string, kind: Kind, secrets: Secrets): readonly Id[] | InvalidInput {
  if (value === '') {
    return new InvalidInput(
      `missing. Check that the earlier step succeeded, and that the step ID and output name in the expression are spelled correctly. ${OTHER_KIND.job}`,
    )
  }
  const ids = splitIds(value, kind, secrets)
  if (ids instanceof InvalidInput) return ids
  if (ids.length === 0) {
    return new InvalidInput(`contains no ID. Set at least one ${kind} ID.`)
  }
  const [pattern, characters] =
    kind === 'instance'
      ? [/^[\w-]{1,128}$/, 'letters, digits, underscores, and hyphens']
      : [/^[!-~]{1,128}$/, 'printable ASCII characters without spaces']
  const invalid = ids.findIndex((id) => !pattern.test(id))
  if (invalid >= 0) {
    return new InvalidInput(
      `must contain IDs of 1 to 128 ${characters}, separated by commas or line breaks. ID number ${invalid + 1} is not valid.`,
    )
  }
  const distinct = [...Map.groupBy(ids, (id) => id.toLowerCase()).values()].map(([id = '']) => id)
  if (distinct.length > MAX_IDS[kind]) {
    return new InvalidInput(
      `contains ${distinct.length} IDs, but a step can wait for at most ${MAX_IDS[kind]} ${kind}s. Use several steps.`,
    )
  }
  return distinct.map((id) => toId(id, secrets))
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
      `is a JSON object, probably the whole response. Pass only its field ${FIELDS[kind]}: with fromJSON in an expression, or with jq -r .${FIELDS[kind]} in a shell.`,
    )
  }
  const texts = Array.isArray(json) ? json : [text]
  const isListOfTexts = texts.every((each) => typeof each === 'string')
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
      phrase`contains the word “${secrets.text(missing)}” instead of an ID, probably because the earlier step's response has no ${kind} ID: read its field .${FIELDS[kind]}. ${OTHER_KIND[kind]}`,
    )
  }
  if (ids.some((id) => /^[a-z]+:\/\//i.test(id))) {
    return new InvalidInput(`is a URL. Pass only the ${kind} ID: the field .${FIELDS[kind]} of the response.`)
  }
  return ids
}
