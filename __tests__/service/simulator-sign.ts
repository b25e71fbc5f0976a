import type { KeyPair } from '../../simulator/access-keys.ts'
import { canonicalRequest, sign } from '../../simulator/signature.ts'
import type { Simulator } from '../../simulator/simulator.ts'

/** Start of manual wall clocks: 2026-01-01T00:00:00Z. */
export const newYear = Date.UTC(2026, 0, 1)

/** The parts of a request. */
export interface Parts {
  readonly method: string
  readonly path: string
  /** Raw, without the question mark. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type SigningKey = KeyPair & { readonly securityToken?: string }

export interface Signing {
  /** Default: the simulator's permanent key. */
  readonly key?: SigningKey
  /** Date of the signature, milliseconds since the epoch. Default: 2026-01-01. */
  readonly date?: number
  /** Changes to the request before it is signed. */
  readonly signed?: Partial<Parts>
  /** Changes to the signed request before it is sent. */
  readonly sent?: Partial<Parts>
  /** Default: all headers. */
  readonly signedHeaders?: readonly string[]
}

/** Signs and sends a request to create an instance. */
export async function sendSigned(simulator: Simulator, signing: Signing = {}): Promise<SignedResponse> {
  const { date = newYear } = signing
  const key: SigningKey = signing.key ?? simulator.accessKey
  const parts: Parts = {
    method: 'POST',
    path: `/v3/${simulator.projectId}/instances`,
    query: 'a=1',
    headers: {
      'content-type': 'application/json',
      host: new URL(simulator.endpoint).host,
      'x-sdk-date': sdkDate(date),
      ...(key.securityToken === undefined ? {} : { 'x-security-token': key.securityToken }),
    },
    body: '{"name":"my-database"}',
  }
  const signed = merge(parts, signing.signed)
  const names = signing.signedHeaders ?? Object.keys(signed.headers).sort()
  const canonical = canonicalRequest({ ...signed, rawQuery: signed.query, requestId: '', query: {} }, names)
  const signature = sign(canonical, signed.headers['x-sdk-date'] ?? '', key.secret)
  const sent = merge(signed, signing.sent)
  const authorization = `SDK-HMAC-SHA256 Access=${key.id}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  const { method, headers, body } = sent
  const url = `${simulator.endpoint}${sent.path}?${sent.query}`
  const response = await fetch(url, {
    method,
    headers: { authorization, ...headers },
    ...(body !== '' && { body }),
  })
  const content = (await response.json()) as { error_msg?: string }
  const reason = content.error_msg?.replace('Incorrect IAM authentication information: ', '')
  return reason === undefined ? { status: response.status } : { status: response.status, reason }
}

export interface SignedResponse {
  readonly status: number
  /** Why the request was rejected, without the common prefix. */
  readonly reason?: string
}

export function sdkDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/[-:]|\.\d+/g, '')
}

function merge(parts: Parts, changes: Partial<Parts> = {}): Parts {
  return { ...parts, ...changes, headers: { ...parts.headers, ...changes.headers } }
}
