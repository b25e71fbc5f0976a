import type { Answer } from '../../src/answer.ts'
import { begin, judge, type End, type JobState } from '../../src/wait/judge.ts'
import type { Waited } from '../../src/wait/wait.ts'
import { outside } from './text.ts'

/** A job, or an order, after these answers, a minute apart; `end` when they do not end it. */
export function waitedFor(
  id: string,
  answers: readonly Answer[],
  end: End = { result: 'timed-out' },
  kind: JobState['kind'] = 'job',
): Waited {
  let state = begin({ value: id, text: outside(id) }, kind)
  let judged: End | undefined
  for (const [index, answer] of answers.entries()) {
    const judgement = judge(state, answer, index * 60_000)
    state = judgement.state
    judged ??= judgement.end
  }
  return { state, end: judged ?? end }
}
