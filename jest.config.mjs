import process from 'node:process'

export default {
  testEnvironment: 'node',
  // Node 24 strips the types itself; nothing is compiled.
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  // On Windows no process can send another a signal; there, .github/workflows/self-test.yml cancels.
  testPathIgnorePatterns: ['/node_modules/', ...(process.platform === 'win32' ? ['cancellation.test'] : [])],
  // Most tests wait for processes that sleep: three workers do not get in each other's way on two cores.
  maxWorkers: 3,
  // It is there to catch a hang, on a busy machine too.
  testTimeout: 20_000,
  coverageProvider: 'v8',
}
