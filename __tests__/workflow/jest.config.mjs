import base from '../../jest.config.mjs'

/** For `npm run test:workflow` alone: these need Go. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/__tests__/workflow/*.spec.ts'],
  globalSetup: '<rootDir>/__tests__/workflow/install-act.ts',
  testTimeout: 90_000,
}
