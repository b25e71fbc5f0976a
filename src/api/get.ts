import type { Credentials } from '../credentials/credentials.ts'
import type { Exchange, ExchangeResult } from '../http/exchange.ts'
import type { Fault, ResponseContext } from '../http/fault.ts'
import type { ApiResponse } from '../response.ts'

/** What a request to any API of the cloud needs. */
export interface Sender extends ResponseContext {
  readonly credentials: Credentials
  readonly exchange: Exchange
}

/** The API of one project, and what requests to it need. */
export interface Api extends Sender {
  /** Scheme, host, and path prefix, without a trailing slash. */
  readonly endpoint: string
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
