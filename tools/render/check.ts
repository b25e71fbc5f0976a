import { chartsOf, parseChart, startBrowser } from './github.ts'
import { realSummaries } from './summaries.ts'

/** `npm test`: the real mermaid takes the charts of summaries that the built action wrote. */

const EXPECTED = { completed: 1, failed: 1, jobs: 0 }

const [summaries, browser] = await Promise.all([realSummaries(), startBrowser()])
try {
  for (const [name, expected] of Object.entries(EXPECTED)) {
    const charts = chartsOf(summaries.get(name) ?? '')
    if (charts.length !== expected) throw new Error(`${name} has ${charts.length} charts, not ${expected}`)
    for (const chart of charts) await parseChart(browser, chart)
    console.log(`${name}: mermaid reads its ${charts.length} charts`)
  }
} finally {
  await browser.close()
}
