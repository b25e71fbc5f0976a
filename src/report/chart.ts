import { HOUR, MINUTE, SECOND } from '../duration.ts'
import type { HistoryPoint } from '../judge/history.ts'

/** A mermaid chart spaces its points evenly, so the line is sampled. */
const MAX_SAMPLES = 30
/** With fewer points there is no curve to see. */
const MIN_POINTS = 3

/** Colors of the line that are readable in GitHub's light and dark themes. */
const COLORS = { green: '#2da44e', red: '#e5534b', blue: '#388bfd' } as const

/**
 * Progress over time as a mermaid chart for a code block; undefined if too little is known. Only numbers of a job are
 * in it, because untrusted text must not reach mermaid.
 */
export function chartOf(history: readonly HistoryPoint[], color: keyof typeof COLORS): string | undefined {
  const points = history.filter(({ progress }) => Number.isFinite(progress))
  const [from, to] = [points[0]?.at ?? 0, points.at(-1)?.until ?? 0]
  // Written so that NaN gives no chart either.
  if (points.length < MIN_POINTS || !(to - from >= SECOND)) return undefined

  const units = Object.entries({ hours: HOUR, minutes: MINUTE })
  const [unit, ms] = units.find(([, each]) => to >= 2 * each) ?? ['seconds', SECOND]
  const steps = Math.min(MAX_SAMPLES - 1, Math.floor((to - from) / SECOND))
  const samples = Array.from({ length: steps + 1 }, (_, step) =>
    progressAt(points, from + ((to - from) * step) / steps),
  )
  const onAxis = (at: number) => Number((at / ms).toFixed(2))
  const xyChart = { backgroundColor: 'transparent', plotColorPalette: COLORS[color] }
  const config = { xyChart: { width: 800, height: 260 }, themeVariables: { xyChart } }
  return [
    `%%{init: ${JSON.stringify(config)}}%%`,
    'xychart-beta',
    `  x-axis "${unit} since the wait began" ${onAxis(from)} --> ${onAxis(to)}`,
    '  y-axis "progress in %" 0 --> 100',
    `  line [${samples.map((progress) => Number(progress.toFixed(1))).join(', ')}]`,
  ].join('\n')
}

/** Linear interpolation between the end of a point and the beginning of the next. */
function progressAt(points: readonly HistoryPoint[], at: number): number {
  const after = points.find(({ until }) => until >= at) ?? points.at(-1)
  const before = points.findLast((point) => point.at <= at) ?? after
  if (before === undefined || after === undefined) return 0
  const { progress = 0, until } = before
  const ratio = after.at > until ? (at - until) / (after.at - until) : 0
  return Math.min(Math.max(progress + ((after.progress ?? 0) - progress) * ratio, 0), 100)
}
