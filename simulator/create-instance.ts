import { randomUUID } from 'node:crypto'
import type { Cloud } from './cloud.ts'
import { json, serviceError, type ApiResponse } from './response.ts'
import { parseJson, type ApiRequest } from './request.ts'
import { isRecord, readSimulate } from './simulate.ts'

/**
 * POST /v3/{project_id}/instances, documented as 201: returns the instance being built and the ID of its job. For a
 * yearly or monthly instance, it returns an order ID instead, and the job starts when the order is paid.
 */
export function createInstance(request: ApiRequest, cloud: Cloud): ApiResponse {
  const parameters = parseJson(request.body)
  if (!isRecord(parameters)) return serviceError(400, 'DBS.280001', 'Parameter error.')
  const simulation = readSimulate(parameters['simulate'])
  // The real service gives no details; a person who controls the simulator needs them.
  if ('error' in simulation) return serviceError(400, 'DBS.280001', `Parameter error. ${simulation.error}`)
  if (simulation.job.database !== undefined && !cloud.hasDatabase) {
    const error = 'This simulator has no database port for `simulate.database`.'
    return serviceError(400, 'DBS.280001', `Parameter error. ${error}`)
  }
  const id = `${randomUUID().replaceAll('-', '')}in07`
  const name = typeof parameters['name'] === 'string' ? parameters['name'] : 'simulated-instance'
  const orderId = isPrePaid(parameters) ? newOrderId() : undefined
  const job = { instance: { id, name }, orderId, ...simulation.job }
  const jobId = cloud.tasks.add(job, orderId === undefined ? 0 : simulation.orderMs)
  for (const fault of simulation.faults) cloud.faults.add(fault, { api: 'jobs', jobId })
  for (const fault of simulation.subTaskFaults) cloud.faults.add(fault, { api: 'sub-tasks', jobId })
  for (const fault of simulation.instanceFaults) cloud.faults.add(fault, { api: 'instance', instanceId: id })
  const instance = { ...newInstance, ...echoed(parameters), id, name }
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

const newInstance = {
  status: 'BUILD',
  datastore: { type: 'gaussdb-mysql', version: '8.0' },
  mode: 'Cluster',
  port: '3306',
  enterprise_project_id: '0',
  backup_strategy: { start_time: '16:00-17:00', keep_days: '7' },
  charge_info: { charge_mode: 'postPaid' },
}

/** The parameters that the response repeats. */
function echoed(parameters: Record<string, unknown>): Record<string, unknown> {
  const names = ['region', 'availability_zone_mode', 'master_availability_zone', 'vpc_id', 'subnet_id']
  names.push('security_group_id', 'flavor_ref', 'configuration_id', 'enterprise_project_id')
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => names.includes(name)))
}
