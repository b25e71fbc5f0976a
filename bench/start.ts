import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator } from '../simulator/simulator.ts'

/**
 * `npm run bench:start`: runs the built action on a job that has completed, and a bare Node.js script that sends the same
 * request, alternately. Prints Markdown. The times depend on the machine; the ratios hardly do.
 */

const ROUNDS = 21

interface Cost {
  /** Milliseconds. */
  readonly wall: number
  readonly cpu: number
  /** Peak resident memory, megabytes. */
  readonly memory: number
}

const simulator = await startSimulator()
const folder = mkdtempSync(join(tmpdir(), 'start-'))
const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') }
const costFile = join(folder, 'cost')
const job = simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 })
const root = join(import.meta.dirname, '..')

const runs = {
  'bare Node': () =>
    run([
      // Its types are stripped beforehand, because the action doesn't have to do that either.
      join(folder, 'bare.mjs'),
      `${simulator.endpoint}/v3/${simulator.projectId}/jobs?id=${job}`,
      simulator.token,
    ]),
  'this action': () =>
    run([join(root, 'dist', 'index.js')], {
      ...files,
      INPUT_ENDPOINT: simulator.endpoint,
      'INPUT_PROJECT-ID': simulator.projectId,
      'INPUT_JOB-ID': job,
      INPUT_TOKEN: simulator.token,
    }),
}

const { stripTypeScriptTypes } = await import('node:module')
writeFileSync(
  join(folder, 'bare.mjs'),
  stripTypeScriptTypes(readFileSync(join(import.meta.dirname, 'bare.ts'), 'utf8')),
)
const costs: Record<keyof typeof runs, Cost[]> = { 'bare Node': [], 'this action': [] }
for (let round = 0; round < ROUNDS; round++) {
  for (const file of Object.values(files)) writeFileSync(file, '')
  costs['bare Node'].push(await runs['bare Node']())
  costs['this action'].push(await runs['this action']())
}
await simulator.close()
rmSync(folder, { recursive: true })

const [bare, ours] = [medians(costs['bare Node']), medians(costs['this action'])]
console.log(`Medians of ${ROUNDS} alternating runs on a job that has completed, over loopback:\n`)
console.log('| | wall time | CPU time | peak memory |')
console.log('| --- | --: | --: | --: |')
for (const [name, { wall, cpu, memory }] of [
  ['bare Node', bare],
  ['this action', ours],
] as const) {
  console.log(`| ${name} | ${wall.toFixed(0)} ms | ${cpu.toFixed(0)} ms | ${memory.toFixed(0)} MB |`)
}
const ratio = (field: keyof Cost) => (ours[field] / bare[field]).toFixed(2)
console.log(`| × | ${ratio('wall')} | ${ratio('cpu')} | ${ratio('memory')} |`)

/** Runs Node once; the process reports its own costs when it exits. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Cost> {
  const report = `process.on('exit', () => process.getBuiltinModule('fs').writeFileSync(${JSON.stringify(costFile)}, JSON.stringify(process.resourceUsage())))`
  const start = performance.now()
  const child = spawn(
    process.execPath,
    [`--import=data:text/javascript,${encodeURIComponent(report)}`, ...args],
    {
      env: { PATH: process.env['PATH'], ...env },
      stdio: 'ignore',
    },
  )
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  const wall = performance.now() - start
  if (exitCode !== 0) throw new Error(`exit code ${exitCode ?? 'none'}`)
  const usage = JSON.parse(readFileSync(costFile, 'utf8')) as NodeJS.ResourceUsage
  return {
    wall,
    cpu: (usage.userCPUTime + usage.systemCPUTime) / 1_000,
    memory: (usage.maxRSS * 1_024) / 1e6,
  }
}

function medians(all: readonly Cost[]): Cost {
  const median = (field: keyof Cost) =>
    all.map((cost) => cost[field]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
  return { wall: median('wall'), cpu: median('cpu'), memory: median('memory') }
}
