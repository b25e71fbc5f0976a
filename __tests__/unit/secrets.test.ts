import { describe, expect, test } from '@jest/globals'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Secrets, startOf } from '../../src/secrets.ts'

const SECRET = 'fake"secret/+=='

function withSecret() {
  const masked: string[] = []
  const secrets = new Secrets((value) => masked.push(value))
  secrets.add(SECRET)
  return { secrets, masked }
}

test('a secret is masked in every form in which a service may echo it, and none of them is empty', () => {
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

test('an input that was not given is no secret', () => {
  const masked: string[] = []
  new Secrets((value) => masked.push(value)).add('')
  expect(masked).toEqual([])
})

describe('a text from outside', () => {
  test.each([SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64')])(
    'loses %s',
    (form) => {
      const { secrets } = withSecret()
      expect(secrets.text(`before ${form} after ${form}`).reveal()).toBe('before *** after ***')
    },
  )

  test.each([
    [
      'every character in percent',
      Array.from(SECRET)
        .map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
        .join(''),
    ],
    [
      'HTML by numbers',
      Array.from(SECRET)
        .map((c) => `&#${c.charCodeAt(0)};`)
        .join(''),
    ],
    [
      'HTML by hexadecimal numbers',
      Array.from(SECRET)
        .map((c) => `&#x00${c.charCodeAt(0).toString(16)};`)
        .join(''),
    ],
    ['HTML by names', SECRET.replace('"', '&quot;')],
    [
      'JSON by numbers',
      Array.from(SECRET)
        .map((c) => `\\u00${c.charCodeAt(0).toString(16)}`)
        .join(''),
    ],
    ['JSON with a slash escaped', SECRET.replace('"', '\\"').replace('/', '\\/')],
    ['a mixture', SECRET.replace('"', '%22').replace('+', '&#43;').replace('=', '\\u003D')],
  ])('loses what is escaped as %s', (_how, form) => {
    const { secrets } = withSecret()
    expect(secrets.text(`100% & <${form}> \\n ${form}${form}`).reveal()).toBe('100% & <***> \\n ******')
  })

  test('keeps escapes that hide nothing', () => {
    const { secrets } = withSecret()
    const text = '100%25 &amp; &#43; &nosuch; \\u0041 \\" %zz \\'
    expect(secrets.text(text).reveal()).toBe(text)
  })

  test('is read in no time, even if it is made of escapes or of pieces of the secret', () => {
    const { secrets } = withSecret()
    for (const piece of ['%', '%25', '&#', '\\u', SECRET.slice(0, -1), `${SECRET}%`]) {
      const start = performance.now()
      secrets.text(piece.repeat(1_048_576 / piece.length))
      expect(performance.now() - start).toBeLessThan(3_000)
    }
  })

  test('is redacted before it is cut, so that no half of a secret is left', () => {
    const { secrets } = withSecret()
    const text = secrets.text(`${'x'.repeat(15_990)}${SECRET}`).reveal()
    expect(text).toBe(`${'x'.repeat(15_990)}***`)
  })

  test('ends after 16 kB of UTF-8, and no character is cut', () => {
    const { secrets } = withSecret()
    expect(secrets.text('é'.repeat(9_000)).reveal()).toBe('é'.repeat(8_000))
    expect(secrets.text(`x${'😀'.repeat(5_000)}`).reveal()).toBe(`x${'😀'.repeat(3_999)}`)
  })

  test('has no NUL, which must not split a secret either', () => {
    const { secrets } = withSecret()
    expect(secrets.text(`a\0b ${SECRET.slice(0, 3)}\0${SECRET.slice(3)}`).reveal()).toBe('ab ***')
  })

  test('is well-formed, whatever came', () => {
    const { secrets } = withSecret()
    expect(secrets.text('a\ud800b').reveal()).toBe('a\ufffdb')
  })

  test('can be anything that was thrown', () => {
    const { secrets } = withSecret()
    expect(secrets.error(new Error(`no ${SECRET}`)).reveal()).toBe('no ***')
    expect(secrets.error(`no ${SECRET}`).reveal()).toBe('no ***')
    expect(secrets.error(undefined).reveal()).toBe('undefined')
    expect(secrets.error(Object.create(null)).reveal()).toContain('Object')
  })
})

describe('a secret that has expired', () => {
  test('is shown again, in every form', () => {
    const { secrets } = withSecret()
    secrets.add('temporary+key/0123')
    expect(secrets.text('temporary+key/0123').reveal()).toBe('***')
    secrets.forget('temporary+key/0123')
    for (const form of ['temporary+key/0123', 'temporary%2Bkey%2F0123'])
      expect(secrets.text(form).reveal()).toBe(form)
    expect(secrets.text(SECRET).reveal()).toBe('***')
  })

  test('stays hidden while somebody else holds it, or a form of it', () => {
    const { secrets } = withSecret()
    const base64 = Buffer.from('temporary+key').toString('base64')
    for (const secret of ['temporary+key', 'temporary+key', base64]) secrets.add(secret)
    secrets.forget('temporary+key')
    expect(secrets.text('temporary+key').reveal()).toBe('***')
    secrets.forget('temporary+key')
    expect(secrets.text('temporary+key').reveal()).toBe('temporary+key')
    expect(secrets.text(base64).reveal()).toBe('***')
    secrets.forget('never known')
  })
})

test('a signature is taken out, without being known', () => {
  const { secrets } = withSecret()
  const echo = (signature: string) =>
    `SDK-HMAC-SHA256 Access=x, SignedHeaders=host, Signature=${signature}, more`
  expect(secrets.text(echo('0123456789abcdef'.repeat(4))).reveal()).toBe(echo('***'))
})

describe('JSON from outside', () => {
  test('loses secrets in texts and names at every depth, and stays JSON', () => {
    const { secrets } = withSecret()
    const json = secrets.json({ a: [`x${SECRET}`, 1, null, true], [SECRET]: { b: SECRET } }, 1_000)?.reveal()
    expect(JSON.parse(json ?? '')).toEqual({ a: ['x***', 1, null, true], '***': { b: '***' } })
  })

  test('is left out when it is above the limit', () => {
    const { secrets } = withSecret()
    expect(secrets.json({ a: 'é'.repeat(10) }, 28)?.reveal()).toBe(`{"a":"${'é'.repeat(10)}"}`)
    expect(secrets.json({ a: 'é'.repeat(10) }, 27)).toBeUndefined()
  })

  test('is left out when walking it could exhaust the stack', () => {
    const { secrets } = withSecret()
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown
    expect(secrets.json({ deep }, 1_000_000)).toBeUndefined()
  })

  test('keeps a field that is named like a prototype', () => {
    const { secrets } = withSecret()
    expect(secrets.json(JSON.parse('{"__proto__":{"a":1}}'), 100)?.reveal()).toBe('{"__proto__":{"a":1}}')
  })
})

test('the start of a text never ends within a character', () => {
  expect(startOf('aé', 2)).toBe('a')
  expect(startOf('aé', 3)).toBe('aé')
  expect(startOf('😀', 3)).toBe('')
})

test('what is kept of long texts does not keep all of them in memory', () => {
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
    secrets.text(long(index), (text) => startOf(text, 120)),
    secrets.text(`name${' '.repeat(1_000_000)}`.trim().padEnd(20, `${index}`)),
  ])
  // 16 kB of each, or a megabyte.
  expect(heap() - before).toBeLessThan(15_000_000)
  expect(kept).toHaveLength(60)
})
