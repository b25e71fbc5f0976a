import { join } from 'node:path'
import process from 'node:process'

// Hundreds of processes run the same action, so only the first ones compile it and strip the types of its preloads.
process.env['NODE_COMPILE_CACHE'] ??= join(
  import.meta.dirname,
  'node_modules',
  '.cache',
  'compiled-for-tests',
)

export default {
  testEnvironment: 'node',
  // Node 24 strips types natively, so no compiler is needed.
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  // Windows has no signals between processes; .github/workflows/self-test.yml tests cancellation there.
  testPathIgnorePatterns: ['/node_modules/', ...(process.platform === 'win32' ? ['cancellation.test'] : [])],
  // Most tests wait for processes that sleep, so more workers than cores save time: on two cores, three
  // took 216 s, four 181 s, and five 164 s.
  maxWorkers: 5,
  testSequencer: './__tests__/sequencer.mjs',
  setupFiles: ['./__tests__/setup.mjs'],
  // Long enough for a busy machine: the timeout only has to catch tests that hang.
  testTimeout: 30_000,
  // Only a run of all tests, that is Jest without arguments, can reach the thresholds.
  collectCoverage: process.argv.length === 2,
  collectCoverageFrom: [
    'src/**/*.ts',
    // These two own the process and end it, so only the child processes of __tests__/action run them, as dist/index.js.
    '!src/{index,shutdown}.ts',
    // This module replaces a dependency in dist/index.js only.
    '!src/http/no-undici.ts',
  ],
  // Counters in src/. V8's own coverage counts in all code, so that the fuzz tests take four times as long.
  coverageProvider: 'babel',
  coverageReporters: ['text-summary'],
  coverageThreshold: { global: { lines: 98, statements: 98, branches: 95, functions: 97 } },
}
