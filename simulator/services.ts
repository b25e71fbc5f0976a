import type { Job, JobOptions } from './job.ts'

/**
 * The differences between the services whose jobs API has the same path. Sources: the vendor's SDKs 3.1.219
 * (ListJobInfo of RDS, ShowJobDetail of DDS and of GaussDB, ListJobs of GeminiDB). Only TaurusDB documents a status
 * before Running; GaussDB documents no job names.
 */
export const services = {
  taurusdb: { defaults: {}, formatJob: (job) => job, formatBody: singleJob },
  rds: {
    defaults: { name: 'CreateMysqlInstance', pendingMs: 0 },
    formatJob: (job) => job,
    formatBody: singleJob,
  },
  dds: {
    defaults: { name: 'CreateMongoDBReplica', pendingMs: 0 },
    formatJob: renameProcess,
    formatBody: singleJob,
  },
  gaussdb: {
    defaults: { name: 'CreateGaussDBInstance', pendingMs: 0 },
    formatJob: renameProcess,
    formatBody: singleJob,
  },
  geminidb: {
    defaults: { name: 'CreateInstance', pendingMs: 0 },
    formatJob: renameProcessAndTimes,
    formatBody: jobArray,
  },
} as const satisfies Record<string, ServiceFormat>

export type Service = keyof typeof services

export function isService(text: string): text is Service {
  return Object.hasOwn(services, text)
}

export interface ServiceFormat {
  /** Options of every job, unless the job has its own. */
  readonly defaults: JobOptions
  /** Converts TaurusDB's fields of a job to the service's. */
  readonly formatJob: (job: Job) => Job
  /** Returns the response body, or undefined when the service returns an error for a job that does not exist. */
  readonly formatBody: (job: Job | undefined) => unknown
}

function singleJob(job: Job | undefined): unknown {
  return job && { job }
}

function jobArray(job: Job | undefined): unknown {
  return job === undefined ? { jobs: [], total_count: 0 } : { jobs: [job], total_count: 1 }
}

/** `process` is called `progress`, and `entities` does not exist. */
function renameProcess({ process: progress, ...job }: Job): Job {
  return without({ ...job, progress }, 'entities')
}

/** As {@link renameProcess}; the times have other names, too. */
function renameProcessAndTimes(job: Job): Job {
  const { created: start_time, ended: end_time, ...others } = renameProcess(job)
  return { ...others, start_time, end_time }
}

function without(job: Job, field: string): Job {
  return Object.fromEntries(Object.entries(job).filter(([name]) => name !== field))
}
