import Sequencer from '@jest/test-sequencer'

/**
 * Without its cache, Jest knows no durations and would start some of these last, so that one worker runs alone. The
 * faults have limits for the time of a process, so they do not begin while all workers load their first files.
 */
const FIRST = [
  'action/field.test.ts',
  'action/readiness.test.ts',
  'action/vpc.test.ts',
  'unit/bench.test.ts',
  'unit/inputs-fuzz.test.ts',
  'action/faults.test.ts',
  'action/hostile-text.test.ts',
  'action/credentials.test.ts',
  'action/secrets.test.ts',
  'action/many-jobs.test.ts',
]

/** Starts the longest test files first. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = FIRST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/__tests__/${name}`))
      return index < 0 ? FIRST.length : index
    }
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b))
  }
}
