import { z } from 'zod'
import { phrase, type UntrustedText, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import type { HttpResponse } from './exchange.ts'

/**
 * Reads an error response in any known format, including HTML, whose text is the message unless `hidesText` is set.
 *
 * @returns the unredacted error code, only for comparisons, for example `DBS.200543`; and as the message HTTP status, error
 * code, message, and request ID, as far as the response contains them
 */
export function readServiceError(
  response: HttpResponse,
  secrets: Secrets,
  hidesText = false,
): { readonly code: string | undefined; readonly message: Phrase } {
  const json = parseJson(response.body)
  const code = find(json, CODES)
  const message = find(json, MESSAGES)
  const { 'x-request-id': id, 'x-iam-trace-id': traceId } = response.headers
  const requestId = textOrNumber.parse(id) ?? textOrNumber.parse(traceId) ?? find(json, ['request_id'])
  const isUnknown = !hidesText && code === undefined && message === undefined
  const shown = isUnknown ? readableText(response, secrets) : message && secrets.text(message)
  return {
    code,
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

/** Of the service, of the API gateway, of older and newer services, and of IAM. */
const CODES = ['error_code', 'errorCode', 'errCode', 'code']
const MESSAGES = ['error_msg', 'errorMsg', 'externalMessage', 'message', 'title']

/** Finds the first field with one of the names in a JSON object, or one level below: `{"badRequest":{"code":…}}`. */
function find(json: unknown, names: readonly string[]): string | undefined {
  if (!isObject(json)) return undefined
  const levels = [json, ...Object.values(json).filter(isObject)]
  const values = levels.flatMap((level) => names.map((name) => textOrNumber.parse(level[name])))
  return values.find((value) => value !== undefined)
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** A text that is not empty, or a number as text; otherwise undefined. */
export const textOrNumber = z
  .union([z.string().min(1), z.number().transform(String)])
  .optional()
  .catch(undefined)
