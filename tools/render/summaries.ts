import type { Fault } from '../../simulator/faults.ts'
import type { JobOptions } from '../../simulator/job.ts'
import { runStep } from '../../simulator/runner.ts'
import { startSimulator } from '../../simulator/simulator.ts'

/** Simulated seconds per real second. At this speed, no run takes longer than 20 seconds. */
const SPEED = 20

const database = (index: number) => ({
  id: `a48e43ff268f4c0e879652d65e63d0f${index}in07`,
  name: ['shop', 'stock', 'accounts', 'reports'][index] ?? 'database',
})

/** Create jobs progress fast at first and slowly towards the end. */
const curve = (fraction: number) => Math.min(0.99, 1 - (1 - fraction) ** 1.7)

const create = (index: number, minutes: number, options: JobOptions = {}): JobOptions => ({
  id: `31b8ae23-c687-4d80-b7b4-42a66c9bb88${index}`,
  instance: database(index),
  // A fixed date, so that the images do not change.
  createdAt: Date.UTC(2026, 10, 25, 1, 30 + index),
  notFoundMs: 3_000,
  pendingMs: 15_000,
  runningMs: minutes * 60_000 - 18_000,
  curve,
  entities: {
    instance: {
      endpoint: `192.168.0.${10 + index}:3306`,
      datastore: { type: 'gaussdb-mysql', version: '8.0' },
    },
  },
  ...options,
})

const failed: JobOptions = {
  outcome: 'Failed',
  failReason: 'The quota of vCPUs is used up. Apply for a higher quota, or choose a smaller flavor.',
}

/** Runs the action's clock at the speed of the simulator. */
const FAST_CLOCK = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import { syncBuiltinESMExports } from 'node:module'
    import timers from 'node:timers/promises'
    const { setTimeout: sleep } = timers
    const now = performance.now.bind(performance)
    timers.setTimeout = (ms, ...rest) => sleep(ms / ${SPEED}, ...rest)
    performance.now = () => now() * ${SPEED}
    syncBuiltinESMExports()
  `)}`,
}

interface Scene {
  readonly jobs: readonly JobOptions[]
  readonly faults?: readonly Fault[]
}

/** The step behind each image, by the name of the image in docs/images. */
const SCENES: Readonly<Record<string, Scene>> = {
  completed: { jobs: [create(0, 7)] },
  failed: {
    jobs: [create(1, 4, { ...failed, curve: (fraction) => curve(fraction) * 0.62 })],
    faults: [503, 'reset'],
  },
  jobs: { jobs: [create(0, 5), create(1, 3, failed), create(2, 4)] },
}

/** Runs all scenes in parallel with the built action, and returns their job summaries by name. */
export async function realSummaries(): Promise<ReadonlyMap<string, string>> {
  const summaries = Object.entries(SCENES).map(
    async ([name, scene]) => [name, await summaryOf(scene)] as const,
  )
  return new Map(await Promise.all(summaries))
}

async function summaryOf({ jobs, faults = [] }: Scene): Promise<string> {
  const simulator = await startSimulator({ speed: SPEED })
  const ids = jobs.map((job) => simulator.addJob(job))
  for (const fault of faults) simulator.injectFault(fault)
  const { summary } = await runStep({
    with: {
      endpoint: simulator.endpoint,
      'project-id': simulator.projectId,
      token: simulator.token,
      'job-id': ids.join(','),
    },
    env: FAST_CLOCK,
  })
  await simulator.close()
  return summary
}
