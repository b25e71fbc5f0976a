import { z } from 'zod'
import { phrase, type UntrustedText, type Phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import type { HttpResponse } from './exchange.ts'

/** What an error answer says of itself. */
export interface ServiceError {
  /** `DBS.200543` say, as sent: to decide by, not to be shown. */
  readonly code: string | undefined
  /** Status, code, message and request id, as far as they are there, for a person. */
  readonly message: Phrase
}

/** Reads an error answer of any known shape, an HTML page included. */
export function readServiceError(reply: HttpResponse, secrets: Secrets): ServiceError {
  const { data: body } = shape.safeParse(parseJson(reply.body))
  const code = body?.error_code ?? body?.errorCode ?? body?.code ?? body?.error?.code
  const message =
    body?.error_msg ?? body?.errorMsg ?? body?.message ?? body?.error?.message ?? body?.error?.title
  const requestId = header(reply, 'x-request-id') ?? header(reply, 'x-iam-trace-id') ?? body?.request_id
  const said = message === undefined ? readableText(reply, secrets) : secrets.text(message)
  return {
    code,
    message: [
      `HTTP ${reply.status}`,
      ...(code === undefined ? [] : phrase` ${secrets.text(code)}`),
      ...(said === undefined ? [] : phrase` “${said}”`),
      ...(requestId === undefined ? [] : phrase` (request id ${secrets.text(requestId)})`),
    ],
  }
}

/** The value of an answer's JSON body; undefined when it is no JSON. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** What a person would read of a body that is no JSON object, a web page's text say; undefined when there is nothing. */
export function readableText(reply: HttpResponse, secrets: Secrets): UntrustedText | undefined {
  if (shape.safeParse(parseJson(reply.body)).success) return undefined
  const said = secrets.text(reply.body, withoutMarkup)
  return said.equals(secrets.text('')) ? undefined : said
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

/** The shapes seen in the field: the service's, the gateway's, newer services' and IAM's. */
const shape = z.object({
  error_code: text,
  error_msg: text,
  errorCode: text,
  errorMsg: text,
  code: text,
  message: text,
  request_id: text,
  error: z.object({ code: text, message: text, title: text }).optional().catch(undefined),
})

function header(reply: HttpResponse, name: string): string | undefined {
  const value = reply.headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
