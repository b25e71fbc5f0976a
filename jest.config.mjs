export default {
  testEnvironment: 'node',
  // Node 24 strips the types itself; nothing is compiled.
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  coverageProvider: 'v8',
}
