import { HOUR, MINUTE, SECOND } from '../duration.ts'
import type { HistoryPoint } from '../wait/history.ts'

/** Where the line has its points: a chart of mermaid spreads them evenly. */
const MAX_MOMENTS = 30
/** Less would be no curve. */
const MIN_POINTS = 3

/** The line's colour, which is good to see on white and on black. */
const COLORS = { green: '#2da44e', red: '#e5534b', blue: '#388bfd' } as const

export type ChartColor = keyof typeof COLORS

const UNITS = [
  { name: 'hours', ms: HOUR },
  { name: 'minutes', ms: MINUTE },
  { name: 'seconds', ms: SECOND },
] as const

/**
 * Progress over time as a mermaid chart, for a code block; undefined when too little is known. Nothing of a job is in it but
 * numbers: no text from outside can come to mermaid.
 */
export function chartOf(history: readonly HistoryPoint[], colour: ChartColor): string | undefined {
  const known = history.flatMap(({ at, until, progress }) =>
    progress === undefined || !Number.isFinite(progress) ? [] : [{ at, until, progress }],
  )
  const corners = known.flatMap(({ at, until, progress }) => [
    { at, progress },
    { at: until, progress },
  ])
  const [from, to] = [corners[0]?.at ?? 0, corners.at(-1)?.at ?? 0]
  if (known.length < MIN_POINTS || !(to - from >= SECOND)) return undefined

  const unit = UNITS.find(({ ms }) => to >= 2 * ms) ?? UNITS[2]
  const steps = Math.min(MAX_MOMENTS, Math.floor((to - from) / SECOND) + 1) - 1
  const line = Array.from({ length: steps + 1 }, (_, step) =>
    progressAt(corners, from + ((to - from) * step) / steps),
  )
  const axis = (ms: number) => rounded(ms / unit.ms, 2)
  // Without a background of its own, it stands on GitHub's, be that light or dark.
  const theme = { xyChart: { backgroundColor: 'transparent', plotColorPalette: COLORS[colour] } }
  const look = { xyChart: { width: 800, height: 260 }, themeVariables: theme }
  return [
    `%%{init: ${JSON.stringify(look)}}%%`,
    'xychart-beta',
    `  x-axis "${unit.name} since the wait began" ${axis(from)} --> ${axis(to)}`,
    '  y-axis "progress in %" 0 --> 100',
    `  line [${line.map((progress) => rounded(progress, 1)).join(', ')}]`,
  ].join('\n')
}

interface Corner {
  readonly at: number
  readonly progress: number
}

/** On the straight way from what was last seen before to what was first seen after. */
function progressAt(corners: readonly Corner[], moment: number): number {
  const after = corners.find(({ at }) => at >= moment) ?? corners.at(-1)
  const before = corners.findLast(({ at }) => at <= moment) ?? after
  if (before === undefined || after === undefined) return 0
  const way = after.at > before.at ? (moment - before.at) / (after.at - before.at) : 0
  return Math.min(Math.max(before.progress + (after.progress - before.progress) * way, 0), 100)
}

function rounded(number: number, digits: number): number {
  return Number(number.toFixed(digits))
}
