import { MINUTE, SECOND } from '../src/duration.ts'
import { CLIENTS, OURS } from './clients.ts'
import { drive } from './drive.ts'
import { seeded } from './random.ts'
import { BAD_CURVES, CURVES, plan } from './workload.ts'

/** The pauses of our schedule in a job of ten minutes, as a mermaid chart: a value for each twenty seconds. */
export async function plotOf(curve: string): Promise<string> {
  const [shape, pauses] = [{ ...CURVES, ...BAD_CURVES }[curve], CLIENTS[OURS]]
  if (shape === undefined || pauses === undefined) throw new Error(`there is no curve ${curve}`)
  const [duration, step] = [10 * MINUTE, 20 * SECOND]
  const pause = pauses(seeded(1))
  const asked: { readonly at: number; readonly pause: number }[] = []
  await drive(plan(shape, duration, 0), (state, elapsed) => {
    const next = pause(state, elapsed)
    asked.push({ at: elapsed, pause: next })
    return next
  })
  const values = Array.from({ length: duration / step }, (_, index) => {
    const before = asked.findLast(({ at }) => at <= (index + 1) * step - 1)
    return ((before?.pause ?? 0) / SECOND).toFixed(1)
  })
  return [
    '```mermaid',
    // The default colour can hardly be seen.
    '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#cf222e"}}}}%%',
    'xychart-beta',
    `  title "progress: ${curve}"`,
    '  x-axis "minutes since the wait began" 0 --> 10',
    '  y-axis "pause to the next question, s" 0 --> 30',
    `  line [${values.join(', ')}]`,
    '```',
  ].join('\n')
}
