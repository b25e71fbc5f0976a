import type { Fault } from '../../simulator/faults.ts'
import type { JobWish } from '../../simulator/job.ts'
import { runStep } from '../../simulator/runner.ts'
import { startSimulator } from '../../simulator/simulator.ts'

/** Simulated seconds per real second: no run takes longer than twenty. */
const SPEED = 20

const database = (index: number) => ({
  id: `a48e43ff268f4c0e879652d65e63d0f${index}in07`,
  name: ['shop', 'stock', 'accounts', 'reports'][index] ?? 'database',
})

/** Fast at first, slow before its end, as create jobs are. */
const curve = (fraction: number) => Math.min(0.99, 1 - (1 - fraction) ** 1.7)

const create = (index: number, minutes: number, wish: JobWish = {}): JobWish => ({
  id: `31b8ae23-c687-4d80-b7b4-42a66c9bb88${index}`,
  instance: database(index),
  // So that the dates are the same each time.
  createdAt: Date.UTC(2026, 10, 25, 1, 30 + index),
  hiddenMs: 3_000,
  pendingMs: 15_000,
  runningMs: minutes * 60_000 - 18_000,
  curve,
  entities: {
    instance: {
      endpoint: `192.168.0.${10 + index}:3306`,
      datastore: { type: 'gaussdb-mysql', version: '8.0' },
    },
  },
  ...wish,
})

const failed: JobWish = {
  outcome: 'Failed',
  failReason: 'The quota of vCPUs is used up. Apply for a higher quota, or choose a smaller flavor.',
}

/** Lets the action's time pass as fast as the simulator's. */
const FAST = {
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
  readonly jobs: readonly JobWish[]
  readonly faults?: readonly Fault[]
}

/** A step for each picture, by its name in docs/images. */
const SCENES: Readonly<Record<string, Scene>> = {
  completed: { jobs: [create(0, 7)] },
  failed: {
    jobs: [create(1, 4, { ...failed, curve: (fraction) => curve(fraction) * 0.62 })],
    faults: [503, 'reset'],
  },
  jobs: { jobs: [create(0, 5), create(1, 3, failed), create(2, 4)] },
}

/** What the built action writes as its summaries, by their names; all at the same time. */
export async function realSummaries(): Promise<ReadonlyMap<string, string>> {
  const summaries = Object.entries(SCENES).map(
    async ([name, scene]) => [name, await summaryOf(scene)] as const,
  )
  return new Map(await Promise.all(summaries))
}

async function summaryOf({ jobs, faults = [] }: Scene): Promise<string> {
  const simulator = await startSimulator({ speed: SPEED })
  const ids = jobs.map((job) => simulator.addJob(job))
  for (const fault of faults) simulator.misbehave(fault)
  const { summary } = await runStep({
    with: {
      endpoint: simulator.endpoint,
      'project-id': simulator.projectId,
      token: simulator.token,
      'job-id': ids.join(','),
    },
    env: FAST,
  })
  await simulator.close()
  return summary
}
