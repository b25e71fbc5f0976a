import type { Job, JobWish } from './job.ts'

/**
 * How the services that share the path of the jobs call differ. Sources: the vendor's SDKs 3.1.219 (ListJobInfo of RDS,
 * ShowJobDetail of DDS and of GaussDB, ListJobs of GeminiDB). Only TaurusDB documents a status before Running;
 * GaussDB documents no names of jobs.
 */
export const services = {
  taurusdb: { usual: {}, tell: (job) => job, show: single },
  rds: { usual: { name: 'CreateMysqlInstance', pendingMs: 0 }, tell: (job) => job, show: single },
  dds: { usual: { name: 'CreateMongoDBReplica', pendingMs: 0 }, tell: inShort, show: single },
  gaussdb: { usual: { name: 'CreateGaussDBInstance', pendingMs: 0 }, tell: inShort, show: single },
  geminidb: { usual: { name: 'CreateInstance', pendingMs: 0 }, tell: withTimes, show: listed },
} as const satisfies Record<string, Dialect>

export type Service = keyof typeof services

export function isService(text: string): text is Service {
  return Object.hasOwn(services, text)
}

export interface Dialect {
  /** What a job is when nothing else is wished for. */
  readonly usual: JobWish
  /** TaurusDB's fields of a job → the service's. */
  readonly tell: (job: Job) => Job
  /** The answer's body; undefined when an unknown job is an error. */
  readonly show: (job: Job | undefined) => unknown
}

function single(job: Job | undefined): unknown {
  return job && { job }
}

function listed(job: Job | undefined): unknown {
  return job === undefined ? { jobs: [], total_count: 0 } : { jobs: [job], total_count: 1 }
}

/** No `entities`, and `progress` is the name of `process`. */
function inShort({ process: progress, ...job }: Job): Job {
  return without({ ...job, progress }, 'entities')
}

/** As {@link inShort}, and the dates have other names, too. */
function withTimes(job: Job): Job {
  const { created: start_time, ended: end_time, ...others } = inShort(job)
  return { ...others, start_time, end_time }
}

function without(job: Job, field: string): Job {
  return Object.fromEntries(Object.entries(job).filter(([name]) => name !== field))
}
