import { describe, expect, test } from '@jest/globals'
import type { List, Root, RootContent, Table } from 'mdast'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { anchorsIn, anchorsOf, everyNode, linksOf, parseMarkdown, slugOf, textOf } from './markdown.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** Each English document with its Chinese translation. The other documents are in English only. */
const PAIRS = [
  ['README.md', 'README.zh-CN.md'],
  ['docs/credentials.md', 'docs/zh-CN/credentials.md'],
  ['docs/recipes.md', 'docs/zh-CN/recipes.md'],
  ['docs/troubleshooting.md', 'docs/zh-CN/troubleshooting.md'],
] as const

const DOCUMENTS = globSync(['*.md', 'docs/**/*.md', '.github/**/*.md'], { cwd: ROOT }).map((path) =>
  path.replaceAll('\\', '/'),
)
const parsed = new Map(DOCUMENTS.map((path) => [path, parseMarkdown(readFileSync(join(ROOT, path), 'utf8'))]))

test('each Chinese document is the translation of an English one', () => {
  expect(DOCUMENTS.filter((path) => path.includes('zh-CN')).toSorted()).toEqual(
    PAIRS.map(([, chinese]) => chinese).toSorted(),
  )
})

describe.each(PAIRS)('%s and %s', (english, chinese) => {
  test('have the same blocks: headings with the same anchors, tables with the same rows, lists, code', () => {
    const anchors = anchorsOf(read(english))
    expect(outline(read(chinese), anchors)).toEqual(outline(read(english), anchors))
  })

  test('have the same code, byte for byte', () => {
    expect(codeOf(read(chinese))).toEqual(codeOf(read(english)))
  })

  test('begin with a link to the other language', () => {
    const [there, back] = [english, chinese].map((path) => linkTo(path, english, chinese))
    expect(source(english)).toContain(`\n\nEnglish | [简体中文](${there ?? ''})\n\n`)
    expect(source(chinese)).toContain(`\n\n[English](${back ?? ''}) | 简体中文\n\n`)
  })

  test('have the same relative links, each in its own language', () => {
    const [there, ...fromEnglish] = targetsOf(english)
    const [back, ...fromChinese] = targetsOf(chinese)
    expect([there, back]).toEqual([chinese, english])
    expect(fromEnglish.filter((target) => target.includes('zh-CN'))).toEqual([])
    const translated = fromEnglish.map((target) => {
      const [path, anchor] = target.split('#')
      const inChinese = PAIRS.find(([one]) => one === path)?.[1]
      return [inChinese ?? path, anchor].filter((part) => part !== undefined).join('#')
    })
    expect(fromChinese.toSorted()).toEqual(translated.toSorted())
  })
})

describe.each(DOCUMENTS)('%s', (document) => {
  test('has relative links only to existing files and anchors', () => {
    const lost = targetsOf(document).filter((target) => {
      const [path = '', anchor] = target.split('#')
      if (!existsSync(join(ROOT, path))) return true
      return anchor !== undefined && !anchorsOf(read(path)).includes(anchor)
    })
    expect(lost).toEqual([])
  })

  test('has no two headings with the same anchor', () => {
    const anchors = anchorsOf(read(document))
    expect(anchors.filter((anchor, index) => anchors.indexOf(anchor) !== index)).toEqual([])
  })
})

function source(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function read(path: string): Root {
  return parsed.get(path) ?? parseMarkdown(source(path))
}

/** The relative link from one document of a pair to the other. */
function linkTo(from: string, english: string, chinese: string): string {
  return posix.relative(posix.dirname(from), from === english ? chinese : english)
}

/** The relative links of a document, in order, as paths from the root with the anchor. */
function targetsOf(document: string): string[] {
  return linksOf(read(document))
    .filter((url) => !/^[a-z]+:/i.test(url))
    .map((url) => {
      const [path = '', anchor] = url.split('#')
      const target = path === '' ? document : posix.join(posix.dirname(document), decodeURI(path))
      return anchor === undefined ? target : `${target}#${anchor}`
    })
}

/**
 * The blocks of a document, one line each. Explicit anchors belong to the heading below them. Of a heading's anchors only
 * those of the English document count, because a Chinese heading has an anchor of its own, too.
 */
function outline(root: Root, english: readonly string[]): string[] {
  return root.children.flatMap((block, index) => {
    if (anchorsIn(block).length > 0) return []
    return describeBlock(block, root.children[index - 1], english)
  })
}

function describeBlock(
  block: RootContent,
  above: RootContent | undefined,
  english: readonly string[],
): string[] {
  switch (block.type) {
    case 'heading': {
      const own = [...(above === undefined ? [] : anchorsIn(above)), slugOf(block)]
      const anchors = own.filter((anchor) => english.includes(anchor)).toSorted()
      // The title is not a target of links.
      return [`${'#'.repeat(block.depth)} ${block.depth === 1 ? 'title' : anchors.join(' ')}`]
    }
    case 'table':
      return describeTable(block)
    case 'list':
      return describeList(block)
    case 'code':
      return [`code ${block.lang ?? ''}`]
    default:
      return [block.type]
  }
}

/** Its kind and length, and for each item the code with which it begins, if any. */
function describeList({ ordered, children: items }: List): string[] {
  const names = items.flatMap(({ children: [first] }) => {
    const start = first?.type === 'paragraph' ? first.children[0] : undefined
    return start?.type === 'inlineCode' ? [`item for ${start.value}`] : []
  })
  return [`${ordered === true ? 'numbered' : 'plain'} list of ${items.length}`, ...names]
}

/** One line for each row: its width, and its first cell, if that is code. */
function describeTable({ children: rows }: Table): string[] {
  return rows.map(({ children: cells }) => {
    const [first] = cells
    const isCode = first?.children.length === 1 && first.children[0]?.type === 'inlineCode'
    return `row of ${cells.length}${isCode ? ` for ${textOf(first)}` : ''}`
  })
}

function codeOf(root: Root): string[] {
  return everyNode(root).flatMap((node) =>
    node.type === 'code' ? [`${node.lang ?? ''} ${node.meta ?? ''}\n${node.value}`] : [],
  )
}
