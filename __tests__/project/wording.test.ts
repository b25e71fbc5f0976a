import { expect, test } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'

/** Code and documents use the words of the field. Words that only this project used were replaced; they must not return. */

const ROOT = join(import.meta.dirname, '..', '..')
const CODE = [
  '{src,simulator,bench,tools,__tests__}/**/*.{ts,mjs,sh,yml}',
  '__tests__/workflow/bin/*',
  '*.mjs',
]
const TEXT = ['*.md', 'docs/*.md', '.github/**/*.{md,yml}', '*.yml', 'package.json']
const FILES = globSync([...CODE, ...TEXT], {
  cwd: ROOT,
  exclude: [
    '**/node_modules',
    '**/fixtures',
    '*.zh-CN.md',
    `__tests__/project/${basename(import.meta.filename)}`,
  ],
})

/** Patterns that ignore case, and what to write instead. */
const WORDS: readonly (readonly [pattern: string, instead: string])[] = [
  [String.raw`\bshall\b`, 'must, should'],
  ['waited for', 'the active voice: waits for'],
  [String.raw`\b(is|are|was|were|be) over\b(?! (an?|the|tls|https?|\d))`, 'has finished'],
  [String.raw`, say[ ,.;]|\bsay\.`, 'for example'],
  [String.raw`\bor else\b`, 'otherwise'],
  [String.raw`\bmostly\b`, 'usually'],
  [String.raw`\bgoes on\b`, 'is still running, continues'],
  [String.raw`\beach half minute\b`, 'every 30 seconds'],
  [String.raw`(?<!\bthere (still )?)\bis no (?!longer\b|more\b)`, 'is not a …'],
  [String.raw`\bmend(s|ed|ing)?\b`, 'fix'],
  [String.raw`\bask(s|ed|ing)? (again )?with\b`, 'authenticate with'],
  [String.raw`\basked again\b`, 'sent again, polled again'],
  [String.raw`\bown (question|answer)s?\b`, 'poll, response'],
  [String.raw`\bnot visible\b|\bhidden for\b`, 'not found yet'],
  [String.raw`\blast look\b`, 'final poll'],
  [String.raw`\bsigns? of life\b`, 'heartbeat'],
  [String.raw`\boutside text\b`, 'untrusted text'],
  [String.raw`\bsister services?\b`, 'other database services'],
  [String.raw`\bconstant credentials\b`, 'static credentials'],
  [String.raw`(?<!Smithy |[-/])\bwaiters?\b`, 'client, concurrent wait'],
  [String.raw`budget`, 'rate limit, share of the rate limit'],
  [String.raw`\b(distrust|forecast|farewell|surroundings)`, 'untrusted, estimate, shutdown, dependencies'],
  [String.raw`(?<![-\w])standing\b`, 'state'],
  [String.raw`\bno-reply\b|\btoo-slow\b`, 'no response, timeout'],
  [String.raw`colour|behaviour`, 'color, behavior'],
  ['’', "' (a straight apostrophe)"],
]

/** The same for code, where these words have no other meaning. */
const CODE_WORDS: typeof WORDS = [
  [String.raw`\banswer(s|ed|ing)?\b|\brepl(y|ies|ied)\b`, 'response, returns'],
  [String.raw`\bquestions?\b(?! mark)`, 'request'],
  [String.raw`\bt(old|ells?)\b`, 'detail, message, reports'],
  [String.raw`hearList`, 'onResponse'],
  [String.raw`\bdoubts?\b`, 'uncertainty'],
  [String.raw`\bpaces?\b`, 'interval, rate limit, rate of progress'],
  [String.raw`\bworld(s|Of)?\b`, 'dependencies, scenario'],
  [String.raw`\b(most|longest|largest|fewest|shortest|deepest)_`, 'MAX_, MIN_'],
]

/** Names of the past that stay: anchors of renamed headings, and the table of renamed titles in the changelog. */
function withoutOldNames(line: string, file: string): string {
  if (file === 'CHANGELOG.md' && line.trimStart().startsWith('|')) return ''
  return line.replace(/<a id="[^"]*"><\/a>/g, '')
}

test('no code or document contains a word that was replaced', () => {
  const found: string[] = []
  for (const file of FILES) {
    const isText = ['.md', '.yml', '.json'].includes(extname(file))
    const words = isText ? WORDS : [...WORDS, ...CODE_WORDS]
    for (const [index, line] of readFileSync(join(ROOT, file), 'utf8').split('\n').entries()) {
      for (const [pattern, instead] of words) {
        const word = new RegExp(pattern, 'i').exec(withoutOldNames(line, file))?.[0]
        if (word !== undefined) found.push(`${file}:${index + 1}: "${word}", write instead: ${instead}`)
      }
    }
  }
  expect(FILES.length).toBeGreaterThan(200)
  expect(found).toEqual([])
})
