import type { JobResponse } from '../../src/response.ts'
import { initialState, judge, type Outcome, type JobState } from '../../src/wait/judge.ts'
import type { WaitResult } from '../../src/wait/wait.ts'
import { untrusted } from './text.ts'

/** A job, or an order, after these answers, a minute apart; `end` when they do not end it. */
export function waitResult(
  id: string,
  answers: readonly JobResponse[],
  outcome: Outcome = { result: 'timed-out' },
  kind: JobState['kind'] = 'job',
): WaitResult {
  let state = initialState({ value: id, text: untrusted(id) }, kind)
  let judged: Outcome | undefined
  for (const [index, answer] of answers.entries()) {
    const judgement = judge(state, answer, index * 60_000)
    state = judgement.state
    judged ??= judgement.outcome
  }
  return { state, outcome: judged ?? outcome }
}
