import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { ApiRequest } from '../../simulator/request.ts'
import { canonicalRequest, readAuthorization, readSdkDate, sign } from '../../simulator/signature.ts'

function request(parts: Partial<ApiRequest>): ApiRequest {
  const empty = { method: 'GET', path: '/', rawQuery: '', query: {}, headers: {}, body: '', requestId: '' }
  return { ...empty, ...parts }
}

const python = { host: 'service.endpoint.myhuaweicloud.com', 'x-sdk-date': '20200608T023900Z' }
const go = { host: 'example.huaweicloud.com', 'x-sdk-date': '20060102T150405Z' }

describe('the simulator computes the same signatures as', () => {
  test('the signing guide', () => {
    const canonical = canonicalRequest(
      request({
        path: '/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs',
        rawQuery: 'limit=2&marker=13551d6b-755d-4757-b956-536f674975c0',
        headers: {
          'content-type': 'application/json',
          host: 'service.region.example.com',
          'x-sdk-date': '20191115T033655Z',
        },
      }),
      ['content-type', 'host', 'x-sdk-date'],
    )
    expect(createHash('sha256').update(canonical).digest('hex')).toBe(
      'b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a',
    )
    expect(sign(canonical, '20191115T033655Z', 'MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc')).toBe(
      '7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe',
    )
  })

  test.each([
    [
      "the Python SDK's tests, GET",
      { path: '/resources', rawQuery: 'size=1', headers: python },
      'host;x-sdk-date',
      'cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842',
    ],
    [
      "the Python SDK's tests, POST",
      {
        method: 'POST',
        path: '/resources',
        rawQuery: 'size=1',
        headers: python,
        body: '{"name":"test","id":1}',
      },
      'host;x-sdk-date',
      '436b1ac0a1ae03705934bb70ef2f2e09f7bfed2117d731a38235053199323a1f',
    ],
    [
      "the Go SDK's tests, GET",
      { path: '/path', rawQuery: 'limit=1', headers: go },
      'x-sdk-date',
      '5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624',
    ],
    [
      "the Go SDK's tests, POST",
      {
        method: 'POST',
        path: '/path',
        rawQuery: 'key=value',
        headers: go,
        body: '{"Name":"test","Id":1}\n',
      },
      'x-sdk-date',
      'cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59',
    ],
  ])('%s', (_, parts, signedHeaders, signature) => {
    const authorization = `SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=${signedHeaders}, Signature=${signature}`
    const claim = readAuthorization(authorization)
    expect(claim).toEqual({ accessKeyId: 'AccessKey', signedHeaders: signedHeaders.split(';'), signature })
    const canonical = canonicalRequest(request(parts), claim?.signedHeaders ?? [])
    expect(sign(canonical, parts.headers['x-sdk-date'], 'SecretKey')).toBe(signature)
  })
})

describe('a canonical request', () => {
  function lines(parts: Partial<ApiRequest>, signedHeaders: string[] = []): string[] {
    return canonicalRequest(request(parts), signedHeaders).split('\n')
  }

  test('contains the path in a normalized encoding and with a trailing slash', () => {
    for (const path of ['/v3/a%2fb/(é)~', '/v3/a%2Fb/%28%c3%a9%29%7E/']) {
      expect(lines({ path })[1]).toBe('/v3/a%2Fb/%28%C3%A9%29~/')
    }
    expect(lines({ path: '/' })[1]).toBe('/')
    expect(lines({ path: '/100%' })[1]).toBe('/100%25/')
  })

  test('contains the query in a normalized encoding', () => {
    const rawQuery = 'test=一 (%26%3D?!%23%25.*)&path=/tmp/123&limit=1&plus=a+b&flag'
    expect(lines({ rawQuery })[2]).toBe(
      'flag=&limit=1&path=%2Ftmp%2F123&plus=a%20b&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29',
    )
  })

  test('contains the query sorted by its decoded names and values', () => {
    const rawQuery = 'b=2&a~=5&%61%20=4&b=10&é=7&z=6&a=3'
    expect(lines({ rawQuery })[2]).toBe('a=3&a%20=4&a~=5&b=10&b=2&z=6&%C3%A9=7')
  })

  test('contains only the headers that the client lists, trimmed', () => {
    const headers = { accept: ' */* ', host: 'h', 'x-sdk-date': 'd' }
    const expected = ['accept:*/*', 'x-sdk-date:d', '', 'accept;x-sdk-date']
    expect(lines({ headers }, ['accept', 'x-sdk-date']).slice(3, -1)).toEqual(expected)
  })

  test('contains the hash of the body, unless the body is declared as unsigned', () => {
    const headers = { 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' }
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
    expect(lines({ body: 'é' }).at(-1)).toBe(hash('é'))
    expect(lines({ body: 'é', headers }).at(-1)).toBe('UNSIGNED-PAYLOAD')
    expect(lines({ headers }).at(-1)).toBe(hash(''))
    expect(lines({ body: 'é', headers: { 'x-sdk-content-sha256': hash('b') } }).at(-1)).toBe(hash('é'))
  })
})

test.each([
  '',
  'SDK-HMAC-SHA256',
  `SDK-HMAC-SHA256 Access=, SignedHeaders=x-sdk-date, Signature=${'0'.repeat(64)}`,
  `SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date, Signature=${'0'.repeat(63)}`,
  `SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date; host, Signature=${'0'.repeat(64)}`,
  `V11-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date, Signature=${'0'.repeat(64)}`,
])('an Authorization header with an invalid format is not parsed: %s', (text) => {
  expect(readAuthorization(text)).toBeUndefined()
})

test('the date of a signature is parsed as UTC, and only in one format', () => {
  expect(readSdkDate('20191115T033655Z')).toBe(Date.UTC(2019, 10, 15, 3, 36, 55))
  for (const text of ['', '2019-11-15T03:36:55Z', '20191115T033655', '20191315T033655Z']) {
    expect(readSdkDate(text)).toBeNaN()
  }
})
