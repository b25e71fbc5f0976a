import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import { parseAddress, type Address } from './address.ts'
import type { Service } from './api/service.ts'
import { parseJson } from './http/service-error.ts'
import { INSTANCE_ID, JOB_ID, KINDS, toId, type Id, type Kind } from './id.ts'
import { invalid, InvalidInput, isComplete, type Check } from './invalid-input.ts'
import type { Secrets } from './secrets.ts'

/** That the job completed, also that its instance is available, or also that the instance accepts connections. */
const UNTIL = ['completed', 'available', 'connectable'] as const
export type Until = (typeof UNTIL)[number]

/** Results with which a step can succeed. */
const SUCCESS_RESULTS = ['completed', 'vanished', 'canceled', 'timed-out'] as const
export type SuccessResult = (typeof SUCCESS_RESULTS)[number]

type WaitForInput = `${Kind}-id` | 'wait-until' | 'connect-to'

/** What to wait for. */
export type WaitFor = Readonly<NonNullable<ReturnType<typeof readWaitFor>>>

/** Reads which IDs to wait for, and what for. */
export function readWaitFor(
  { input, check }: { readonly input: (name: WaitForInput) => string; readonly check: Check },
  service: Service | InvalidInput,
  secrets: Secrets,
) {
  const [kind = 'job', other] = KINDS.filter((each) => input(`${each}-id`) !== '')
  const ids =
    other === undefined
      ? parseIds(input(`${kind}-id`), kind, secrets)
      : invalid`cannot be combined with ${kind}-id. Set only one of them.`
  const given = input('wait-until') || (kind === 'instance' ? 'available' : 'completed')
  const until = UNTIL.find((each) => each === given) ?? invalid`must be completed, available, or connectable.`
  const address = input('connect-to')
  // Orders and instances need TaurusDB anyway.
  const isPlain = kind !== 'job' || until === 'completed' || until instanceof InvalidInput
  const waitFor = {
    kind,
    ids: check(`${other ?? kind}-id`, kind === 'job' ? ids : (needsTaurusdb(service, 'job-id') ?? ids)),
    until: check('wait-until', isPlain ? until : (needsTaurusdb(service, 'wait-until: completed') ?? until)),
    /** Where to connect to, instead of the address of the instance. */
    ...(address !== '' && { connectTo: check('connect-to', parseConnectTo(address, until)) }),
  }
  return isComplete(waitFor) ? { connectTo: undefined, ...waitFor } : undefined
}

function needsTaurusdb(service: Service | InvalidInput, alternative: string): InvalidInput | undefined {
  return service instanceof InvalidInput || service.hasList
    ? undefined
    : invalid`works only with service: taurusdb. For ${service.title}, use ${alternative}.`
}

function parseConnectTo(value: string, until: Until | InvalidInput): Address | InvalidInput {
  if (until !== 'connectable') return invalid`works only with wait-until: connectable.`
  return parseAddress(value) ?? invalid`must be host:port, for example 192.168.0.10:3306, without a scheme.`
}

/** Parses results separated by commas or line breaks. */
export function parseSuccessResults(value: string): readonly SuccessResult[] | InvalidInput {
  const results = new Set<string>(value.split(/[,\s]+/).filter((result) => result !== ''))
  const known = SUCCESS_RESULTS.filter((result) => results.has(result))
  if (known.length < results.size)
    return invalid`can contain only ${SUCCESS_RESULTS.join(', ')}. With any other result, the step always fails.`
  return known.includes('completed')
    ? known
    : invalid`must contain completed, for example completed,vanished.`
}

/** Where a response contains the ID, the largest number of IDs, and what to do if the response contains none. */
const RULES: Readonly<Record<Kind, { field: string; max: number; hint: string }>> = {
  // The outputs have no room for more jobs. More orders or instances would take too many requests.
  job: {
    field: 'job_id',
    max: 500,
    hint: 'A yearly/monthly order returns an order_id instead: use order-id.',
  },
  order: { field: 'order_id', max: 50, hint: 'A pay-per-use order returns a job_id instead: use job-id.' },
  instance: { field: 'instance.id', max: 20, hint: '' },
}

