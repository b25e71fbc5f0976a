import { DDS, GAUSSDB, GEMINIDB, RDS, TAURUSDB, type Hosts } from './regions.ts'

/** Whose jobs API it is. */
export interface Service {
  /** What people call it. */
  readonly title: string
  readonly hosts: Hosts
  /** The field of its answer that holds the job: by itself in `job`, in a list in `jobs`. */
  readonly field: 'job' | 'jobs'
  /** Whether its documents have a task center's list, `immediate-jobs`. */
  readonly hasList: boolean
}

/**
 * The services whose documents have `GET /v3/{project_id}/jobs?id=`, by the input's value. Source: the vendor's Python
 * SDKs 3.1.219, ShowGaussMySqlJobInfo, ListJobInfo (RDS), ShowJobDetail (DDS, GaussDB), ListJobs (GeminiDB).
 */
export const SERVICES = {
  taurusdb: { title: 'TaurusDB', hosts: TAURUSDB, field: 'job', hasList: true },
  rds: { title: 'RDS', hosts: RDS, field: 'job', hasList: false },
  dds: { title: 'DDS', hosts: DDS, field: 'job', hasList: false },
  gaussdb: { title: 'GaussDB', hosts: GAUSSDB, field: 'job', hasList: false },
  geminidb: { title: 'GeminiDB', hosts: GEMINIDB, field: 'jobs', hasList: false },
} as const satisfies Record<string, Service>

export function isServiceName(text: string): text is keyof typeof SERVICES {
  return Object.hasOwn(SERVICES, text)
}
