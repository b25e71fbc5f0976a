import { z } from 'zod'
import { phrase, type UntrustedText, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import type { HttpResponse } from './exchange.ts'

/**
 * Reads an error response in any known format, including HTML, whose text is the message unless `hidesText` is set.
 *
 * @returns the unredacted error code, only for comparisons, for example `DBS.200543`; as the message HTTP status, error
 * code, message, and request ID, as far as the response contains them; and whether it contains a code or a message
 */
export function readServiceError(
  response: HttpResponse,
  secrets: Secrets,
  hidesText = false,
): { readonly code: string | undefined; readonly message: Phrase; readonly hasReason: boolean } {
  const json = parseError(response.body)
  const codes = findAll(json, CODES)
  // Some errors contain the status beside the code, or around it.
  const code = codes.find((each) => each !== `${response.status}`) ?? codes[0]
  const [message] = findAll(json, MESSAGES)
  const { 'x-request-id': id, 'x-iam-trace-id': traceId } = response.headers
  const requestId = textOrNumber.parse(id) ?? textOrNumber.parse(traceId) ?? findAll(json, ['requestid'])[0]
  const isUnknown = !hidesText && message === undefined && (code === undefined || hasMore(json))
  const shown = isUnknown ? readableText(response, secrets) : message && secrets.text(message)
  return {
    code,
    hasReason: code !== undefined || message !== undefined,
    message: [
      `HTTP ${response.status}`,
      ...(code === undefined ? [] : phrase` ${secrets.text(code)}`),
      ...(shown === undefined ? [] : phrase` “${shown}”`),
      ...(requestId === undefined ? [] : phrase` (request ID ${secrets.text(requestId)})`),
    ],
  }
}

/** Returns the value of a JSON text; undefined if it is not JSON. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Returns the readable text of a body: that of a web page, or compact JSON; undefined if empty. */
export function readableText({ body }: HttpResponse, secrets: Secrets): UntrustedText | undefined {
  const json = parseJson(body)
  const isShown = isObject(json) && Object.keys(json).length > 0
  // JSON is redacted value by value, because a value may contain an escaped secret.
  const text = isShown ? secrets.jsonText(json) : secrets.text(isObject(json) ? '' : body, withoutMarkup)
  return text.equals(secrets.text('')) ? undefined : text
}

/** A script or style without an end tag ends with the body, so that the search does not begin again. */
function withoutMarkup(body: string): string {
  return body
    .replace(/<(script|style)\b[^]*?(<\/\1\s*>|$)/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Some gateways encode the JSON of a service once more. */
function parseError(body: string): unknown {
  const json = parseJson(body)
  return typeof json === 'string' ? parseJson(json) : json
}

/**
 * Of the service, of the API gateway, of older and newer services, and of IAM. Without underscores and in lower case, as
 * services write them differently.
 */
const CODES = ['errorcode', 'errcode', 'code']
const MESSAGES = ['errormsg', 'errmsg', 'errormessage', 'externalmessage', 'message', 'msg', 'title']

const nameOf = (field: string) => field.replaceAll('_', '').toLowerCase()

/** Finds the fields with one of the names in a JSON object, and one level below: `{"badRequest":{"code":…}}`. */
function findAll(json: unknown, names: readonly string[]): readonly string[] {
  if (!isObject(json)) return []
  const levels = [json, ...Object.values(json).flat().filter(isObject)]
  return levels.flatMap((level) => {
    const fields = new Map(Object.entries(level).map(([field, value]) => [nameOf(field), value]))
    return names.flatMap((name) => textOrNumber.parse(fields.get(name))?.trim() ?? [])
  })
}

/** Whether an error has fields beside its code. */
function hasMore(json: unknown): boolean {
  const known = [...CODES, 'requestid']
  return isObject(json) && Object.keys(json).some((field) => !known.includes(nameOf(field)))
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** A text that is not empty, or a number as text; otherwise undefined. */
export const textOrNumber = z
  .union([z.string().min(1), z.number().transform(String)])
  .optional()
  .catch(undefined)
