import base from '../../jest.config.mjs'

/** Only for `npm run test:database`: these tests need a MariaDB server, and are skipped without one. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/__tests__/database/*.spec.ts'],
  globalSetup: '<rootDir>/__tests__/database/find-server.ts',
  // Each test takes a few seconds, most of which it waits for the time of 60 s in which the instance must be stable.
  testTimeout: 60_000,
}
