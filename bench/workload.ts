import { planJob, type JobPlan } from '../simulator/job.ts'
import { MINUTE, SECOND } from '../src/duration.ts'
import { seeded } from './random.ts'

/** The jobs of the benchmark: the same 400 durations with each way of reporting progress. */

/** How a job of a duration in milliseconds proceeds; `index` seeds the random ones. */
type Shape = (duration: number, index: number) => Partial<JobPlan>

/** Progress that helps, and none at all. */
export const CURVES: Readonly<Record<string, Shape>> = {
  linear: curve((x) => x),
  'square root': curve((x) => Math.sqrt(x)),
  quadratic: curve((x) => x * x),
  'steps of 10': curve((x) => Math.floor(x * 10) / 10),
  'steps of 25': curve((x) => Math.floor(x * 4) / 4),
  'stuck at 99%': curve((x) => Math.min(x / 0.6, 1) * 0.99),
  none: curve(() => undefined),
}

/** Progress that misleads. */
export const BAD_CURVES: Readonly<Record<string, Shape>> = {
  '95% after a fifth': curve((x) => (x < 0.2 ? (0.95 * x) / 0.2 : 0.95 + (0.05 * (x - 0.2)) / 0.8)),
  '5% until nine tenths': curve((x) => (x < 0.9 ? (0.05 * x) / 0.9 : 0.05 + (0.95 * (x - 0.9)) / 0.1)),
  '80% back to 10%': curve((x) => (x < 0.5 ? (0.8 * x) / 0.5 : 0.1 + (0.9 * (x - 0.5)) / 0.5)),
  'Pending for 70%': (duration) => ({ pendingMs: 0.7 * duration, runningMs: 0.3 * duration }),
  'not found for 60 s': (duration) => {
    const notFoundMs = Math.min(MINUTE, duration)
    return { notFoundMs, runningMs: duration - notFoundMs }
  },
  'random steps': (duration, index) => ({ runningMs: duration, curve: randomSteps(seeded(1_000 + index)) }),
}

/** Log-normal with a median of 7 minutes and σ 0.8, between 5 s and 60 min; milliseconds. */
export function durations(count = 400): readonly number[] {
  const random = seeded(8)
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.min(Math.max(7 * MINUTE * Math.exp(0.8 * normal), 5 * SECOND), 60 * MINUTE)
  })
}

/** The same IDs on every curve, so that equal responses need to be parsed only once. */
export function plan(shape: Shape, duration: number, index: number): JobPlan {
  const id = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
  const instance = { id: `${id.replaceAll('-', '')}in07`, name: 'simulated-instance' }
  return planJob({ id, instance, createdAt: 0, notFoundMs: 0, pendingMs: 0, ...shape(duration, index) })
}

function curve(of: (fraction: number) => number | undefined): Shape {
  return (duration) => ({ runningMs: duration, curve: of })
}

/** Eight steps up, at random moments and to random values. */
function randomSteps(random: () => number): (fraction: number) => number {
  const sorted = () => Array.from({ length: 8 }, random).sort((a, b) => a - b)
  const [moments, values] = [sorted(), sorted()]
  return (fraction) => values[moments.filter((moment) => moment <= fraction).length - 1] ?? 0
}
