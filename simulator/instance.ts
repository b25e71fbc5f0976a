import { DEFAULT_ADDRESS, endOf, newInstanceId, serviceTime, type Address, type JobPlan } from './job.ts'

/**
 * The status of an instance `elapsedMs` after its timeline started, or `absent`: it does not exist yet, or was deleted. A
 * pure and cheap function, as `jobAt` is.
 */
export function instanceStatusAt(plan: InstancePlan, elapsedMs: number): string {
  if (elapsedMs < 0) return plan.isNew ? 'absent' : 'ACTIVE'
  if (elapsedMs >= plan.deletedMs) return 'absent'
  let endsAt = 0
  for (const { status, ms = Infinity } of plan.statuses) {
    endsAt += ms
    if (elapsedMs < endsAt) return status
  }
  return plan.statuses.at(-1)?.status ?? 'ACTIVE'
}

/** By default, an instance that is ACTIVE and existed before. */
export function planInstance(options: InstanceOptions = {}): InstancePlan {
  return {
    id: newInstanceId(),
    name: 'simulated-instance',
    createdAt: Date.now(),
    isNew: false,
    statuses: [{ status: 'ACTIVE' }],
    deletedMs: Infinity,
    address: DEFAULT_ADDRESS,
    override: {},
    omit: [],
    ...options,
  }
}

/**
 * What a job does to its instance. A created instance is BUILD until the job ends, then ACTIVE, BACKING UP for its first
 * backup, and ACTIVE again. Any other job has a status while it is running, and leaves the instance ACTIVE. Source of the
 * statuses: the vendor's SDK 3.1.219, MysqlInstanceInfoDetail; of the first backup: the Terraform provider, which waits
 * for it after a create. That a job in the queue already has its status is an assumption.
 */
export function instanceOfJob(job: JobPlan): InstancePlan {
  const { activeMs = 30_000, backupMs = 60_000, finalStatus = 'ACTIVE', ...options } = job.instanceBehavior
  const isNew = CREATES.test(job.name)
  const hasCompleted = job.outcome === 'Completed'
  const during = { status: isNew ? 'BUILD' : statusDuring(job.name), ms: endOf(job) }
  const backup = { status: 'BACKING UP', ms: backupMs }
  const created = hasCompleted ? [{ status: 'ACTIVE', ms: activeMs }, backup] : [{ status: 'FAILED' }]
  const deletedMs = hasCompleted && DELETES.test(job.name) ? endOf(job) : Infinity
  return planInstance({
    id: job.instance.id,
    name: job.instance.name,
    createdAt: job.createdAt,
    isNew,
    address: job.address,
    statuses: [during, ...(isNew ? created : []), { status: finalStatus }],
    deletedMs,
    ...options,
  })
}

const CREATES = /^Create\w*Instance$|NewInstance$/
const DELETES = /^Delete\w*Instance$/

/** The status while a job is running; the names are those of the documents, or similar to them. */
function statusDuring(jobName: string): string {
  const statuses: readonly (readonly [RegExp, string])[] = [
    [/^Restore/, 'RESTORING'],
    [/Reboot|Restart/, 'REBOOTING'],
    [/Switchover/i, 'SWITCHOVER'],
    [/^Backup|Backup$/, 'BACKING UP'],
    [/Port$/, 'MODIFYING DATABASE PORT'],
    // An instance that is being deleted stays ACTIVE until it no longer exists. Source: the Terraform provider.
    [DELETES, 'ACTIVE'],
  ]
  return statuses.find(([pattern]) => pattern.test(jobName))?.[1] ?? 'MODIFYING'
}

/**
 * The object under `instance` in the response. Source of the fields: the vendor's SDK 3.1.219, MysqlInstanceInfoDetail.
 * The times are empty while the instance is being created; that it has no address until then is an assumption.
 */
export function instanceBody(
  plan: InstancePlan,
  status: string,
  projectId: string,
): Readonly<Record<string, unknown>> {
  const isUp = status !== 'BUILD' && status !== 'FAILED'
  const { host, port } = plan.address
  const created = isUp ? serviceTime(plan.createdAt) : ''
  const node = {
    id: `${plan.id.slice(0, 32)}no07`,
    name: `${plan.name}_node0`,
    type: 'master',
    // The example of the API reference has no other node status. A node that is being built is an assumption.
    status: isUp ? 'ACTIVE' : status,
    port,
    private_read_ips: isUp ? [host] : [],
    volume: { type: 'DL6', used: 0.07 },
    az_code: 'simulated-az-1',
    region_code: 'simulated-region',
    created,
    updated: created,
    flavor_ref: 'gaussdb.mysql.2xlarge.x86.4',
    max_connections: '10000',
    vcpus: '8',
    ram: '32',
    need_restart: false,
    priority: 1,
  }
  const body = {
    id: plan.id,
    name: plan.name,
    project_id: projectId,
    status,
    port: String(port),
    alias: '',
    type: 'Cluster',
    charge_info: { charge_mode: 'postPaid', order_id: '' },
    node_count: 1,
    datastore: { type: 'gaussdb-mysql', version: '8.0', kernel_version: '2.0.54.240600' },
    backup_used_space: 0,
    created,
    updated: created,
    private_write_ips: isUp ? [host] : [],
    private_dns_names: [],
    public_ips: '',
    db_user_name: 'root',
    backup_strategy: { start_time: '16:00-17:00', keep_days: '7' },
    nodes: [node],
    enterprise_project_id: '0',
    time_zone: 'UTC+08:00',
    az_mode: 'single',
    master_az_code: 'simulated-az-1',
    maintenance_window: '18:00-22:00',
    tags: [],
    proxies: [],
    ...plan.override,
  }
  return Object.fromEntries(Object.entries(body).filter(([field]) => !plan.omit.includes(field)))
}

export type InstanceOptions = Partial<InstancePlan>

/** An instance, or what a job does to it. */
export interface InstancePlan {
  readonly id: string
  readonly name: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** Whether the instance does not exist before its timeline starts. */
  readonly isNew: boolean
  /** The timeline. Each status lasts `ms` milliseconds, or forever; the last one stays. */
  readonly statuses: readonly InstanceStatus[]
  /** From the start of the timeline to the deletion of the instance, in milliseconds; Infinity: never. */
  readonly deletedMs: number
  readonly address: Address
  /** Fields that replace or extend the computed ones: any name, any value. */
  readonly override: Readonly<Record<string, unknown>>
  /** Fields that the response does not contain. */
  readonly omit: readonly string[]
}

export interface InstanceStatus {
  readonly status: string
  readonly ms?: number
}

/** How the instance of a job behaves, where it differs from the default. */
export interface InstanceBehavior extends Partial<
  Pick<InstancePlan, 'statuses' | 'deletedMs' | 'override' | 'omit'>
> {
  /** How long a created instance is ACTIVE before its first backup, or before its final status; 30 s by default. */
  readonly activeMs?: number
  /** How long the first backup takes; 60 s by default, 0 for no backup. */
  readonly backupMs?: number
  /** The status after everything else; ACTIVE by default. */
  readonly finalStatus?: string
}
