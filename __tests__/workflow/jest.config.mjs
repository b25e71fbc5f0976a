import base from '../../jest.config.mjs'

/** Only for `npm run test:workflow`: these tests need Go, to install act. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/__tests__/workflow/*.spec.ts'],
  globalSetup: '<rootDir>/__tests__/workflow/install-act.ts',
  testTimeout: 90_000,
}
