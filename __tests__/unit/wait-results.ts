import type { JobResponse } from '../../src/response.ts'
import { initialState, judge, type Outcome, type WaitState } from '../../src/judge/judge.ts'
import type { WaitResult } from '../../src/wait/wait.ts'
import { untrusted } from './text.ts'

/** The result for a job or an order after these responses, one minute apart; `outcome` if they do not end the wait. */
export function waitResult(
  id: string,
  responses: readonly JobResponse[],
  outcome: Outcome = { result: 'timed-out' },
  kind: WaitState['kind'] = 'job',
): WaitResult {
  let state = initialState({ value: id, text: untrusted(id) }, kind)
  let judged: Outcome | undefined
  for (const [index, response] of responses.entries()) {
    const judgement = judge(state, response, index * 60_000)
    state = judgement.state
    judged ??= judgement.outcome
  }
  return { state, outcome: judged ?? outcome }
}
