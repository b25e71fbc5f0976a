import { describe, expect, test } from '@jest/globals'
import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js'
import fc from 'fast-check'
import {
  accessKeyCredentials,
  authorization,
  signWithAccessKey,
  type AccessKey,
} from '../../src/credentials/access-key.ts'
import type { HttpRequest } from '../../src/http/exchange.ts'
import { percentEncode } from '../../src/http/percent-encode.ts'

const KEY: AccessKey = { id: 'AccessKey', secret: 'SecretKey', securityToken: undefined }

function signatureOf(header: string | undefined): string | undefined {
  return /, Signature=([\da-f]{64})$/.exec(header ?? '')?.[1]
}

describe('the signature equals that of the vendor', () => {
  const url = 'https://service.endpoint.myhuaweicloud.com/resources?size=1'
  const headers = { Host: 'service.endpoint.myhuaweicloud.com', 'X-Sdk-Date': '20200608T023900Z' }

  test.each<[string, HttpRequest, Pick<AccessKey, 'id' | 'secret'>, string]>([
    [
      'in the API Request Signing Guide, api-sign-algorithm-002',
      {
        method: 'GET',
        url: 'https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0',
        headers: {
          'content-type': 'application/json',
          host: 'service.region.example.com',
          'x-sdk-date': '20191115T033655Z',
        },
        body: '',
      },
      // The example key that the guide publishes.
      { id: 'AccessKey', secret: 'MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc' },
      '7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe',
    ],
    [
      'in the Python SDK, for GET',
      { method: 'GET', url, headers, body: '' },
      KEY,
      'cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842',
    ],
    [
      'in the Python SDK, for POST',
      { method: 'POST', url, headers, body: '{"name":"test","id":1}' },
      KEY,
      '436b1ac0a1ae03705934bb70ef2f2e09f7bfed2117d731a38235053199323a1f',
    ],
    [
      'in the Go SDK',
      {
        method: 'GET',
        url: 'https://example.huaweicloud.com/path?limit=1',
        headers: { 'X-Sdk-Date': '20060102T150405Z' },
        body: '',
      },
      KEY,
      '5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624',
    ],
  ])('%s', (_source, request, key, signature) => {
    expect(signatureOf(authorization(request, key))).toBe(signature)
  })
})

test('all headers, the project, and the date are signed, and listed in SignedHeaders', () => {
  const request = { method: 'GET', url: 'https://host.example:8443/v3/p/jobs?id=1', body: '' } as const
  const headers = { Accept: 'application/json', 'X-Language': 'en-us' }
  const signed = signWithAccessKey(
    { ...request, headers },
    { ...KEY, securityToken: 'token' },
    'project',
    Date.UTC(2026, 10, 25, 1, 2, 3, 456),
  )
  expect(signed).toEqual({
    ...request,
    headers: {
      ...headers,
      Host: 'host.example:8443',
      'X-Project-Id': 'project',
      'X-Sdk-Date': '20261125T010203Z',
      'X-Security-Token': 'token',
      Authorization: expect.stringMatching(
        /^SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=accept;host;x-language;x-project-id;x-sdk-date;x-security-token, Signature=[\da-f]{64}$/,
      ),
    },
  })
})

/** The vendor's signer expects an unencoded path, and query parameters separately. */
describe("the signature equals that of the vendor's Node.js SDK for", () => {
  const printable = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 40,
  })
  const odd = fc.constantFrom(
    'ä',
    '中文',
    '😀',
    'é',
    "!'()*",
    '~',
    '+',
    '%41',
    '&=?#',
    ' ',
    '"<>',
    '\\',
    ';',
    ':@',
    ',',
  )
  const text = fc
    .array(fc.oneof(printable, odd), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join(''))
  // Without the characters that url.parse, which the vendor's signer uses, encodes or interprets.
  const segment = text.map((some) => some.replace(/[\s"'<>`{}|\\^#?%/]/g, '-'))
  const names = fc.stringMatching(/^[a-z_]{1,12}$/)
  const requests = fc.record({
    method: fc.constantFrom('GET', 'POST'),
    segments: fc.array(segment, { maxLength: 6 }),
    slash: fc.constantFrom('', '/'),
    query: fc.dictionary(names, text, { maxKeys: 5 }),
    // Headers can contain only ASCII without surrounding spaces.
    headers: fc.dictionary(fc.stringMatching(/^X-[A-Za-z]{1,12}$/), printable, { maxKeys: 4 }),
    securityToken: fc.option(printable, { nil: undefined }),
    body: fc.oneof(fc.constant(undefined), fc.dictionary(names, text, { minKeys: 1, maxKeys: 4 })),
    id: printable,
    secret: text,
    project: fc.stringMatching(/^[0-9a-f]{32}$/),
    at: fc.integer({ min: 1.5e12, max: 2e12 }),
  })

  test('1,000 random requests', () => {
    let compared = 0
    fc.assert(
      fc.property(requests, (given) => {
        const distinct = new Map(
          Object.entries(given.headers).map(([name, value]) => [name.toLowerCase(), value]),
        )
        const path = `/${given.segments.join('/')}${given.slash}`
        const encoded = path.split('/').map(percentEncode).join('/')
        const query = Object.entries(given.query).map(([name, value]) => `${name}=${percentEncode(value)}`)
        const request: HttpRequest = {
          method: given.method,
          url: `https://host.example${encoded}${query.length === 0 ? '' : `?${query.join('&')}`}`,
          headers: { 'content-type': 'application/json', ...Object.fromEntries(distinct) },
          body: given.body === undefined ? '' : JSON.stringify(given.body),
        }
        const ours = signWithAccessKey(
          request,
          { id: given.id, secret: given.secret, securityToken: given.securityToken },
          given.project,
          given.at,
        )
        const { Authorization, Host, ...headers } = ours.headers
        const theirs = AKSKSigner.sign(
          {
            method: given.method,
            endpoint: `https://${Host}${path}`,
            queryParams: given.query,
            headers,
            data: given.body,
          },
          { getAk: () => given.id, getSk: () => given.secret } as never,
        ) as Record<string, string>
        expect(Authorization).toBe(theirs['Authorization'])
        compared += 1
      }),
      { seed: 7, numRuns: 1_000 },
    )
    expect(compared).toBe(1_000)
  })
})

describe('the hint after a rejection', () => {
  const hintFor = async (id: string, secret: string) => {
    const credentials = accessKeyCredentials({ id, secret, securityToken: undefined }, () => 0)
    const request: HttpRequest = { method: 'GET', url: 'https://host.example/', headers: {}, body: '' }
    const signed = await credentials.sign(request, 'p', new AbortController().signal)
    if (signed.kind !== 'signed') throw new Error('not signed')
    const detail = { label: '401', message: ['HTTP 401'] }
    return signed.rejected({ kind: 'rejected', reason: 'credentials', scope: 'all', detail }).detail.hint
  }

  test('names the lengths of an access key that are unusual, but not its values', async () => {
    for (const [id, secret] of [
      ['I'.repeat(19), 's'.repeat(40)],
      ['I'.repeat(20), 's'.repeat(41)],
    ] as const) {
      const hint = await hintFor(id, secret)
      expect(hint).toMatch(
        new RegExp(
          `^The access key ID has ${id.length} characters \\(usually 20\\), and its secret ${secret.length} \\(usually 40\\)\\. Check that`,
        ),
      )
      expect(hint).not.toMatch(/II|ss{2}s/)
    }
  })

  test('names no lengths that are usual', async () => {
    expect(await hintFor('I'.repeat(20), 's'.repeat(40))).toMatch(/^Check that the access key/)
  })
})
