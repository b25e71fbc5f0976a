import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import type { Nodes, Root, RootContent } from 'mdast'

/** A document as GitHub shows it, as far as tests over documents need it. */

export function parseMarkdown(markdown: string): Root {
  return fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })
}

/** The node and all below it, in the order of the text. */
export function everyNode(node: Nodes): Nodes[] {
  return 'children' in node ? [node, ...node.children.flatMap(everyNode)] : [node]
}

/** The text of a node, without its marks. */
export function textOf(node: Nodes): string {
  return everyNode(node)
    .map((each) => (each.type === 'text' || each.type === 'inlineCode' ? each.value : ''))
    .join('')
}

/** Targets of links and images, those in HTML too. */
export function linksOf(root: Root): string[] {
  return everyNode(root).flatMap((node) => {
    if (node.type === 'link' || node.type === 'image' || node.type === 'definition') return [node.url]
    if (node.type !== 'html') return []
    return [...node.value.matchAll(/\b(?:href|src|srcset)="([^"]*)"/g)].map(([, url]) => url ?? '')
  })
}

/** What a link may name behind `#`: headings by their texts, and explicit ids. */
export function anchorsOf(root: Root): string[] {
  const nodes = everyNode(root)
  const ids = nodes.flatMap((node) => (node.type === 'html' ? idsIn(node.value) : []))
  return [...nodes.filter(({ type }) => type === 'heading').map(slugOf), ...ids]
}

/** A heading's anchor, as GitHub makes it; no document here has the same heading twice. */
export function slugOf(heading: Nodes): string {
  return textOf(heading)
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}

/** The id of a paragraph that is nothing but `<a id="…"></a>`. */
export function anchorIn(block: RootContent): string | undefined {
  if (block.type !== 'paragraph' || block.children.some(({ type }) => type !== 'html')) return undefined
  return everyNode(block).flatMap((node) => (node.type === 'html' ? idsIn(node.value) : []))[0]
}

function idsIn(html: string): string[] {
  return [...html.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id ?? '')
}