/** Parses at least one ID, separated by commas or line breaks; duplicates are removed, ignoring case. */
function parseIds(value: string, kind: Kind, secrets: Secrets): readonly Id[] | InvalidInput {
  const ids = splitIds(value, kind, secrets)
  if (ids instanceof InvalidInput) return ids
  if (ids.length === 0) return invalid`contains no ID. Set at least one ${kind} ID.`
  const [pattern, characters] =
    kind === 'instance'
      ? [INSTANCE_ID, 'letters, digits, underscores, and hyphens']
      : [JOB_ID, 'printable ASCII characters without spaces']
  const invalidAt = ids.findIndex((id) => !pattern.test(id))
  if (invalidAt >= 0)
    return invalid`must contain IDs of 1 to 128 ${characters}, separated by commas or line breaks. ID number ${invalidAt + 1} is not valid.`
  const distinct = [...Map.groupBy(ids, (id) => id.toLowerCase()).values()].map(([id = '']) => id)
  const { max } = RULES[kind]
  return distinct.length > max
    ? invalid`contains ${distinct.length} IDs, but a step can wait for at most ${max} ${kind}s. Use several steps.`
    : distinct.map((id) => toId(id, secrets))
}

/** What expressions, shells, jq, and Terraform make of a field that an earlier step's response does not contain. */
const MISSING_VALUE =
  /^(null|\(null\)|undefined|none|\(none\)|nil|nan|n\/?a|object|array|<(none|nil|null|undefined|sensitive|no value)>|%!s\(<nil>\)|system\.[\w.]{1,99}(\[\])?|\*{1,9})$/i
/** What is left of a variable or expression that was not expanded. */
const VARIABLE = /^(\$\w{1,99}|\$?\{.{1,99}\}|%\w{1,99}%|\$env:\w{1,99})$/i
/** A field with its name, in JSON, YAML, or an assignment. */
const FIELD = /^\W{0,3}((job|order|instance)_?)?id"?\s*[:=]/i

/** Accepts a list, a JSON array, and quotes around each or all of it, and recognizes values that can't be IDs. */
function splitIds(value: string, kind: Kind, secrets: Secrets): readonly string[] | InvalidInput {
  const { field, hint } = RULES[kind]
  if (value === '')
    return invalid`missing. Check that the earlier step succeeded, and that the step ID and output name in the expression are spelled correctly. ${RULES.job.hint}`
  const outer = parseJson(value)
  const text = stripVTControlCharacters(
    typeof outer === 'string' ? outer : value.replace(/^'([^']*)'$/, '$1'),
  ).trim()
  if (/^\W{0,2}\[[A-Z_]*ERROR\]/im.test(text))
    return invalid`contains an error of KooCLI: “${secrets.text(text)}”. Fix the call in the earlier step.`
  if (text.startsWith('{') && /"err(or)?_?(code|msg)"\s*:\s*["\d]/i.test(text))
    return invalid`contains an error of the service: “${secrets.text(text)}”. Fix the call in the earlier step.`
  // Also several objects, or one that something follows, for example a status code.
  if (text.startsWith('{'))
    return invalid`is a JSON object, probably the whole response. Pass only its field ${field}: with fromJSON in an expression, or with jq -r .${field} in a shell.`
  if (/^<(!doctype|html)\b/i.test(text))
    return invalid`is an HTML page, probably the response of a gateway. Fix the call in the earlier step.`
  const texts = readTexts(text)
  if (texts === undefined)
    return invalid`is not a valid JSON array of texts. Use IDs separated by commas or line breaks.`
  const ids = texts
    .flatMap((each) => each.split(/[,\r\n]/))
    .map((id) => id.trim().replace(/^(\\?["'])(.*)\1$/, '$2'))
    .filter((id) => id !== '')
  const missing = ids.find((id) => MISSING_VALUE.test(id))
  if (missing !== undefined)
    return invalid`contains the word “${secrets.text(missing)}” instead of an ID, probably because the earlier step's response has no ${kind} ID: read its field .${field}. ${hint}`
  const variable = ids.find((id) => VARIABLE.test(id))
  if (variable !== undefined)
    return invalid`contains “${secrets.text(variable)}” instead of an ID: a variable or expression that was not expanded. Pass the output of the earlier step as an expression.`
  if (ids.some((id) => FIELD.test(id)))
    return invalid`contains the name of a field. Pass only its value: the ${kind} ID.`
  return ids.some((id) => /^<?[a-z]+:\/\/|\/jobs\?id=/i.test(id))
    ? invalid`is a URL. Pass only the ${kind} ID: the field .${field} of the response.`
    : ids
}

/** Returns the texts of a list: a JSON array, also as Terraform shows it, or the text itself; undefined if it is not valid. */
function readTexts(text: string): readonly string[] | undefined {
  const list = text.replace(/^to(?:list|set)\((.*)\)$/s, '$1')
  if (!list.startsWith('[')) return [text]
  const items = list.slice(0, -1).trimEnd()
  const json = items.endsWith(',') ? `${items.slice(0, -1)}]` : list
  return z.array(z.string()).safeParse(parseJson(json)).data
}
