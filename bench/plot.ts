import { MINUTE, SECOND } from '../src/duration.ts'
import { CLIENTS, OURS } from './clients.ts'
import { drive } from './drive.ts'
import { seeded } from './random.ts'
import { BAD_CURVES, CURVES, plan } from './workload.ts'

/** Our poll intervals in a job of ten minutes as a mermaid chart: one value for every 20 seconds. */
export async function plotOf(curve: string): Promise<string> {
  const [shape, client] = [{ ...CURVES, ...BAD_CURVES }[curve], CLIENTS[OURS]]
  if (shape === undefined || client === undefined) throw new Error(`there is no curve ${curve}`)
  const [duration, step] = [10 * MINUTE, 20 * SECOND]
  const { interval: intervalOf } = client(seeded(1))
  const requests: { readonly at: number; readonly interval: number }[] = []
  await drive(plan(shape, duration, 0), (state, elapsed) => {
    const interval = intervalOf(state, elapsed)
    requests.push({ at: elapsed, interval })
    return interval
  })
  const values = Array.from({ length: duration / step }, (_, index) => {
    const before = requests.findLast(({ at }) => at <= (index + 1) * step - 1)
    return ((before?.interval ?? 0) / SECOND).toFixed(1)
  })
  return [
    '```mermaid',
    // The default color is hard to see.
    '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#cf222e"}}}}%%',
    'xychart-beta',
    `  title "progress: ${curve}"`,
    '  x-axis "minutes since the wait began" 0 --> 10',
    '  y-axis "seconds to the next poll" 0 --> 30',
    `  line [${values.join(', ')}]`,
    '```',
  ].join('\n')
}
