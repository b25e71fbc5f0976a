import type { Code, Nodes, PhrasingContent } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'

/**
 * What GitHub would show of a summary that is more than our own layout and plain text from outside; nothing, if all
 * is well. Links of mail addresses are looked for in text nodes, as cmark-gfm does (extensions/autolink.c), and links
 * of URLs only in the source; mdast's own search in text nodes is left out, since it finds what GitHub does not.
 */
export function strangersIn(summary: string): string[] {
  const tree = fromMarkdown(summary, {
    extensions: [gfm()],
    mdastExtensions: gfmFromMarkdown().map((extension) => ({ ...extension, transforms: [] })),
  })
  const headings = tree.children.filter(({ type }) => type === 'heading')
  const languages = tree.children.flatMap((node) => (node.type === 'code' ? [node.lang] : []))
  return [
    ...(new Set(languages).size === languages.length ? [] : ['too many blocks of code']),
    ...(headings.length === 1 && tree.children[0] === headings[0] ? [] : [`${headings.length} headings`]),
    ...strangersBelow(tree),
  ]
}

/** Columns of our tables: one job, changes of status, several jobs. */
const COLUMNS = [2, 3, 4]

function strangersBelow(node: Nodes): string[] {
  switch (node.type) {
    case 'root':
    case 'list':
    case 'listItem':
    case 'tableRow':
      return node.children.flatMap(strangersBelow)
    case 'paragraph':
    case 'tableCell':
      return strangersAmong(node.children)
    case 'heading':
      return node.children.every(({ type }) => type === 'text') && node.depth === 3
        ? strangersAmong(node.children)
        : ['a heading that is not ours']
    case 'table': {
      const widths = new Set(node.children.map(({ children }) => children.length))
      const [width = 0, ...others] = widths
      const isOurs = others.length === 0 && COLUMNS.includes(width)
      return [
        ...(isOurs ? [] : [`a table with ${[...widths].join(' and ')} columns`]),
        ...node.children.flatMap(strangersBelow),
      ]
    }
    case 'html':
      return ['<details><summary>Details</summary>', '</details>'].includes(node.value)
        ? []
        : [`html: ${node.value}`]
    case 'code':
      return isOurCode(node) ? [] : [stranger(node)]
    default:
      return [stranger(node)]
  }
}

/** The chart, where there is nothing to vary but numbers, or one JSON object that can be read. */
function isOurCode({ lang, value }: Code): boolean {
  if (lang === 'mermaid') return CHART.test(value)
  if (lang !== 'json' || INVISIBLE.test(value.replaceAll('\n', ''))) return false
  return typeof JSON.parse(value) === 'object'
}

const CHART =
  /^%%\{init: \{[\w{}:,"#]*\}\}%%\nxychart-beta\n {2}x-axis "(hours|minutes|seconds) since the wait began" [\d.]+ --> [\d.]+\n {2}y-axis "progress in %" 0 --> 100\n {2}line \[(\d{1,3}(\.\d)?(, )?){2,30}\]$/
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u

/** Within one paragraph or cell: text from outside stands in `<code>`, everything else is ours. */
function strangersAmong(nodes: readonly PhrasingContent[]): string[] {
  const found: string[] = []
  let isCode = false
  for (const node of nodes) {
    if (node.type === 'html' && node.value === (isCode ? '</code>' : '<code>')) isCode = !isCode
    else if (node.type === 'html' && node.value === '<!-- -->' && isCode) continue
    else if (node.type === 'text' && isPlain(node.value, isCode)) continue
    else if (node.type === 'strong' && !isCode && node.children.every(isOurLabel)) continue
    else found.push(stranger(node))
  }
  return isCode ? [...found, 'code without an end'] : found
}

/** GitHub makes links of mail addresses, and outside of code of mentions and issues, too. */
function isPlain(text: string, isCode: boolean): boolean {
  // Our own signs are emoji, some with a selector of their look.
  const expected = isCode ? text : text.replace(/\n|\uFE0F/g, '')
  return !INVISIBLE.test(expected) && !(isCode ? /@./s : /[@#<>[\]`$|\\]/).test(text)
}

function isOurLabel(node: PhrasingContent): boolean {
  return node.type === 'text' && /^[A-Z][a-zA-Z ]*\.?$/.test(node.value)
}

function stranger(node: Nodes): string {
  return `${node.type}: ${JSON.stringify(node).slice(0, 200)}`
}
