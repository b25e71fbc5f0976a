import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { picture, startBrowser } from './github.ts'
import { realSummaries } from './summaries.ts'

/** `npm run images`: renders the images in docs/images from job summaries that the built action wrote. */

const FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'images')

const [summaries, browser] = await Promise.all([realSummaries(), startBrowser()])
mkdirSync(FOLDER, { recursive: true })
for (const [name, summary] of summaries) {
  for (const theme of ['light', 'dark'] as const) {
    const png = await picture(browser, name === 'failed' ? expandDetails(summary) : summary, theme)
    writeFileSync(join(FOLDER, `summary-${name}-${theme}.png`), png)
    console.log(`summary-${name}-${theme}.png  ${Math.ceil(png.length / 1000)} kB`)
  }
}
await browser.close()

/** One image also shows the details. */
function expandDetails(summary: string): string {
  return summary.replace('<details>', '<details open>')
}
