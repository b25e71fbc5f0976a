import type { Code, Nodes, PhrasingContent } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'

/**
 * Nodes of a summary that are neither our own layout nor untrusted text shown as code. Links of email addresses are
 * searched in text nodes, and links of URLs only in the source, like cmark-gfm does (extensions/autolink.c). The search
 * of mdast in text nodes is turned off, because it finds links that GitHub does not.
 */
export function unexpectedNodesIn(summary: string): string[] {
  const tree = fromMarkdown(summary, {
    extensions: [gfm()],
    mdastExtensions: gfmFromMarkdown().map((extension) => ({ ...extension, transforms: [] })),
  })
  const headings = tree.children.filter(({ type }) => type === 'heading')
  const languages = tree.children.flatMap((node) => (node.type === 'code' ? [node.lang] : []))
  return [
    ...(new Set(languages).size === languages.length ? [] : ['several code blocks of the same language']),
    ...(headings.length === 1 && tree.children[0] === headings[0] ? [] : [`${headings.length} headings`]),
    ...unexpectedBelow(tree),
  ]
}

/** Columns of our tables: one job, status changes, several jobs. */
const COLUMNS = [2, 3, 4]

function unexpectedBelow(node: Nodes): string[] {
  switch (node.type) {
    case 'root':
    case 'list':
    case 'listItem':
    case 'tableRow':
      return node.children.flatMap(unexpectedBelow)
    case 'paragraph':
    case 'tableCell':
      return unexpectedAmong(node.children)
    case 'heading':
      return node.children.every(({ type }) => type === 'text') && node.depth === 3
        ? unexpectedAmong(node.children)
        : ['a heading with unexpected content']
    case 'table': {
      const widths = new Set(node.children.map(({ children }) => children.length))
      const [width = 0, ...others] = widths
      const isOurs = others.length === 0 && COLUMNS.includes(width)
      return [
        ...(isOurs ? [] : [`a table with ${[...widths].join(' and ')} columns`]),
        ...node.children.flatMap(unexpectedBelow),
      ]
    }
    case 'html':
      return ['<details><summary>Details</summary>', '</details>'].includes(node.value)
        ? []
        : [`html: ${node.value}`]
    case 'code':
      return isOurCode(node) ? [] : [describe(node)]
    default:
      return [describe(node)]
  }
}

/** The chart, in which only numbers vary, or one valid JSON object. */
function isOurCode({ lang, value }: Code): boolean {
  if (lang === 'mermaid') return CHART.test(value)
  if (lang !== 'json' || INVISIBLE.test(value.replaceAll('\n', ''))) return false
  return typeof JSON.parse(value) === 'object'
}

const CHART =
  /^%%\{init: \{[\w{}:,"#]*\}\}%%\nxychart-beta\n {2}x-axis "(hours|minutes|seconds) since the wait began" [\d.]+ --> [\d.]+\n {2}y-axis "progress in %" 0 --> 100\n {2}line \[(\d{1,3}(\.\d)?(, )?){2,30}\]$/
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u

/** In a paragraph or a cell, untrusted text is inside `<code>`, and everything else is ours. */
function unexpectedAmong(nodes: readonly PhrasingContent[]): string[] {
  const found: string[] = []
  let isCode = false
  for (const node of nodes) {
    if (node.type === 'html' && node.value === (isCode ? '</code>' : '<code>')) isCode = !isCode
    else if (node.type === 'html' && node.value === '<!-- -->' && isCode) continue
    else if (node.type === 'text' && isPlain(node.value, isCode)) continue
    else if (node.type === 'strong' && !isCode && node.children.every(isOurLabel)) continue
    else found.push(describe(node))
  }
  return isCode ? [...found, 'code without an end tag'] : found
}

/** GitHub links email addresses, and outside code also mentions and issues. */
function isPlain(text: string, isCode: boolean): boolean {
  // Our icons are emoji, some of which have a variation selector.
  const expected = isCode ? text : text.replace(/\n|\uFE0F/g, '')
  return !INVISIBLE.test(expected) && !(isCode ? /@./s : /[@#<>[\]`$|\\]/).test(text)
}

function isOurLabel(node: PhrasingContent): boolean {
  return node.type === 'text' && /^[A-Z][a-zA-Z ]*\.?$/.test(node.value)
}

function describe(node: Nodes): string {
  return `${node.type}: ${JSON.stringify(node).slice(0, 200)}`
}
