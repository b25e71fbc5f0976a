/**
 * Host names, with `*` for the region's ID, and the regions that use them; no rule determines which host a region uses.
 * Source: Huawei Cloud Python SDKs 3.1.219, in the file named above each table. To add a region, add its ID here.
 */
export type Hosts = Readonly<Record<string, readonly string[]>>

/** huaweicloudsdkgaussdb/v3/region/gaussdb_region.py */
export const TAURUSDB: Hosts = {
  'gaussdb.*.myhuaweicloud.com': ids(`
    cn-north-2 cn-north-4 cn-north-9 cn-east-3 cn-south-1 cn-south-4 cn-southwest-2 ap-southeast-3 ap-southeast-4
    sa-brazil-1 ru-northwest-2`),
  'gaussdbformysql.*.myhuaweicloud.com': ids('cn-north-11 ap-southeast-1 ap-southeast-2 tr-west-1 me-east-1'),
  'gaussdb-mysql.*.myhuaweicloud.com': ids('cn-east-5 cn-southwest-3 la-north-2 af-south-1'),
}

/** RDS and DDS document the same regions. */
const RDS_AND_DDS = ids(`
  cn-north-1 cn-north-2 cn-north-4 cn-north-9 cn-north-11 cn-north-12 cn-east-2 cn-east-3 cn-east-4 cn-east-5
  cn-south-1 cn-south-2 cn-south-4 cn-southwest-2 cn-southwest-3 ap-southeast-1 ap-southeast-2 ap-southeast-3
  ap-southeast-4 ap-southeast-5 my-kualalumpur-1 la-north-2 la-south-2 na-mexico-1 sa-brazil-1 af-north-1 af-south-1
  eu-west-0 ru-moscow-1 ru-northwest-2 tr-west-1 me-east-1 ae-ad-1`)

/** huaweicloudsdkrds/v3/region/rds_region.py */
export const RDS: Hosts = {
  'rds.*.myhuaweicloud.com': RDS_AND_DDS,
  'rds.*.myhuaweicloud.eu': ids('eu-west-101'),
}

/** huaweicloudsdkdds/v3/region/dds_region.py */
export const DDS: Hosts = {
  'dds.*.myhuaweicloud.com': RDS_AND_DDS,
  'dds.*.myhuaweicloud.eu': ids('eu-west-101'),
}

/** huaweicloudsdkgaussdbforopengauss/v3/region/gaussdbforopengauss_region.py */
export const GAUSSDB: Hosts = {
  'gaussdb-opengauss.*.myhuaweicloud.com': ids(`
    cn-north-2 cn-north-4 cn-north-9 cn-east-3 cn-south-1 cn-south-2 cn-south-4 cn-southwest-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 la-north-2 la-south-2 sa-brazil-1 af-south-1 ru-northwest-2`),
  'gaussdb.*.myhuaweicloud.com': ids(`
    cn-north-12 cn-east-2 cn-east-4 cn-east-5 ap-southeast-5 af-north-1 tr-west-1 me-east-1`),
}

/** huaweicloudsdkgaussdbfornosql/v3/region/gaussdbfornosql_region.py */
export const GEMINIDB: Hosts = {
  'gaussdb-nosql.*.myhuaweicloud.com': ids(`
    cn-north-1 cn-north-2 cn-north-4 cn-north-9 cn-north-11 cn-east-2 cn-east-3 cn-east-4 cn-south-1 cn-south-2
    cn-south-4 cn-southwest-2 cn-southwest-3 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5
    la-north-2 la-south-2 sa-brazil-1 af-south-1 ru-moscow-1 ru-northwest-2 tr-west-1 me-east-1`),
  'gaussdb-nosql.*.myhuaweicloud.eu': ids('eu-west-101'),
}

/** huaweicloudsdksts/v1/region/sts_region.py */
export const STS: Hosts = {
  'sts.*.myhuaweicloud.com': ids(`
    cn-north-4 cn-east-3 cn-south-1 cn-southwest-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4
    sa-brazil-1 la-south-2 af-south-1 tr-west-1`),
}

function ids(separatedBySpaces: string): readonly string[] {
  return separatedBySpaces.trim().split(/\s+/)
}
