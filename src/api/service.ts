/**
 * The host names of a service, without `.{region}.myhuaweicloud.com`, and the regions that use them; no rule determines
 * which host a region uses. Source: Huawei Cloud Python SDKs 3.1.219, in the file named above each table. To add a
 * region, add its ID here.
 */
export type Hosts = Readonly<Record<string, readonly string[]>>

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

/** huaweicloudsdkgaussdb/v3/region/gaussdb_region.py */
const TAURUSDB: Hosts = {
  gaussdb: ids(`
    cn-north-2 cn-north-4 cn-north-9 cn-east-3 cn-south-1 cn-south-4 cn-southwest-2 ap-southeast-3 ap-southeast-4
    sa-brazil-1 ru-northwest-2`),
  gaussdbformysql: ids('cn-north-11 ap-southeast-1 ap-southeast-2 tr-west-1 me-east-1'),
  'gaussdb-mysql': ids('cn-east-5 cn-southwest-3 la-north-2 af-south-1'),
}

/** huaweicloudsdkrds/v3/region/rds_region.py; huaweicloudsdkdds/v3/region/dds_region.py documents the same regions. */
const RDS_AND_DDS = ids(`
  cn-north-1 cn-north-2 cn-north-4 cn-north-9 cn-north-11 cn-north-12 cn-east-2 cn-east-3 cn-east-4 cn-east-5
  cn-south-1 cn-south-2 cn-south-4 cn-southwest-2 cn-southwest-3 ap-southeast-1 ap-southeast-2 ap-southeast-3
  ap-southeast-4 ap-southeast-5 my-kualalumpur-1 la-north-2 la-south-2 na-mexico-1 sa-brazil-1 af-north-1 af-south-1
  eu-west-0 ru-moscow-1 ru-northwest-2 tr-west-1 me-east-1 ae-ad-1 eu-west-101`)

/** huaweicloudsdkgaussdbforopengauss/v3/region/gaussdbforopengauss_region.py */
const GAUSSDB: Hosts = {
  'gaussdb-opengauss': ids(`
    cn-north-2 cn-north-4 cn-north-9 cn-east-3 cn-south-1 cn-south-2 cn-south-4 cn-southwest-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 la-north-2 la-south-2 sa-brazil-1 af-south-1 ru-northwest-2`),
  gaussdb: ids('cn-north-12 cn-east-2 cn-east-4 cn-east-5 ap-southeast-5 af-north-1 tr-west-1 me-east-1'),
}

/** huaweicloudsdkgaussdbfornosql/v3/region/gaussdbfornosql_region.py */
const GEMINIDB: Hosts = {
  'gaussdb-nosql': ids(`
    cn-north-1 cn-north-2 cn-north-4 cn-north-9 cn-north-11 cn-east-2 cn-east-3 cn-east-4 cn-south-1 cn-south-2
    cn-south-4 cn-southwest-2 cn-southwest-3 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5
    la-north-2 la-south-2 sa-brazil-1 af-south-1 ru-moscow-1 ru-northwest-2 tr-west-1 me-east-1 eu-west-101`),
}

/** The Security Token Service. huaweicloudsdksts/v1/region/sts_region.py */
export const STS: Hosts = {
  sts: ids(`
    cn-north-4 cn-east-3 cn-south-1 cn-southwest-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4
    sa-brazil-1 la-south-2 af-south-1 tr-west-1`),
}

function ids(separatedBySpaces: string): readonly string[] {
  return separatedBySpaces.trim().split(/\s+/)
}

/**
 * The services that document `GET /v3/{project_id}/jobs?id=`, by the value of the input `service`.
 * Source: Huawei Cloud Python SDKs 3.1.219, the requests ShowGaussMySqlJobInfo (TaurusDB), ListJobInfo (RDS),
 * ShowJobDetail (DDS, GaussDB), and ListJobs (GeminiDB).
 */
export const SERVICES = {
  taurusdb: { title: 'TaurusDB', hosts: TAURUSDB, field: 'job', hasList: true },
  rds: { title: 'RDS', hosts: { rds: RDS_AND_DDS }, field: 'job', hasList: false },
  dds: { title: 'DDS', hosts: { dds: RDS_AND_DDS }, field: 'job', hasList: false },
  gaussdb: { title: 'GaussDB', hosts: GAUSSDB, field: 'job', hasList: false },
  geminidb: { title: 'GeminiDB', hosts: GEMINIDB, field: 'jobs', hasList: false },
} as const satisfies Record<string, Service>
