import type { z } from 'zod'
import type { ExchangeResult } from '../http/exchange.ts'
import { faultOf, type Fault, type ResponseContext } from '../http/fault.ts'
import { parseJson, readServiceError } from '../http/service-error.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'

/**
 * Parses the JSON of a 200 response.
 *
 * @param what names the expected content, with an article
 */
export function parse<T>(
  result: ExchangeResult,
  schema: z.ZodType<T>,
  what: string,
  context: ResponseContext,
): { readonly kind: 'parsed'; readonly data: T } | Fault {
  if (result.kind === 'no-response' || result.status >= 300) return faultOf(result, context)
  const { status, body, bodyError } = result
  const unusable = (message: Phrase): Fault => ({
    kind: 'unusable',
    detail: { label: what.replace(/^an? /, 'no '), message },
  })
  if (status !== 200) return unusable(phrase`HTTP ${status}`)
  if (bodyError !== undefined) return unusable(phrase`HTTP 200 with a body that ${bodyError}`)
  const { data } = schema.safeParse(parseJson(body))
  if (data !== undefined) return { kind: 'parsed', data }
  const { code, message } = readServiceError(result, context.secrets)
  return unusable(code === undefined ? phrase`HTTP 200 without ${what}` : message)
}
