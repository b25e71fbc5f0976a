import { z } from 'zod'
import { formatAddress, parseAddress, type Address } from '../address.ts'
import type { Secrets } from '../secrets.ts'
import type { UntrustedText } from '../untrusted-text.ts'
import { optionalText, textOrNumber, toStatus, type Status } from './job.ts'

export interface Instance {
  readonly status: Status<InstanceMeaning>
  readonly name: UntrustedText | undefined
  /** Where it accepts connections inside its VPC; undefined if the response contains none. */
  readonly address: Address | undefined
  /** The address as `host:port`. */
  readonly endpoint: UntrustedText | undefined
}

export type InstanceMeaning = 'active' | 'busy' | 'failed'

/**
 * `STORAGE FULL` counts as unknown, because somebody has to act. Source: Huawei Cloud Python SDK huaweicloudsdkgaussdb
 * 3.1.219, ShowGaussMySqlInstanceInfo, `status`.
 */
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

/** Without an ID, the instance was deleted. Source: Terraform provider huaweicloud, `resource_huaweicloud_taurusdb_instance`. */
const deletedSchema = z.object({ id: z.literal('').nullish() }).transform(() => null)
/** Parsed to null if the instance was deleted. */
export const instanceSchema = z.object({
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

export function toInstance(
  { status, name, port, private_write_ips }: SentInstance,
  secrets: Secrets,
): Instance {
  const isPort = /^\d{1,5}$/.test(port ?? '')
  const texts = isPort ? private_write_ips?.map((host) => formatAddress({ host, port: Number(port) })) : []
  const address = texts?.map(parseAddress).find((each) => each !== undefined)
  return {
    status: toStatus(status, MEANINGS, secrets),
    name: name === undefined ? undefined : secrets.text(name),
    address,
    endpoint: address && secrets.text(formatAddress(address)),
  }
}
