import { describe, expect, test } from '@jest/globals'
import { instanceApi, readInstance } from '../../src/api/instances.ts'
import { tokenCredentials } from '../../src/credentials/credentials.ts'
import type { ExchangeResult, HttpRequest } from '../../src/http/exchange.ts'
import type { InstanceResponse } from '../../src/response.ts'
import { contextAt, plain } from './text.ts'
import { jobId } from './virtual-wait.ts'

/** The requests for an instance, and the meaning of the responses. */

const ID = 'a48e43ff268f4c0e879652d65e63d0fbin07'
/** As the service returns it, without what the action does not read. */
const sent = { id: ID, status: 'ACTIVE', name: 'shop', port: '3306', private_write_ips: ['192.168.0.10'] }

function response(body: unknown, status = 200): ExchangeResult {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { kind: 'response', status, headers: {}, body: text, bodyError: undefined }
}

const read = (body: unknown, status = 200) => readInstance(response(body, status), ID, contextAt(0))
const readFields = (fields: Record<string, unknown>) => read({ instance: { ...sent, ...fields } })

function instanceIn(result: InstanceResponse) {
  if (result.kind !== 'instance') throw new Error(`the response is ${result.kind}`)
  const { status, name, address, endpoint } = result.instance
  return {
    status: [plain([status.text]), status.meaning],
    name: name && plain([name]),
    address,
    endpoint: endpoint && plain([endpoint]),
  }
}

const messageOf = (result: InstanceResponse) => ('detail' in result ? plain(result.detail.message) : '')

test('an instance has a status, a name, and an address', () => {
  expect(instanceIn(readFields({}))).toEqual({
    status: ['ACTIVE', 'active'],
    name: 'shop',
    address: { host: '192.168.0.10', port: 3306 },
    endpoint: '192.168.0.10:3306',
  })
})

test.each([
  ['ignoring case', ID.toUpperCase(), 'instance'],
  ['not that of another one', ID.replace('a', 'b'), 'unusable'],
  ['not equal only through Unicode lower case', ID.replace('a48e', '\u212a48e'), 'unusable'],
])('an instance has the requested ID, %s', (_name, id, kind) => {
  expect(readFields({ id }).kind).toBe(kind)
})

describe('the status', () => {
  test.each([
    ['ACTIVE', 'active'],
    ['FAILED', 'failed'],
    ['FROZEN', 'failed'],
    ['BUILD', 'busy'],
    ['BACKING UP', 'busy'],
    ['MODIFYING', 'busy'],
    ['MODIFYING INSTANCE TYPE', 'busy'],
    ['MODIFYING DATABASE PORT', 'busy'],
    ['REBOOTING', 'busy'],
    ['RESTORING', 'busy'],
    ['SWITCHOVER', 'busy'],
    ['MIGRATING', 'busy'],
    // Somebody has to act.
    ['STORAGE FULL', 'unknown'],
    ['active', 'unknown'],
    ['ACTIVE ', 'unknown'],
    ['CREATE FAIL', 'unknown'],
    ['__proto__', 'unknown'],
    ['正常', 'unknown'],
  ])('%s means %s', (status, meaning) => {
    expect(instanceIn(readFields({ status })).status).toEqual([status, meaning])
  })

  test('is kept short for the history', () => {
    const result = readFields({ status: 'x'.repeat(10_000) })
    expect(result.kind === 'instance' && result.instance.status.label.reveal()).toHaveLength(120)
  })

  test.each([undefined, null, '', 1, ['ACTIVE']])('that is %j makes the response unusable', (status) => {
    const result = readFields({ status })
    expect(result.kind).toBe('unusable')
    expect(messageOf(result)).toBe('HTTP 200 without an instance that has a status')
  })
})

describe('the address', () => {
  test.each([
    [3306, '3306'],
    ['3306', '3306'],
    ['1', '1'],
    [65_535, '65535'],
  ])('has the port %j', (port, expected) => {
    expect(instanceIn(readFields({ port })).endpoint).toBe(`192.168.0.10:${expected}`)
  })

  test.each([
    undefined,
    null,
    '',
    0,
    '0',
    -1,
    3306.5,
    65_536,
    '99999',
    '033306',
    '3306/tcp',
    ' 3306',
    true,
    [3306],
  ])('is not known with the port %j', (port) => {
    const { address, endpoint, status } = instanceIn(readFields({ port }))
    expect([address, endpoint, status[1]]).toEqual([undefined, undefined, 'active'])
  })

  test('may be an IPv6 address, which is in brackets where a port follows', () => {
    const { address, endpoint } = instanceIn(readFields({ private_write_ips: ['2001:db8::1'] }))
    expect(address).toEqual({ host: '2001:db8::1', port: 3306 })
    expect(endpoint).toBe('[2001:db8::1]:3306')
  })

  test('is the first that is valid', () => {
    const { endpoint } = instanceIn(readFields({ private_write_ips: ['', 'a b', '10.0.0.1', '10.0.0.2'] }))
    expect(endpoint).toBe('10.0.0.1:3306')
  })

  test.each([
    [undefined],
    [null],
    ['192.168.0.10'],
    [{ 0: '192.168.0.10' }],
    [[]],
    [['']],
    [[null]],
    [['10.0.0.1', 7]],
    [['10.0.0.1/24']],
    [['10.0.0.1\n::error::x']],
    [['$(id)']],
    [['user@10.0.0.1']],
    [['[::1]']],
    [['10.0.0.1:3306']],
    [['evil:host']],
    [['fe80::1%eth0']],
    [['x'.repeat(254)]],
    [['\u202E10.0.0.1']],
  ])('is not known if private_write_ips is %j', (ips) => {
    const { address, endpoint, status } = instanceIn(readFields({ private_write_ips: ips }))
    expect([address, endpoint, status[1]]).toEqual([undefined, undefined, 'active'])
  })

  test.each([undefined, null, '', 7, {}])('does not depend on the name, here %j', (name) => {
    const { name: known, endpoint } = instanceIn(readFields({ name }))
    expect([known, endpoint]).toEqual([undefined, '192.168.0.10:3306'])
  })
})

