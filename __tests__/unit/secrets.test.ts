import { describe, expect, test } from '@jest/globals'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Secrets, truncate } from '../../src/secrets.ts'

const SECRET = 'fake"secret/+=='

function withSecret() {
  const masked: string[] = []
  const secrets = new Secrets((value) => masked.push(value))
  secrets.add(SECRET)
  return { secrets, masked }
}

test('a secret is masked in every form in which a service may echo it, and no form is empty', () => {
  const { masked } = withSecret()
  expect(masked).toEqual(
    expect.arrayContaining([
      SECRET,
      encodeURIComponent(SECRET),
      'fake\\"secret/+==',
      Buffer.from(SECRET).toString('base64'),
    ]),
  )
  expect(masked).not.toContain('')
  expect(new Set(masked).size).toBe(masked.length)
})

test('an empty input is not registered as a secret', () => {
  const masked: string[] = []
  new Secrets((value) => masked.push(value)).add('')
  expect(masked).toEqual([])
})

describe('untrusted text', () => {
  test.each([SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64')])(
    'is redacted of the secret as %s',
    (form) => {
      const { secrets } = withSecret()
      expect(secrets.text(`before ${form} after ${form}`).reveal()).toBe('before *** after ***')
    },
  )

  test.each([
    [
      'percent-encoding of every character',
      Array.from(SECRET)
        .map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
        .join(''),
    ],
    [
      'decimal HTML references',
      Array.from(SECRET)
        .map((c) => `&#${c.charCodeAt(0)};`)
        .join(''),
    ],
    [
      'hexadecimal HTML references',
      Array.from(SECRET)
        .map((c) => `&#x00${c.charCodeAt(0).toString(16)};`)
        .join(''),
    ],
    ['named HTML references', SECRET.replace('"', '&quot;')],
    [
      'JSON escapes of every character',
      Array.from(SECRET)
        .map((c) => `\\u00${c.charCodeAt(0).toString(16)}`)
        .join(''),
    ],
    ['JSON with an escaped slash', SECRET.replace('"', '\\"').replace('/', '\\/')],
    ['a mixture', SECRET.replace('"', '%22').replace('+', '&#43;').replace('=', '\\u003D')],
  ])('is redacted of a secret in the form of %s', (_form, form) => {
    const { secrets } = withSecret()
    expect(secrets.text(`100% & <${form}> \\n ${form}${form}`).reveal()).toBe('100% & <***> \\n ******')
  })

  test('is redacted of escaped secrets that overlap as a whole', () => {
    const { secrets } = withSecret()
    secrets.add('overlap/one', '/one/another')
    expect(secrets.text('<overlap&#47;one&#47;another>&amp;').reveal()).toBe('<***>&amp;')
  })

  test('is redacted of secrets that overlap as a whole', () => {
    const { secrets } = withSecret()
    secrets.add('overlap/one', '/one/another')
    expect(secrets.text('<overlap/one/another>&overlap/one/one/another').reveal()).toBe('<***>&******')
  })

  test('keeps escapes without a secret', () => {
    const { secrets } = withSecret()
    const text = '100%25 &amp; &#43; &nosuch; \\u0041 \\" %zz \\'
    expect(secrets.text(text).reveal()).toBe(text)
  })

  test('is redacted within three seconds, even if it consists of escapes or of parts of the secret', () => {
    const { secrets } = withSecret()
    for (const part of ['%', '%25', '&#', '\\u', SECRET.slice(0, -1), `${SECRET}%`]) {
      // CPU time of this process, so that other load does not count.
      const start = process.cpuUsage()
      secrets.text(part.repeat(1_048_576 / part.length))
      const { user, system } = process.cpuUsage(start)
      expect((user + system) / 1_000).toBeLessThan(3_000)
    }
  })

  test('is redacted before it is truncated, so that no part of a secret remains', () => {
    const { secrets } = withSecret()
    const text = secrets.text(`${'x'.repeat(15_990)}${SECRET}`).reveal()
    expect(text).toBe(`${'x'.repeat(15_990)}***`)
  })

  test('is truncated to 16 kB of UTF-8 without cutting a character', () => {
    const { secrets } = withSecret()
    expect(secrets.text('é'.repeat(9_000)).reveal()).toBe('é'.repeat(8_000))
    expect(secrets.text(`x${'😀'.repeat(5_000)}`).reveal()).toBe(`x${'😀'.repeat(3_999)}`)
  })

  test('contains no NUL, and is redacted of a secret that NUL splits', () => {
    const { secrets } = withSecret()
    expect(secrets.text(`a\0b ${SECRET.slice(0, 3)}\0${SECRET.slice(3)}`).reveal()).toBe('ab ***')
  })

  test('is always well-formed', () => {
    const { secrets } = withSecret()
    expect(secrets.text('a\ud800b').reveal()).toBe('a\ufffdb')
  })

  test('is made of anything that was thrown', () => {
    const { secrets } = withSecret()
    expect(secrets.error(new Error(`no ${SECRET}`)).reveal()).toBe('no ***')
    expect(secrets.error(`no ${SECRET}`).reveal()).toBe('no ***')
    expect(secrets.error(undefined).reveal()).toBe('undefined')
    expect(secrets.error(Object.create(null)).reveal()).toContain('Object')
  })
})

describe('an expired secret', () => {
  test('is no longer redacted, in any form', () => {
    const { secrets } = withSecret()
    const forget = secrets.add('temporary+key/0123')
    expect(secrets.text('temporary+key/0123').reveal()).toBe('***')
    forget()
    for (const form of ['temporary+key/0123', 'temporary%2Bkey%2F0123'])
      expect(secrets.text(form).reveal()).toBe(form)
    expect(secrets.text(SECRET).reveal()).toBe('***')
  })

  test('is redacted while another registration of it, or of one of its forms, exists', () => {
    const { secrets } = withSecret()
    const base64 = Buffer.from('temporary+key').toString('base64')
    const [forget, forgetAgain] = [secrets.add('temporary+key'), secrets.add('temporary+key')]
    secrets.add(base64)
    forget()
    forget()
    expect(secrets.text('temporary+key').reveal()).toBe('***')
    forgetAgain()
    expect(secrets.text('temporary+key').reveal()).toBe('temporary+key')
    expect(secrets.text(base64).reveal()).toBe('***')
  })
})

test('a signature is redacted without being registered', () => {
  const { secrets } = withSecret()
  const echo = (signature: string) =>
    `SDK-HMAC-SHA256 Access=x, SignedHeaders=host, Signature=${signature}, more`
  expect(secrets.text(echo('0123456789abcdef'.repeat(4))).reveal()).toBe(echo('***'))
})

describe('untrusted JSON', () => {
  test('is redacted in values and names at every depth, and stays valid', () => {
    const { secrets } = withSecret()
    const json = secrets.json({ a: [`x${SECRET}`, 1, null, true], [SECRET]: { b: SECRET } }, 1_000)?.reveal()
    expect(JSON.parse(json ?? '')).toEqual({ a: ['x***', 1, null, true], '***': { b: '***' } })
  })

  test('is dropped above the limit', () => {
    const { secrets } = withSecret()
    expect(secrets.json({ a: 'é'.repeat(10) }, 28)?.reveal()).toBe(`{"a":"${'é'.repeat(10)}"}`)
    expect(secrets.json({ a: 'é'.repeat(10) }, 27)).toBeUndefined()
  })

  test('is dropped if walking it could exhaust the stack', () => {
    const { secrets } = withSecret()
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown
    expect(secrets.json({ deep }, 1_000_000)).toBeUndefined()
  })

  test('keeps a field named __proto__', () => {
    const { secrets } = withSecret()
    expect(secrets.json(JSON.parse('{"__proto__":{"a":1}}'), 100)?.reveal()).toBe('{"__proto__":{"a":1}}')
  })
})

test('truncate never cuts a character', () => {
  expect(truncate('aé', 2)).toBe('a')
  expect(truncate('aé', 3)).toBe('aé')
  expect(truncate('😀', 3)).toBe('')
})

test('a truncated text does not keep the whole text in memory', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { secrets } = withSecret()
  const long = (index: number) => `${index}`.padEnd(1_000_000, 'x')
  const heap = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = heap()
  const kept = Array.from({ length: 60 }, (_, index) => [
    secrets.text(long(index)),
    secrets.text(long(index), (text) => truncate(text, 120)),
    secrets.text(`name${' '.repeat(1_000_000)}`.trim().padEnd(20, `${index}`)),
  ])
  // 16 kB of each text are kept, not a megabyte.
  expect(heap() - before).toBeLessThan(15_000_000)
  expect(kept).toHaveLength(60)
})
