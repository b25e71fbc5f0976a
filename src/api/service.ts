import { DDS, GAUSSDB, GEMINIDB, RDS, TAURUSDB, type Hosts } from './regions.ts'

/** A database service with a jobs API. */
export interface Service {
  /** The product name. */
  readonly title: string
  readonly hosts: Hosts
  /** The field of the response that contains the job: `job` itself, or an array in `jobs`. */
  readonly field: 'job' | 'jobs'
  /** Whether the service documents the job list `immediate-jobs`. */
  readonly hasList: boolean
}

/**
 * The services that document `GET /v3/{project_id}/jobs?id=`, by the value of the input `service`.
 * Source: Huawei Cloud Python SDKs 3.1.219, the requests ShowGaussMySqlJobInfo (TaurusDB), ListJobInfo (RDS),
 * ShowJobDetail (DDS, GaussDB), and ListJobs (GeminiDB).
 */
export const SERVICES = {
  taurusdb: { title: 'TaurusDB', hosts: TAURUSDB, field: 'job', hasList: true },
  rds: { title: 'RDS', hosts: RDS, field: 'job', hasList: false },
  dds: { title: 'DDS', hosts: DDS, field: 'job', hasList: false },
  gaussdb: { title: 'GaussDB', hosts: GAUSSDB, field: 'job', hasList: false },
  geminidb: { title: 'GeminiDB', hosts: GEMINIDB, field: 'jobs', hasList: false },
} as const satisfies Record<string, Service>
