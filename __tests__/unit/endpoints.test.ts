import { describe, expect, test } from '@jest/globals'
import { iamEndpointOf, jobsEndpointOf, stsEndpointOf } from '../../src/api/endpoints.ts'
import { SERVICES } from '../../src/api/service.ts'
import { InvalidInput } from '../../src/invalid-input.ts'
import { plain } from './text.ts'

function problem(endpoint: string | InvalidInput): string {
  if (!(endpoint instanceof InvalidInput)) throw new Error(`${endpoint} was found`)
  return plain(endpoint.problem)
}

describe('the TaurusDB host of a region', () => {
  const jobsEndpoint = (region: string) => jobsEndpointOf(region, SERVICES.taurusdb)

  test.each([
    ['cn-north-4', 'https://gaussdb.cn-north-4.myhuaweicloud.com'],
    ['ap-southeast-1', 'https://gaussdbformysql.ap-southeast-1.myhuaweicloud.com'],
    ['cn-east-5', 'https://gaussdb-mysql.cn-east-5.myhuaweicloud.com'],
  ])('in %s is %s', (region, endpoint) => {
    expect(jobsEndpoint(region)).toBe(endpoint)
  })

  test.each([
    ['cn-north4', 'Similar regions: cn-north-2, cn-north-4, cn-north-9.'],
    ['CN-NORTH-4', 'cn-north-4, '],
    ['tr-west', 'Similar regions: tr-west-1.'],
    ['la-nroth-2', 'Similar regions: la-north-2.'],
    ['saa-brazill-1', 'Similar regions: sa-brazil-1.'],
    ['saa-brazilll-1', 'Known regions: '],
    ['tr-west-1'.repeat(1_000), 'Known regions: '],
    ['ap-southeast-5', 'ap-southeast-3, ap-southeast-4, ap-southeast-1, ap-southeast-2'],
  ])('in the unknown region %s is an error that names similar regions', (region, similar) => {
    expect(problem(jobsEndpoint(region))).toMatch(
      /^no TaurusDB host is documented for this region\. .* Set endpoint, or choose another region\.$/,
    )
    expect(problem(jobsEndpoint(region))).toContain(similar)
  })

  test('in an unknown region is an error that names all regions if none is similar', () => {
    expect(problem(jobsEndpoint('eu-de')).match(/[a-z]+-[a-z]+-\d+/g)).toHaveLength(20)
  })

  test("is known for all regions of the vendor's SDK", () => {
    const all = problem(jobsEndpoint('eu-de')).match(/[a-z]+-[a-z]+-\d+/g) ?? []
    expect(all.toSorted().join(' ')).toBe(
      'af-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 cn-east-3 cn-east-5 cn-north-11 cn-north-2 cn-north-4 cn-north-9 cn-south-1 cn-south-4 cn-southwest-2 cn-southwest-3 la-north-2 me-east-1 ru-northwest-2 sa-brazil-1 tr-west-1',
    )
  })

  test.each(['__proto__', 'constructor', 'toString', ''])('%j is not a region', (region) => {
    expect(problem(jobsEndpoint(region))).toContain('Known regions: ')
  })
})

describe('the host of another database service', () => {
  test.each([
    ['rds', 'cn-north-1', 'https://rds.cn-north-1.myhuaweicloud.com'],
    ['rds', 'eu-west-101', 'https://rds.eu-west-101.myhuaweicloud.eu'],
    ['dds', 'cn-north-1', 'https://dds.cn-north-1.myhuaweicloud.com'],
    ['dds', 'eu-west-101', 'https://dds.eu-west-101.myhuaweicloud.eu'],
    ['gaussdb', 'cn-north-4', 'https://gaussdb-opengauss.cn-north-4.myhuaweicloud.com'],
    // TaurusDB uses this host in other regions.
    ['gaussdb', 'cn-east-5', 'https://gaussdb.cn-east-5.myhuaweicloud.com'],
    ['geminidb', 'cn-north-4', 'https://gaussdb-nosql.cn-north-4.myhuaweicloud.com'],
    ['geminidb', 'eu-west-101', 'https://gaussdb-nosql.eu-west-101.myhuaweicloud.eu'],
  ] as const)('for %s in %s is %s', (service, region, endpoint) => {
    expect(jobsEndpointOf(region, SERVICES[service])).toBe(endpoint)
  })

  test('is not the TaurusDB host of the region, and the error names the service', () => {
    expect(problem(jobsEndpointOf('cn-north-11', SERVICES.gaussdb))).toMatch(
      /^no GaussDB host is documented .* Similar regions: .*cn-north-12.* Set endpoint, or choose another region\.$/,
    )
    expect(problem(jobsEndpointOf('eu-de', SERVICES.geminidb))).toContain(
      'no GeminiDB host is documented for this region. Known regions: ',
    )
  })
})

// The numbers are those of the region files in the vendor's SDKs 3.1.219.
test.each([
  ['taurusdb', [11, 5, 4]],
  ['rds', [34]],
  ['dds', [34]],
  ['gaussdb', [17, 8]],
  ['geminidb', [27]],
] as const)('the hosts of %s cover %p regions, each region once', (service, counts) => {
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

  test('is an error if unknown, which names the source of the region and what to set', () => {
    expect(problem(stsEndpointOf({ id: 'cn-north-9', source: 'HW_REGION_NAME' }))).toBe(
      'missing, and no Security Token Service host is documented for the value of HW_REGION_NAME. Similar regions: cn-north-4. Set sts-endpoint; the host of any other region works.',
    )
    expect(problem(stsEndpointOf(undefined))).toContain('missing')
  })
})

describe('the IAM of a region', () => {
  test.each([
    ['cn-north-4', 'https://iam.cn-north-4.myhuaweicloud.com'],
    ['eu-west-101', 'https://iam.eu-west-101.myhuaweicloud.eu'],
  ])('in %s is %s', (id, endpoint) => {
    expect(iamEndpointOf({ id, source: 'region' })).toBe(endpoint)
  })

  test.each([
    '',
    'evil.test/',
    'evil.test#',
    'a@b',
    'a:1',
    'CN-NORTH-4',
    'cn north',
    'a'.repeat(41),
    '..',
    'a\n',
  ])('is an error for %j, which is not the ID of a region', (id) => {
    expect(problem(iamEndpointOf({ id, source: 'HW_REGION_NAME' }))).toBe(
      'missing, and the value of HW_REGION_NAME is not a region ID. Set project-id, or a valid region.',
    )
  })
})
