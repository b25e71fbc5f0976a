import { describe, expect, test } from '@jest/globals'
import { commandsIn, linesOf, REGISTERED } from './runner-commands.ts'

/** Tests the model of the runner's parser, because no other test would notice a command that it misses. */

test('only CR, LF, and CRLF end a line', () => {
  expect(linesOf('a\nb\rc\r\nd\n\re\u2028f\u0085g\vh')).toEqual([
    'a',
    'b',
    'c',
    'd',
    '',
    'e\u2028f\u0085g\vh',
  ])
})

describe('in the format with colons,', () => {
  test.each([
    ['::error::text', { name: 'error', properties: {}, data: 'text' }],
    ['::endgroup::', { name: 'endgroup', properties: {}, data: '' }],
    [
      '::set-output name=result::completed',
      { name: 'set-output', properties: { name: 'result' }, data: 'completed' },
    ],
    [
      '::error file=a%3Ab%2Cc,line=1::50%25 of%0Aall%0D',
      { name: 'error', properties: { file: 'a:b,c', line: '1' }, data: '50% of\nall\r' },
    ],
    ['::warning  title=two words ,x::y', { name: 'warning', properties: { title: 'two words ' }, data: 'y' }],
    ['::error::a::b', { name: 'error', properties: {}, data: 'a::b' }],
    ['::never-heard-of::x', { name: 'never-heard-of', properties: {}, data: 'x' }],
  ])('%j is a command', (line, command) => {
    expect(commandsIn(line)).toEqual([command])
  })

  test.each([' ', '\t', '\v', '\f', '\u0085', '\u00A0', '\u1680', '\u2003', '\u2028', '\u202F', '\u3000'])(
    'a command may follow %j',
    (space) => {
      expect(commandsIn(`${space} ${space}::error::x`)).toMatchObject([{ name: 'error', data: 'x' }])
    },
  )

  test.each(['a ::error::x', '�::error::x', ': :error::x', '::error:x', ':error::x', '::', ''])(
    '%j is not a command',
    (line) => {
      expect(commandsIn(line)).toEqual([])
    },
  )

  test('each line can be a command', () => {
    expect(commandsIn('a\r::error::1\n::error::2\r\n::error::3').map(({ data }) => data)).toEqual([
      '1',
      '2',
      '3',
    ])
  })
})

describe('in the format with brackets,', () => {
  test.each([
    ['##[error]text', { name: 'error', properties: {}, data: 'text' }],
    ['in the middle ##[add-mask]text', { name: 'add-mask', properties: {}, data: 'text' }],
    [
      '##[set-output name=a%3Bb;c=d]1%5D%0A',
      { name: 'set-output', properties: { name: 'a;b', c: 'd' }, data: '1]\n' },
    ],
    ['::error:x ##[warning]y', { name: 'warning', properties: {}, data: 'y' }],
    ['###[error]x', { name: 'error', properties: {}, data: 'x' }],
  ])('%j is a command', (line, command) => {
    expect(commandsIn(line)).toEqual([command])
  })

  test.each(['## [error]x', '#[error]x', '##[error', '## #[error]'])('%j is not a command', (line) => {
    expect(commandsIn(line)).toEqual([])
  })

  test('a command in the message of a command with colons is ignored', () => {
    expect(commandsIn('::debug::##[error]x')).toEqual([{ name: 'debug', properties: {}, data: '##[error]x' }])
  })
})

describe('characters that culture-sensitive comparison ignores', () => {
  test.each([
    '\0',
    '\u001b',
    '\u00AD',
    '\u200B',
    '\u200D',
    '\u202E',
    '\u2060',
    '\uFEFF',
    '\uFE0F',
    '\u{E0001}',
  ])('do not hide a command: %j', (ignored) => {
    expect(commandsIn(`:${ignored}:error::x`)).toMatchObject([{ name: 'error', data: 'x' }])
    expect(commandsIn(`${ignored}::error::x`)).toMatchObject([{ name: 'error' }])
    expect(commandsIn(`a #${ignored}#${ignored}[error]x`)).toMatchObject([{ name: 'error' }])
  })

  test('are both kept and removed, so that one line can be two commands', () => {
    expect(commandsIn('::debug::a:\u200B:b')).toMatchObject([{ data: 'a:\u200B:b' }, { data: 'a::b' }])
  })
})

test('every command of the runner is found in both formats', () => {
  for (const name of REGISTERED) {
    expect(commandsIn(`::${name}::x`)).toMatchObject([{ name, data: 'x' }])
    expect(commandsIn(`x ##[${name}]x`)).toMatchObject([{ name, data: 'x' }])
  }
})
