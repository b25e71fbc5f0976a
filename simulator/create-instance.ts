import { randomUUID } from 'node:crypto'
import type { Call, Cloud } from './cloud.ts'
import { json, serviceError, type Reply } from './reply.ts'
import { parseJson } from './request.ts'
import { isRecord, readSimulate } from './simulate.ts'

/**
 * POST /v3/{project_id}/instances, documented as 201: the instance as it is being built, and its job. A yearly or
 * monthly instance answers its order instead, and its job begins when that is paid.
 */
export function createInstance(call: Call, cloud: Cloud): Reply {
  const order = parseJson(call.body)
  if (!isRecord(order)) return serviceError(400, 'DBS.280001', 'Parameter error.')
  const wish = readSimulate(order['simulate'])
  // The service is not so talkative; whoever steers the simulator needs to know.
  if ('problem' in wish) return serviceError(400, 'DBS.280001', `Parameter error. ${wish.problem}`)
  const id = `${randomUUID().replaceAll('-', '')}in07`
  const name = typeof order['name'] === 'string' ? order['name'] : 'simulated-instance'
  const orderId = isPrePaid(order) ? newOrderId() : undefined
  const plan = { instance: { id, name }, orderId, ...wish.plan }
  const jobId = cloud.tasks.add(plan, orderId === undefined ? 0 : wish.orderMs)
  for (const fault of wish.faults) cloud.faults.add(fault, { jobId })
  const instance = { ...building, ...echoed(order), id, name }
  if (orderId === undefined) return json(201, { instance, job_id: jobId })
  const charge = { charge_mode: 'prePaid', order_id: orderId }
  return json(201, { instance: { ...instance, charge_info: charge }, order_id: orderId })
}

function isPrePaid({ charge_info: charge }: Record<string, unknown>): boolean {
  return isRecord(charge) && charge['charge_mode'] === 'prePaid'
}

function newOrderId(): string {
  return `CS${randomUUID().replaceAll('-', '').slice(0, 17).toUpperCase()}`
}

const building = {
  status: 'BUILD',
  datastore: { type: 'gaussdb-mysql', version: '8.0' },
  mode: 'Cluster',
  port: '3306',
  enterprise_project_id: '0',
  backup_strategy: { start_time: '16:00-17:00', keep_days: '7' },
  charge_info: { charge_mode: 'postPaid' },
}

/** What the service repeats from the request. */
function echoed(order: Record<string, unknown>): Record<string, unknown> {
  const names = ['region', 'availability_zone_mode', 'master_availability_zone', 'vpc_id', 'subnet_id']
  names.push('security_group_id', 'flavor_ref', 'configuration_id', 'enterprise_project_id')
  return Object.fromEntries(Object.entries(order).filter(([name]) => names.includes(name)))
}