describe('an instance was not found', () => {
  test.each([
    ['an empty ID', { ...sent, id: '' }],
    ['an ID that is null', { ...sent, id: null }],
    ['no ID', { ...sent, id: undefined }],
    ['no field at all', {}],
  ])('after HTTP 200 with %s, because it was deleted', (_name, instance) => {
    const result = read({ instance })
    expect(result.kind).toBe('not-found-yet')
    expect(messageOf(result)).toBe('HTTP 200 without the instance')
  })

  test('after HTTP 404 of the service, whose code and message are kept', () => {
    const result = read({ error_code: 'DBS.280404', error_msg: 'The instance does not exist.' }, 404)
    expect(result).toMatchObject({ kind: 'not-found-yet', detail: { label: 'not found' } })
    expect(messageOf(result)).toMatch(/^HTTP 404 DBS\.280404 .*The instance does not exist\./)
  })

  test('after HTTP 404 without a body', () => {
    expect(read('', 404).kind).toBe('not-found-yet')
  })
})

describe('other responses', () => {
  test('HTTP 404 of the gateway is about the path, so the request is rejected', () => {
    const result = read({ error_code: 'APIGW.0101', error_msg: 'The API does not exist.' }, 404)
    expect(result).toMatchObject({ kind: 'rejected', reason: 'request' })
  })

  test('HTTP 403 names the permission that reads instances', () => {
    const result = read({ error_code: 'DBS.280005', error_msg: 'Forbidden.' }, 403)
    expect(result).toMatchObject({
      kind: 'rejected',
      reason: 'permission',
      detail: { hint: expect.stringContaining('gaussdbformysql:instance:get') },
    })
    expect(messageOf(result)).toContain('DBS.280005')
  })

  test('HTTP 401 rejects the credentials', () => {
    expect(read({ error_code: 'APIGW.0301' }, 401)).toMatchObject({ reason: 'credentials', scope: 'all' })
  })

  test.each([429, 500, 503])('HTTP %d is retried', (status) => {
    expect(read('', status).kind).toBe('transient')
  })

  test.each([
    ['HTTP 200 without an instance', { job: { id: ID, status: 'ACTIVE' } }],
    ['an instance that is null', { instance: null }],
    ['an instance that is a list', { instance: [sent] }],
    ['an ID that is a number', { instance: { ...sent, id: 7 } }],
    ['text', '<html></html>'],
  ])('%s is unusable', (_name, body) => {
    expect(read(body)).toMatchObject({ kind: 'unusable', detail: { label: 'no instance that has a status' } })
  })

  test('HTTP 200 with an error is unusable, and shows the error', () => {
    const result = read({ error_code: 'DBS.280001', error_msg: 'Parameter error.' })
    expect(result.kind).toBe('unusable')
    expect(messageOf(result)).toContain('DBS.280001')
  })
})

describe('a request', () => {
  function apiWith(result: ExchangeResult = response({ instance: sent })) {
    const requests: HttpRequest[] = []
    const getInstance = instanceApi({
      ...contextAt(0),
      endpoint: 'https://host.example/mysql',
      getProject: () => Promise.resolve({ kind: 'project', id: 'p' }),
      language: 'zh-cn',
      credentials: tokenCredentials('fake-token'),
      exchange: (request) => {
        requests.push(request)
        return Promise.resolve(result)
      },
    })
    return { requests, get: (id: string) => getInstance(jobId(id), new AbortController().signal) }
  }

  test('is a signed GET of version 3 for the ID', async () => {
    const { requests, get } = apiWith()
    expect((await get(ID)).kind).toBe('instance')
    expect(requests).toMatchObject([
      {
        method: 'GET',
        url: `https://host.example/mysql/v3/p/instances/${ID}`,
        headers: { 'X-Auth-Token': 'fake-token', 'X-Language': 'zh-cn' },
        body: '',
      },
    ])
  })

  test.each([
    '',
    '.',
    '..',
    '../jobs',
    'a/b',
    'a\\b',
    'a?b',
    'a#b',
    'a%2fb',
    'a b',
    'a\nb',
    'é',
    'x'.repeat(129),
  ])('is not sent for the ID %j, which cannot be an instance', async (id) => {
    const { requests, get } = apiWith()
    const result = await get(id)
    expect(requests).toEqual([])
    expect(result.kind).toBe('not-found-yet')
    expect(messageOf(result)).toBe('the ID is not that of an instance')
  })

  test('whose token is rejected has the hint of its credentials', async () => {
    const { get } = apiWith(response({ error_code: 'APIGW.0301' }, 401))
    expect(await get(ID)).toMatchObject({
      reason: 'credentials',
      detail: { hint: expect.stringContaining('Get a new token') },
    })
  })
})
