import type { Answer, ListAnswer, Window } from '../../src/answer.ts'
import type { JobId } from '../../src/api/job.ts'
import { pacing } from '../../src/wait/pace.ts'
import { schedule } from '../../src/wait/schedule.ts'
import { wait, type Waited } from '../../src/wait/wait.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'
import { jobAnswer, tryAgain } from './answers.ts'
import { noSecrets, outside, plain } from './text.ts'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

/** The wall clock when a wait begins, milliseconds since the epoch. */
export const START = Date.UTC(2026, 0, 1)

export interface Asked {
  readonly id: string
  readonly at: number
}

export interface Scenario {
  readonly jobs?: readonly string[]
  readonly timeout?: number
  readonly interval?: 'auto' | number
  /** What the service answers at a moment; `never` is an exchange that only an abort ends, after `lastly` ms. */
  readonly service: (asked: Asked) => Answer | 'never' | Promise<Answer>
  readonly interruptAt?: number
  /** How long an exchange takes. */
  readonly latency?: number
  /** By how much the clock goes on each time it is looked at, and its timers fire early, as Node's do. */
  readonly creep?: number
  readonly failFast?: boolean
  /** What the list answers at a moment, `never` as above; there is none when not given. */
  readonly list?: (asked: ListAsked) => ListAnswer | 'never'
  /** The order whose jobs are waited for, instead of jobs. */
  readonly order?: string
}

export interface ListAsked extends Window {
  readonly at: number
}

/** Waits in virtual time, and tells all that was seen. */
export async function waitFor({
  jobs = ['job-1'],
  timeout = HOUR,
  interval = 'auto',
  service,
  interruptAt,
  latency = 100,
  creep = 0,
  failFast = false,
  list,
  order,
}: Scenario) {
  const clock = new VirtualClock()
  let [crept, looks] = [0, 0]
  const creeping = {
    now: () => clock.now() + (crept += creep * (looks++ % 11)),
    sleep: (ms: number, signal: AbortSignal) => clock.sleep(creep > 0 ? Math.floor(ms) : ms, signal),
  }
  const asked: Asked[] = []
  const listed: ListAsked[] = []
  const found: string[] = []
  const next: (number | undefined)[] = []
  const warnings: string[] = []
  const stop = new AbortController()
  if (interruptAt !== undefined) {
    clock.at(interruptAt, () => {
      stop.abort()
    })
  }
  let underWay = 0
  let mostUnderWay = 0
  const ask = async ({ value }: JobId, signal: AbortSignal): Promise<Answer> => {
    const question = { id: value, at: clock.now() }
    asked.push(question)
    mostUnderWay = Math.max(mostUnderWay, ++underWay)
    const answer = await service(question)
    if (answer === 'never' || latency > 0) await clock.sleep(answer === 'never' ? Infinity : latency, signal)
    underWay -= 1
    return signal.aborted || answer === 'never' ? tryAgain() : answer
  }
  const waited = await clock.run(
    wait(
      {
        jobs: order === undefined ? jobs.map(jobId) : { order: jobId(order) },
        hasList: list !== undefined,
        timeout,
        pause: schedule(interval, () => 0.5),
        pacing: pacing(() => 0.5),
        failFast,
      },
      {
        ask,
        askList: async (window, signal) => {
          const question = { ...window, at: clock.now() }
          listed.push(question)
          const answer = list?.(question) ?? 'never'
          await clock.sleep(answer === 'never' ? Infinity : latency, signal)
          return signal.aborted || answer === 'never' ? (tryAgain() as ListAnswer) : answer
        },
        clock: creeping,
        wallClock: () => START + clock.now(),
        signal: stop.signal,
        listener: {
          answered: (_state, nextAsk) => next.push(nextAsk),
          warned: (warning) => warnings.push(plain(warning)),
          found: (ids) => found.push(...ids.map(({ value }) => value)),
        },
        describe: (error) => noSecrets.error(error),
      },
    ),
  )
  return {
    waited,
    asked,
    listed,
    found,
    next,
    warnings,
    mostUnderWay,
    endedAt: clock.now(),
    only: only(waited),
  }
}

function only(waited: readonly Waited[]): Waited {
  const [first] = waited
  if (first === undefined) throw new Error('nothing was waited for')
  return first
}

export function jobId(value: string): JobId {
  return { value, text: outside(value) }
}

/** A job as a function of time. */
export const completesAfter =
  (ms: number) =>
  ({ at }: Asked): Answer =>
    jobAnswer(at >= ms ? 'Completed' : 'Running')
