import process from 'node:process'

export default {
  testEnvironment: 'node',
  // Node 24 strips types natively, so no compiler is needed.
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  // Windows has no signals between processes; .github/workflows/self-test.yml tests cancellation there.
  testPathIgnorePatterns: ['/node_modules/', ...(process.platform === 'win32' ? ['cancellation.test'] : [])],
  // Most tests wait for processes that sleep, so three workers do not slow each other down on two cores.
  maxWorkers: 3,
  // Long enough for a busy machine: the timeout only has to catch tests that hang.
  testTimeout: 20_000,
  coverageProvider: 'v8',
}
