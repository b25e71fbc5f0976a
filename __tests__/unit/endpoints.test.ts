import { describe, expect, test } from '@jest/globals'
import { jobsEndpointOf, stsEndpointOf } from '../../src/api/endpoints.ts'
import { SERVICES } from '../../src/api/service.ts'
import { InvalidInput } from '../../src/invalid-input.ts'

function problem(endpoint: string | InvalidInput): string {
  if (!(endpoint instanceof InvalidInput)) throw new Error(`${endpoint} is found`)
  return endpoint.problem
}

describe('the host of a region’s TaurusDB API', () => {
  const jobsEndpoint = (region: string) => jobsEndpointOf(region, SERVICES.taurusdb)

  test.each([
    ['cn-north-4', 'https://gaussdb.cn-north-4.myhuaweicloud.com'],
    ['ap-southeast-1', 'https://gaussdbformysql.ap-southeast-1.myhuaweicloud.com'],
    ['cn-east-5', 'https://gaussdb-mysql.cn-east-5.myhuaweicloud.com'],
  ])('%s: %s', (region, endpoint) => {
    expect(jobsEndpoint(region)).toBe(endpoint)
  })

  test.each([
    ['cn-north4', 'Near are cn-north-2, cn-north-4, cn-north-9.'],
    ['CN-NORTH-4', 'cn-north-4, '],
    ['tr-west', 'Near are tr-west-1.'],
    ['ap-southeast-5', 'ap-southeast-3, ap-southeast-4, ap-southeast-1, ap-southeast-2'],
  ])('%s is not known, and what is near is named', (region, near) => {
    expect(problem(jobsEndpoint(region))).toMatch(/^has no documented TaurusDB host\. .* Give endpoint\.$/)
    expect(problem(jobsEndpoint(region))).toContain(near)
  })

  test('all are named when none is near', () => {
    expect(problem(jobsEndpoint('eu-de')).match(/[a-z]+-[a-z]+-\d+/g)).toHaveLength(20)
  })

  test('is known for the regions that the vendor’s SDK knows', () => {
    const all = problem(jobsEndpoint('eu-de')).match(/[a-z]+-[a-z]+-\d+/g) ?? []
    expect(all.toSorted().join(' ')).toBe(
      'af-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 cn-east-3 cn-east-5 cn-north-11 cn-north-2 cn-north-4 cn-north-9 cn-south-1 cn-south-4 cn-southwest-2 cn-southwest-3 la-north-2 me-east-1 ru-northwest-2 sa-brazil-1 tr-west-1',
    )
  })

  test.each(['__proto__', 'constructor', 'toString', ''])('%j is no region', (region) => {
    expect(problem(jobsEndpoint(region))).toContain('There are')
  })
})

describe('the host of a sister service', () => {
  test.each([
    ['rds', 'cn-north-1', 'https://rds.cn-north-1.myhuaweicloud.com'],
    ['rds', 'eu-west-101', 'https://rds.eu-west-101.myhuaweicloud.eu'],
    ['dds', 'cn-north-1', 'https://dds.cn-north-1.myhuaweicloud.com'],
    ['dds', 'eu-west-101', 'https://dds.eu-west-101.myhuaweicloud.eu'],
    ['gaussdb', 'cn-north-4', 'https://gaussdb-opengauss.cn-north-4.myhuaweicloud.com'],
    // The host of TaurusDB in other regions.
    ['gaussdb', 'cn-east-5', 'https://gaussdb.cn-east-5.myhuaweicloud.com'],
    ['geminidb', 'cn-north-4', 'https://gaussdb-nosql.cn-north-4.myhuaweicloud.com'],
    ['geminidb', 'eu-west-101', 'https://gaussdb-nosql.eu-west-101.myhuaweicloud.eu'],
  ] as const)('%s in %s: %s', (service, region, endpoint) => {
    expect(jobsEndpointOf(region, SERVICES[service])).toBe(endpoint)
  })

  test('is not that of TaurusDB where only TaurusDB is documented, and the error names the service', () => {
    expect(problem(jobsEndpointOf('cn-north-11', SERVICES.gaussdb))).toMatch(
      /^has no documented GaussDB host\. Near are .*cn-north-12.* Give endpoint\.$/,
    )
    expect(problem(jobsEndpointOf('eu-de', SERVICES.geminidb))).toContain(
      'no documented GeminiDB host. There are',
    )
  })
})

// As many as the region files of the vendor's SDKs 3.1.219 have.
test.each([
  ['taurusdb', [11, 5, 4]],
  ['rds', [33, 1]],
  ['dds', [33, 1]],
  ['gaussdb', [17, 8]],
  ['geminidb', [26, 1]],
] as const)('the hosts of %s are known for %p regions, and a region has one', (service, counts) => {
  const { hosts } = SERVICES[service]
  expect(Object.values(hosts).map((regions) => regions.length)).toEqual(counts)
  const all = Object.values<readonly string[]>(hosts).flat()
  expect(new Set(all).size).toBe(all.length)
  expect(all.filter((id) => !/^[a-z]{2}-[a-z]+-\d+$/.test(id))).toEqual([])
})

describe('the Security Token Service of a region', () => {
  test('is looked up', () => {
    expect(stsEndpointOf({ id: 'cn-north-4', source: 'region' })).toBe(
      'https://sts.cn-north-4.myhuaweicloud.com',
    )
  })

  test('may be missing, which names the region’s source and what to give', () => {
    expect(problem(stsEndpointOf({ id: 'cn-north-9', source: 'HW_REGION_NAME' }))).toBe(
      'is missing, and HW_REGION_NAME names none whose Security Token Service is documented. Near are cn-north-4. Give sts-endpoint, of another region say.',
    )
    expect(problem(stsEndpointOf(undefined))).toContain('is missing')
  })
})
