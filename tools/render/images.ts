import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { picture, startBrowser } from './github.ts'
import { realSummaries } from './summaries.ts'

/** `npm run images`: the pictures of docs/images, of summaries that the built action wrote. */

const FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'images')

const [summaries, browser] = await Promise.all([realSummaries(), startBrowser()])
mkdirSync(FOLDER, { recursive: true })
for (const [name, summary] of summaries) {
  for (const theme of ['light', 'dark'] as const) {
    const png = await picture(browser, name === 'failed' ? unfolded(summary) : summary, theme)
    writeFileSync(join(FOLDER, `summary-${name}-${theme}.png`), png)
    console.log(`summary-${name}-${theme}.png  ${Math.ceil(png.length / 1000)} kB`)
  }
}
await browser.close()

/** One picture shows the details, too. */
function unfolded(summary: string): string {
  return summary.replace('<details>', '<details open>')
}
