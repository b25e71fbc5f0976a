import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import { launch, type Browser, type Page } from 'puppeteer-core'

/** Renders Markdown as GitHub does, in a headless browser: with its style sheet, its Markdown dialect, and mermaid. */

export type Theme = 'light' | 'dark'

/** In CSS pixels: the width of a summary on a laptop. */
const WIDTH_PX = 900

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? BROWSERS.find((path) => existsSync(path))
  if (executablePath === undefined) throw new Error('No browser found. Set CHROMIUM to the path of Chromium.')
  // Chromium's sandbox does not work for root, the usual user of a container.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return launch({ executablePath, args })
}

/** Throws when mermaid cannot parse the chart. */
export async function parseChart(browser: Browser, chart: string): Promise<void> {
  const page = await browser.newPage()
  await page.addScriptTag({ path: packaged('mermaid/dist/mermaid.min.js') })
  await page.evaluate((text) => mermaid.parse(text), chart)
  await page.close()
}

/** Renders a summary as a PNG. */
export async function picture(browser: Browser, markdown: string, theme: Theme): Promise<Uint8Array> {
  const page = await browser.newPage()
  await page.setViewport({ width: WIDTH_PX, height: 400 })
  await page.setContent(pageOf(markdown, theme))
  await drawCharts(page, theme)
  await page.evaluate(() => document.fonts.ready.then(() => undefined))
  const png = await page.screenshot({ fullPage: true, optimizeForSpeed: false })
  await page.close()
  return png
}

/** The sources of the mermaid charts in a summary. */
export function chartsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```mermaid\n(.*?)\n```$/gms)].map(([, chart = '']) => chart)
}

async function drawCharts(page: Page, theme: Theme): Promise<void> {
  await page.addScriptTag({ path: packaged('mermaid/dist/mermaid.min.js') })
  await page.evaluate(
    async (theme) => {
      mermaid.initialize({ startOnLoad: false, theme })
      const blocks = document.querySelectorAll('pre:has(> code.language-mermaid)')
      for (const [index, block] of [...blocks].entries()) {
        const { svg } = await mermaid.render(`chart-${index}`, block.textContent ?? '')
        block.outerHTML = `<div class="chart">${svg}</div>`
      }
    },
    theme === 'dark' ? 'dark' : 'default',
  )
}

declare const mermaid: {
  initialize(config: object): void
  parse(text: string): Promise<unknown>
  render(id: string, text: string): Promise<{ svg: string }>
}

function pageOf(markdown: string, theme: Theme): string {
  const body = micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })
  return `<!doctype html><html lang="en"><meta charset="utf-8"><style>
    ${readFileSync(packaged(`github-markdown-css/github-markdown-${theme}.css`), 'utf8')}
    ${FONTS.map(fontFace).join('\n')}
    /* These fonts are bundled, so that images are the same on every operating system. */
    .markdown-body { padding: 24px 32px; font-family: 'Inter', 'Emoji', sans-serif; }
    .markdown-body code, .markdown-body pre { font-family: 'Mono', 'Emoji', monospace; }
    .chart { text-align: center; margin-bottom: 16px; }
    .chart svg { max-width: 100%; }
  </style><body class="markdown-body" style="margin: 0">${body}`
}

const FONTS = [
  ['Inter', '100 900', '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'],
  ['Mono', '400', '@fontsource/jetbrains-mono/files/jetbrains-mono-latin-400-normal.woff2'],
  ['Emoji', '400', '@fontsource/noto-color-emoji/files/noto-color-emoji-emoji-400-normal.woff2'],
] as const

function fontFace([family, weight, file]: (typeof FONTS)[number]): string {
  const data = readFileSync(packaged(file)).toString('base64')
  return `@font-face { font-family: '${family}'; font-weight: ${weight}; src: url(data:font/woff2;base64,${data}) }`
}

function packaged(file: string): string {
  return join(import.meta.dirname, 'node_modules', file)
}
