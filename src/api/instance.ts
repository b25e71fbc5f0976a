import { z } from 'zod'
import { formatAddress, parseAddress } from '../address.ts'
import { textOrNumber } from '../http/service-error.ts'
import type { Secrets } from '../secrets.ts'
import { optional, optionalText, toStatus } from './job.ts'

/**
 * What a status means for the wait. `STORAGE FULL` counts as unknown, because somebody has to act. Source: Huawei Cloud
 * Python SDK huaweicloudsdkgaussdb 3.1.219, ShowGaussMySqlInstanceInfo, `status`.
 */
const MEANINGS = new Map([
  ['ACTIVE', 'active'],
  ['FAILED', 'failed'],
  ['FROZEN', 'failed'],
  ['BUILD', 'busy'],
  ['BACKING UP', 'busy'],
  ['MODIFYING', 'busy'],
  ['MODIFYING INSTANCE TYPE', 'busy'],
  ['MODIFYING DATABASE PORT', 'busy'],
  ['REBOOTING', 'busy'],
  ['RESTORING', 'busy'],
  ['SWITCHOVER', 'busy'],
  ['MIGRATING', 'busy'],
] as const)

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
      private_write_ips: optional(z.array(z.string())),
    })
    .or(deletedSchema),
})

export type Instance = Readonly<ReturnType<typeof toInstance>>

export function toInstance(sent: NonNullable<z.infer<typeof instanceSchema>['instance']>, secrets: Secrets) {
  const port = /^\d{1,5}$/.test(sent.port ?? '') ? Number(sent.port) : 0
  const texts = sent.private_write_ips?.map((host) => formatAddress({ host, port }))
  /** Where it accepts connections inside its VPC; undefined if the response contains none. */
  const address = texts?.map(parseAddress).find((each) => each !== undefined)
  return {
    status: toStatus(sent.status, MEANINGS, secrets),
    name: sent.name === undefined ? undefined : secrets.text(sent.name),
    address,
    /** The address as `host:port`. */
    endpoint: address && secrets.text(formatAddress(address)),
  }
}
