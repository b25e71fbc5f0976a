import type { z } from 'zod'
import type { Credentials } from '../credentials/credentials.ts'
import type { Exchange, ExchangeResult } from '../http/exchange.ts'
import { faultOf, type Fault, type ResponseContext } from '../http/fault.ts'
import { parseJson, readServiceError } from '../http/service-error.ts'
import type { ApiResponse, NotFoundYet } from '../response.ts'
import { phrase, type Phrase } from '../untrusted-text.ts'
import type { Service } from './service.ts'

/** What a request to any API of the cloud needs. */
export interface Sender extends ResponseContext {
  readonly credentials: Credentials
  readonly exchange: Exchange
}

/** The API of one project, and what requests to it need. */
export interface Api extends Sender {
  /** Scheme, host, and path prefix, without a trailing slash. */
  readonly endpoint: string
  readonly service: Service
  readonly getProject: GetProject
  readonly language: string
}

export interface Project {
  readonly kind: 'project'
  readonly id: string
}

/** Returns the project of all requests. It never rejects. */
export type GetProject = (signal: AbortSignal) => Promise<Project | Fault>

/**
 * Sends one signed GET request. It never rejects.
 *
 * @param resource path and query below the project
 * @param read parses the result of the exchange
 */
export async function get<Response extends ApiResponse>(
  api: Api,
  resource: string,
  read: (result: ExchangeResult) => Response,
  signal: AbortSignal,
): Promise<Response | Fault> {
  const project = await api.getProject(signal)
  if (project.kind !== 'project') return project
  const url = `${api.endpoint}/v3/${project.id}/${resource}`
  return send(api, url, { 'X-Language': api.language }, project.id, read, signal)
}

/** As {@link get}, for any URL; `projectId` is undefined for requests outside of a project. */
export async function send<Response extends ApiResponse | Project>(
  { credentials, exchange }: Sender,
  url: string,
  headers: Readonly<Record<string, string>>,
  projectId: string | undefined,
  read: (result: ExchangeResult) => Response,
  signal: AbortSignal,
): Promise<Response | Fault> {
  const request = {
    method: 'GET',
    url,
    headers: { Accept: 'application/json', ...headers },
    body: '',
  } as const
  const signed = await credentials.sign(request, projectId, signal)
  if (signed.kind !== 'signed') return signed
  const response = read(await exchange(signed.request, signal))
  return response.kind === 'rejected' && response.reason === 'credentials'
    ? signed.rejected(response)
    : response
}

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
  const label = what.replace(/^an? /, 'no ')
  if (status !== 200) return unusable(label, phrase`HTTP ${status}`)
  if (bodyError !== undefined) return unusable(label, phrase`HTTP 200 with a body that ${bodyError}`)
  const { data } = schema.safeParse(parseJson(body))
  if (data !== undefined) return { kind: 'parsed', data }
  const { hasReason, message } = readServiceError(result, context.secrets)
  return unusable(label, hasReason ? message : phrase`HTTP 200 without ${what}`)
}

export function unusable(label: string, message: Phrase): Fault {
  return { kind: 'unusable', detail: { label, message } }
}

export function notFoundYet(label: string, message: Phrase): NotFoundYet {
  return { kind: 'not-found-yet', detail: { label, message } }
}

/** Whether a response means that nothing has the ID: a 404 with a gateway code is about the path. */
export function isUnknown(result: ExchangeResult, { secrets }: ResponseContext): boolean {
  if (result.kind === 'no-response') return false
  const { code = '' } = readServiceError(result, secrets)
  // "The job does not exist."
  if (result.status === 400 || result.status === 200) return code === 'DBS.200543'
  return result.status === 404 && !/^APIGW?\./.test(code)
}
