import { z } from 'zod'
import { phrase, type UntrustedText, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import type { HttpResponse } from './exchange.ts'

export interface ServiceError {
  /** The unredacted error code, for example `DBS.200543`; only for comparisons. */
  readonly code: string | undefined
  /** HTTP status, error code, message, and request ID, as far as the response contains them. */
  readonly message: Phrase
}

/** Reads an error response in any known format, including HTML. */
export function readServiceError(response: HttpResponse, secrets: Secrets): ServiceError {
  const { data: body } = errorSchema.safeParse(parseJson(response.body))
  const code = body?.error_code ?? body?.errorCode ?? body?.code ?? body?.error?.code
  const message =
    body?.error_msg ?? body?.errorMsg ?? body?.message ?? body?.error?.message ?? body?.error?.title
  const { 'x-request-id': id, 'x-iam-trace-id': traceId } = response.headers
  const requestId = text.parse(id) ?? text.parse(traceId) ?? body?.request_id
  const shown = body === undefined ? readableText(response, secrets) : message && secrets.text(message)
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

/** Returns the readable text of a body that is not JSON, for example of a web page; undefined if empty. */
export function readableText({ body }: HttpResponse, secrets: Secrets): UntrustedText | undefined {
  const text = secrets.text(body, withoutMarkup)
  return text.equals(secrets.text('')) ? undefined : text
}

function withoutMarkup(body: string): string {
  return body
    .replace(/<(script|style)\b[^<]*<\/\1>/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

const text = z
  .union([z.string().min(1), z.number().transform(String)])
  .optional()
  .catch(undefined)

/** The formats of the service, of the API gateway, of older and newer services, and of IAM. */
const errorSchema = z.object({
  error_code: text,
  error_msg: text,
  errorCode: text,
  errorMsg: text,
  code: text,
  message: text,
  request_id: text,
  error: z.object({ code: text, message: text, title: text }).optional().catch(undefined),
})
