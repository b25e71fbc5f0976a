import { describe, expect, test } from '@jest/globals'
import { phrase } from '../../src/untrusted-text.ts'
import { forAnnotation, forLog, forOutput, forSummary, forSummaryBlock } from '../../src/report/escape.ts'
import { untrusted } from './text.ts'

describe('in the log', () => {
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
  ])('%j becomes %j', (text, shown) => {
    expect(forLog(phrase`> ${untrusted(text)}`)).toBe(`> ${shown}`)
  })

  test.each(['::error::x', '  ::error::x', '\t\u00A0::error::x'])(
    '%j at the start of a line is no command',
    (text) => {
      expect(forLog([untrusted(text)])).not.toMatch(/^\s*::/)
    },
  )

  test('a command does not arise where our text meets theirs', () => {
    expect(forLog(phrase`##${untrusted('[error]x')}`)).toBe('## [error]x')
    expect(forLog(phrase`:${untrusted(':error::x')}`)).not.toMatch(/^\s*::/)
  })

  test('a long text is cut, and no character with it', () => {
    expect(forLog(Array.from({ length: 9 }, () => untrusted('x'.repeat(400)))).length).toBe(1_000)
    expect(forLog([untrusted('x'.repeat(400))])).toBe(`${'x'.repeat(299)}…`)
    expect(forLog([untrusted(`${'x'.repeat(298)}😀😀`)])).toBe(`${'x'.repeat(298)}…`)
  })
})

describe('in an annotation', () => {
  test('our line ends stay, theirs do not', () => {
    expect(forAnnotation(phrase`a`, phrase`${untrusted('b\nc')}`)).toBe('a\nb c')
  })

  test('all of it stays within GitHub’s 4096 characters, and the last line, what to do next, stays whole', () => {
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

describe('in the summary', () => {
  test.each([
    ['[a](http://b)', '&#91;a&#93;&#40;http&#58;&#47;&#47;b&#41;'],
    ['<img src=x>', '&#60;img src&#61;x&#62;'],
    ['a|b', 'a&#124;b'],
    ['`````', '&#96;&#96;&#96;&#96;&#96;'],
    ['a@b.example', 'a&#64;<!-- -->b.example'],
    ['www.x.example', 'www&#46;x.example'],
    ['&lt;', '&#38;lt&#59;'],
    ['a\n\n# b', 'a &#35; b'],
  ])('%j is only its characters', (text, shown) => {
    expect(forSummary([untrusted(text)])).toBe(`<code>${shown}</code>`)
  })

  test('JSON is a block that no text of it can end', () => {
    expect(forSummaryBlock(untrusted('{"a":"`````\\n```\u202E","b":[1]}'))).toBe(
      '```json\n{\n  "a": "`````\\n```�",\n  "b": [\n    1\n  ]\n}\n```',
    )
  })

  test('JSON that is long, or nested deep, has no block, and none an empty object', () => {
    expect(forSummaryBlock(untrusted(JSON.stringify({ a: 'x'.repeat(10_000) })))).toBeUndefined()
    expect(forSummaryBlock(untrusted(`{"a":${'[1,'.repeat(90)}1${']'.repeat(90)}}`))).toBeUndefined()
    expect(forSummaryBlock(untrusted('{}'))).toBe('')
  })

  test('our own Markdown stays', () => {
    expect(forSummary(phrase`**a** ${untrusted('b')}`)).toBe('**a** <code>b</code>')
  })
})

test('an output carries the text as it came', () => {
  expect(forOutput(untrusted('a\n::x::\u001b##[b]'))).toBe('a\n::x::\u001b##[b]')
})
