import type { JobResponse, JudgedResponse } from '../../src/response.ts'
import { initialState, judge, type Outcome, type WaitState } from '../../src/judge/judge.ts'
import { explainResults, type ExplainedResult } from '../../src/report/explain.ts'
import type { WaitResult } from '../../src/wait/wait.ts'
import { jobResponse } from './responses.ts'
import { untrusted } from './text.ts'

/** The result for a job, an order, or an instance after these responses, one minute apart; `outcome` if they do not end the wait. */
export function waitResult(
  id: string,
  responses: readonly JudgedResponse[],
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

/** The result for a job that completed, and then its instance, as above. */
export function instanceResult(
  id: string,
  responses: readonly JudgedResponse[],
  outcome: Outcome = { result: 'not-ready', cause: 'timeout' },
  job: JobResponse = jobResponse('Completed', { name: 'CreateX', instance: { id: 'instance-1' } }),
): WaitResult {
  const { state: instance, outcome: judged } = waitResult('instance-1', responses, outcome, 'instance')
  return { ...waitResult(id, [job]), instance, outcome: judged }
}

/** The results of a wait with a timeout of one hour, explained. */
export function explained(
  results: readonly WaitResult[],
  successResults: readonly Outcome['result'][] = ['completed'],
): readonly ExplainedResult[] {
  return explainResults(results, 3_600_000, successResults)
}
