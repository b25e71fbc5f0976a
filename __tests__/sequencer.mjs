import Sequencer from '@jest/test-sequencer'

/**
 * Without its cache, Jest knows no durations and would start some of these last, so that one worker runs alone. Files
 * whose processes sleep most of the time alternate with those that compute. In vpc and readiness, time passes 50 times as
 * fast, so they do not begin while all workers load their first files.
 */
const FIRST = [
  'action/field.test.ts',
  'unit/bench.test.ts',
  'action/hostile-text.test.ts',
  'action/credentials.test.ts',
  'action/many-jobs.test.ts',
  'action/responses.test.ts',
  'action/vpc.test.ts',
  'action/outcomes.test.ts',
  'action/readiness.test.ts',
  'action/services.test.ts',
  'action/faults.test.ts',
  'action/secrets.test.ts',
  'action/cancellation.test.ts',
  'unit/inputs-fuzz.test.ts',
  'unit/database.test.ts',
  'action/writing.test.ts',
  'service/ecs.test.ts',
  'service/simulator-database.test.ts',
]

/** Starts these test files first, in this order. */
export default class ListedFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = FIRST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/__tests__/${name}`))
      return index < 0 ? FIRST.length : index
    }
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b))
  }
}
