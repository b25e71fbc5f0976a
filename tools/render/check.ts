import { chartsOf, parseChart, startBrowser } from './github.ts'
import { realSummaries } from './summaries.ts'

/** `npm test`: checks that mermaid can parse the charts in job summaries that the built action wrote. */

/** Charts in each summary. */
const EXPECTED = { completed: 1, failed: 1, jobs: 0 }

const [summaries, browser] = await Promise.all([realSummaries(), startBrowser()])
try {
  for (const [name, expected] of Object.entries(EXPECTED)) {
    const charts = chartsOf(summaries.get(name) ?? '')
    if (charts.length !== expected)
      throw new Error(`${name}: expected ${expected} charts, found ${charts.length}`)
    for (const chart of charts) await parseChart(browser, chart)
    console.log(`${name}: mermaid parsed ${charts.length} charts`)
  }
} finally {
  await browser.close()
}
