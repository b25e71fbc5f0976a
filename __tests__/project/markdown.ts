import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import type { Nodes, Root, RootContent } from 'mdast'

/** Parses documents as GitHub does, as far as the tests of documents need it. */

export function parseMarkdown(markdown: string): Root {
  return fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })
}

/** The node and all of its descendants, in the order of the text. */
export function everyNode(node: Nodes): Nodes[] {
  return 'children' in node ? [node, ...node.children.flatMap(everyNode)] : [node]
}

/** The text of a node, without markup. */
export function textOf(node: Nodes): string {
  return everyNode(node)
    .map((each) => (each.type === 'text' || each.type === 'inlineCode' ? each.value : ''))
    .join('')
}

/** The targets of links and images, including those in HTML. */
export function linksOf(root: Root): string[] {
  return everyNode(root).flatMap((node) => {
    if (node.type === 'link' || node.type === 'image' || node.type === 'definition') return [node.url]
    if (node.type !== 'html') return []
    return [...node.value.matchAll(/\b(?:href|src|srcset)="([^"]*)"/g)].map(([, url]) => url ?? '')
  })
}

/** The anchors that a link can name after `#`: headings by their texts, and explicit IDs. */
export function anchorsOf(root: Root): string[] {
  const nodes = everyNode(root)
  const ids = nodes.flatMap((node) => (node.type === 'html' ? idsIn(node.value) : []))
  return [...nodes.filter(({ type }) => type === 'heading').map(slugOf), ...ids]
}

/** The anchor of a heading, as GitHub derives it. No document here has the same heading twice. */
export function slugOf(heading: Nodes): string {
  return textOf(heading)
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}

/** The IDs of a paragraph that contains nothing but `<a id="…"></a>`, one or several; otherwise none. */
export function anchorsIn(block: RootContent): string[] {
  if (block.type !== 'paragraph') return []
  const isAnchors = block.children.every(
    (node) => node.type === 'html' || (node.type === 'text' && node.value.trim() === ''),
  )
  if (!isAnchors) return []
  return everyNode(block).flatMap((node) => (node.type === 'html' ? idsIn(node.value) : []))
}

function idsIn(html: string): string[] {
  return [...html.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id ?? '')
}
