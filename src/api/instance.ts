import { z } from 'zod'
import { formatAddress, type Address } from '../address.ts'
import type { ExchangeResult } from '../http/exchange.ts'
import type { ResponseContext } from '../http/fault.ts'
import type { Id } from '../id.ts'
import type { InstanceResponse, NotFoundYet } from '../response.ts'
import type { Secrets } from '../secrets.ts'
import type { Phrase, UntrustedText } from '../untrusted-text.ts'
import { get, type Api } from './get.ts'
import { optionalText, textOrNumber, toStatus, type Status } from './job.ts'
import { isUnknown } from './jobs.ts'
import { parse } from './parse.ts'

export interface Instance {
  readonly status: Status<InstanceMeaning>
  readonly name: UntrustedText | undefined
  /** Where it accepts connections inside its VPC; undefined if the response contains none. */
  readonly address: Address | undefined
  /** The address as `host:port`. */
  readonly endpoint: UntrustedText | undefined
}

export type InstanceMeaning = 'active' | 'busy' | 'failed'

/** Requests one instance. It never rejects. */
export type GetInstance = (id: Id, signal: AbortSignal) => Promise<InstanceResponse>

/**
 * `GET /v3/{project_id}/instances/{instance_id}`. Version 3.1 of this call does not report that an operation is running.
 * Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb 3.1.219, ShowGaussMySqlInstanceInfo.
 */
export function instanceApi(api: Api): GetInstance {
  return async ({ value }, signal) => {
    // Anything else, for example `..`, could change the path.
    if (!/^[\w-]{1,128}$/.test(value)) return notFound(['the ID is not that of an instance'])
    return get(api, `instances/${value}`, (result) => readInstance(result, api), signal)
  }
}

/** `STORAGE FULL` counts as unknown, because somebody has to act. Source: as above, `status`. */
const MEANINGS = new Map<string, InstanceMeaning>([
  ['ACTIVE', 'active'],
  ['FAILED', 'failed'],
  ['FROZEN', 'failed'],
  ...[
    'BUILD',
    'BACKING UP',
    'MODIFYING',
    'MODIFYING INSTANCE TYPE',
    'MODIFYING DATABASE PORT',
    'REBOOTING',
    'RESTORING',
    'SWITCHOVER',
    'MIGRATING',
  ].map((status): [string, InstanceMeaning] => [status, 'busy']),
])

/** Classifies the result of a request for an instance. */
export function readInstance(result: ExchangeResult, context: ResponseContext): InstanceResponse {
  const response = parse(result, instanceSchema, 'an instance that has a status', context)
  if (response.kind === 'parsed') {
    const { instance } = response.data
    return instance === null
      ? notFound(['HTTP 200 without the instance'])
      : { kind: 'instance', instance: toInstance(instance, context.secrets) }
  }
  if (response.kind !== 'rejected') return response
  if (result.kind === 'response' && isUnknown(result, context.secrets))
    return notFound(response.detail.message)
  return response.reason === 'permission'
    ? { ...response, detail: { ...response.detail, hint: MISSING_PERMISSION } }
    : response
}

/** Without an ID, the instance was deleted. Source: Terraform provider huaweicloud, `resource_huaweicloud_taurusdb_instance`. */
const deletedSchema = z.object({ id: z.literal('').nullish() }).transform(() => null)
const instanceSchema = z.object({
  instance: z
    .object({
      id: z.string().min(1),
      status: z.string().min(1),
      name: optionalText,
      port: textOrNumber,
      private_write_ips: z.array(z.string()).optional().catch(undefined),
    })
    .or(deletedSchema),
})

type SentInstance = NonNullable<z.infer<typeof instanceSchema>['instance']>

function toInstance({ status, name, port, private_write_ips }: SentInstance, secrets: Secrets): Instance {
  const host = private_write_ips?.find((ip) => /^[\w.:-]{1,253}$/.test(ip))
  const isPort = /^\d{1,5}$/.test(port ?? '')
  const address = host === undefined || !isPort ? undefined : { host, port: Number(port) }
  return {
    status: toStatus(status, MEANINGS, secrets),
    name: name === undefined ? undefined : secrets.text(name),
    address,
    endpoint: address && secrets.text(formatAddress(address)),
  }
}

const MISSING_PERMISSION =
  'Check that the user or agency has permission to read the instance (gaussdbformysql:instance:get, or gaussdb:instance:list in a role), and that project-id is the project of the instance.'

function notFound(message: Phrase): NotFoundYet {
  return { kind: 'not-found-yet', detail: { label: 'not found', message } }
}
