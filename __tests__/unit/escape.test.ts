import { describe, expect, test } from '@jest/globals'
import { phrase } from '../../src/untrusted-text.ts'
import { forAnnotation, forLog, forOutput, forSummary, forSummaryBlock } from '../../src/report/escape.ts'
import { untrusted } from './text.ts'

describe('in the log,', () => {
  test.each([
    ['a\nb', 'a b'],
    ['a\r::error::b', 'a ::error::b'],
    ['a\u2028b\u0085c', 'a b�c'],
    ['\u001b[31mred\u001b[0m', '�[31mred�[0m'],
    ['a\u202Eb\u200Bc\u0007d', 'a�b�c�d'],
    ['##[error]x', '## [error]x'],
    ['#\u200B#[error]x', '#�#[error]x'],
    ['##\u00AD[error]x', '##�[error]x'],
    ['TaurusDB 实例创建失败', 'TaurusDB 实例创建失败'],
  ])('%j becomes %j', (text, expected) => {
    expect(forLog(phrase`> ${untrusted(text)}`)).toBe(`> ${expected}`)
  })

  test.each(['::error::x', '  ::error::x', '\t\u00A0::error::x'])(
    '%j at the start of a line is not a command',
    (text) => {
      expect(forLog([untrusted(text)])).not.toMatch(/^\s*::/)
    },
  )

  test('our text and untrusted text do not form a command together', () => {
    expect(forLog(phrase`##${untrusted('[error]x')}`)).toBe('## [error]x')
    expect(forLog(phrase`:${untrusted(':error::x')}`)).not.toMatch(/^\s*::/)
  })

  test('a long text is truncated between characters', () => {
    expect(forLog(Array.from({ length: 9 }, () => untrusted('x'.repeat(400)))).length).toBe(1_000)
    expect(forLog([untrusted('x'.repeat(400))])).toBe(`${'x'.repeat(299)}…`)
    expect(forLog([untrusted(`${'x'.repeat(298)}😀😀`)])).toBe(`${'x'.repeat(298)}…`)
  })
})

describe('in an annotation,', () => {
  test('line breaks between phrases are kept, and those in untrusted text become spaces', () => {
    expect(forAnnotation(phrase`a`, phrase`${untrusted('b\nc')}`)).toBe('a\nb c')
  })

  test('the message stays below 4096 characters, where GitHub truncates it, and its last line stays complete', () => {
    const long = Array.from({ length: 5 }, () => untrusted('x'.repeat(5_000)))
    for (const count of [1, 2, 12]) {
      const lines = Array.from({ length: count }, () => phrase`- ${long}`)
      const message = forAnnotation(...lines, phrase`${'Do this. '.repeat(60)}`)
      expect(message.length).toBeLessThanOrEqual(4_000)
      expect(message.length).toBeGreaterThan(3_900)
      expect(message).toContain(`\n${'Do this. '.repeat(60)}`)
      expect(message.split('\n')).toHaveLength(count + 1)
    }
  })
})

describe('in the summary,', () => {
  test.each([
    ['[a](http://b)', '&#91;a&#93;&#40;http&#58;&#47;&#47;b&#41;'],
    ['<img src=x>', '&#60;img src&#61;x&#62;'],
    ['a|b', 'a&#124;b'],
    ['`````', '&#96;&#96;&#96;&#96;&#96;'],
    ['a@b.example', 'a&#64;<!-- -->b.example'],
    ['www.x.example', 'www&#46;x.example'],
    ['&lt;', '&#38;lt&#59;'],
    ['a\n\n# b', 'a &#35; b'],
  ])('%j is shown literally', (text, expected) => {
    expect(forSummary([untrusted(text)])).toBe(`<code>${expected}</code>`)
  })

  test('JSON becomes a code block that its texts cannot end', () => {
    expect(forSummaryBlock(untrusted('{"a":"`````\\n```\u202E","b":[1]}'))).toBe(
      '```json\n{\n  "a": "`````\\n```�",\n  "b": [\n    1\n  ]\n}\n```',
    )
  })

  test('JSON that is too long or nested too deeply has no block, and an empty object has an empty one', () => {
    expect(forSummaryBlock(untrusted(JSON.stringify({ a: 'x'.repeat(10_000) })))).toBeUndefined()
    expect(forSummaryBlock(untrusted(`{"a":${'[1,'.repeat(90)}1${']'.repeat(90)}}`))).toBeUndefined()
    expect(forSummaryBlock(untrusted('{}'))).toBe('')
  })

  test('our own Markdown is kept', () => {
    expect(forSummary(phrase`**a** ${untrusted('b')}`)).toBe('**a** <code>b</code>')
  })
})

test('an output contains the text unchanged', () => {
  expect(forOutput(untrusted('a\n::x::\u001b##[b]'))).toBe('a\n::x::\u001b##[b]')
})
