import type { Answer } from '../answer.ts'
import type { Job, JobId } from '../api/job.ts'
import { MINUTE } from '../duration.ts'
import type { Refusal, Told } from '../http/fault.ts'
import { phrase, type OutsideText, type Phrase } from '../outside-text.ts'
import { recordPoint, type Point } from './history.ts'
import { count, type Tally } from './tally.ts'

/**
 * How long a job may stay invisible, for which the API reference says "several seconds", and an order without a job,
 * which begins when the order is paid.
 */
const LONGEST_HIDDEN = { job: 2 * MINUTE, order: 10 * MINUTE }
/** How long `Pending` needs no explanation. */
const LONG_PENDING = 10 * MINUTE
/** In a row, a usable answer between them starts anew. */
const MOST_UNUSABLE = 5
const MOST_MISSING = 3
const MOST_REFUSALS = 2
/** Warnings about statuses that a hostile service can cause. */
const MOST_STATUS_WARNINGS = 10

/**
 * All that is known of one job while it is waited for, or of an order while it has no job. Times are milliseconds since
 * the wait began.
 */
export interface JobState {
  readonly kind: 'job' | 'order'
  readonly id: JobId
  /** As it was last seen. */
  readonly job: Job | undefined
  /** Whether its own answer told of it, and not the list alone. */
  readonly isSeen: boolean
  /** 0 to 100, as it was last told. */
  readonly progress: number | undefined
  readonly history: readonly Point[]
  readonly tally: Tally
  readonly last: Answer | undefined
  /** First answer that the job is not there, before it was ever seen. */
  readonly hiddenSince: number | undefined
  /** Such answers in a row after it was seen. */
  readonly missing: number
  readonly unusable: number
  /** Of credentials that can be renewed. */
  readonly refusals: number
  /** Faults in a row that pass. */
  readonly faults: number
  /** Faults in all upon which it was asked again. */
  readonly retries: number
  readonly pendingSince: number | undefined
  readonly pendingWarned: boolean
  readonly warnedStatuses: readonly OutsideText[]
}

/** Why the wait for a job is over; `result` is the contract's output. */
export type End =
  | { readonly result: 'completed' | 'failed' | 'canceled'; readonly job: Job }
  | { readonly result: 'timed-out' }
  /** `hiddenFor`: from the first to the last answer that there is no such job, milliseconds. */
  | { readonly result: 'not-found'; readonly told: Told; readonly hiddenFor: number }
  | { readonly result: 'vanished'; readonly told: Told }
  /** By the end of the process, or by another job's end. */
  | { readonly result: 'interrupted'; readonly by: 'signal' | 'fail-fast' }
  | { readonly result: 'error'; readonly why: 'other-job'; readonly id: OutsideText }
  | { readonly result: 'error'; readonly why: Refusal | 'unusable' | 'defect'; readonly told: Told }

export interface Judgement {
  readonly state: JobState
  readonly warning: Phrase | undefined
  /** Undefined: the wait goes on. */
  readonly end: End | undefined
}

export function begin(id: JobId, kind: JobState['kind'] = 'job'): JobState {
  return {
    kind,
    id,
    job: undefined,
    isSeen: false,
    progress: undefined,
    history: [],
    tally: [],
    last: undefined,
    hiddenSince: undefined,
    missing: 0,
    unusable: 0,
    refusals: 0,
    faults: 0,
    retries: 0,
    pendingSince: undefined,
    pendingWarned: false,
    warnedStatuses: [],
  }
}

/** What an answer that came at a moment means for a job: the contract's answer table. */
export function judge(before: JobState, answer: Answer, at: number): Judgement {
  const state = { ...before, last: answer, tally: count(before.tally, labelOf(answer)) }
  switch (answer.kind) {
    case 'job':
      return judgeJob({ ...state, isSeen: state.isSeen || answer.isHint !== true }, answer.job, at)
    case 'other-job':
      return ended(state, { result: 'error', why: 'other-job', id: answer.id })
    case 'not-visible':
      return judgeNotVisible({ ...state, faults: 0, unusable: 0, refusals: 0 }, answer.told, at)
    case 'unusable': {
      const unusable = state.unusable + 1
      return unusable < MOST_UNUSABLE
        ? asksAgain({ ...state, faults: 0, unusable })
        : ended({ ...state, unusable }, { result: 'error', why: 'unusable', told: answer.told })
    }
    case 'refused': {
      const refusals = state.refusals + 1
      return answer.isRenewable === true && refusals < MOST_REFUSALS
        ? asksAgain({ ...state, refusals })
        : ended({ ...state, refusals }, { result: 'error', why: answer.why, told: answer.told })
    }
    case 'try-again':
      return asksAgain({ ...state, faults: state.faults + 1 })
  }
}

function labelOf(answer: Answer): string | OutsideText {
  if (answer.kind === 'job') return answer.job.status.label
  return answer.kind === 'other-job' ? 'another job' : answer.told.label
}

function judgeJob(before: JobState, job: Job, at: number): Judgement {
  const { meaning, label } = job.status
  const progress = meaning === 'completed' ? 100 : (job.progress ?? before.progress)
  const state = {
    ...before,
    job,
    progress,
    history: recordPoint(before.history, { at, status: label, progress }),
    missing: 0,
    unusable: 0,
    refusals: 0,
    faults: 0,
    pendingSince: meaning === 'pending' ? (before.pendingSince ?? at) : undefined,
  }
  switch (meaning) {
    case 'completed':
    case 'failed':
    case 'canceled':
      return ended(state, { result: meaning, job })
    case 'running':
      return goesOn(state)
    case 'pending':
      return judgePending(state, at)
    case 'unauthorized':
      return warnOfStatus(state, label, phrase`it waits for someone’s authorization in the console`)
    case 'unknown':
      return warnOfStatus(state, label, phrase`a status that this action does not know, so it waits on`)
  }
}

function judgePending(state: JobState, at: number): Judgement {
  if (state.pendingWarned || at - (state.pendingSince ?? at) < LONG_PENDING) return goesOn(state)
  const warning = phrase`Job ${state.id.text} has been Pending for 10 minutes: perhaps a delayed operation, which starts in the instance’s maintenance window.`
  return { state: { ...state, pendingWarned: true }, warning, end: undefined }
}

function warnOfStatus(state: JobState, status: OutsideText, meaning: Phrase): Judgement {
  const { warnedStatuses } = state
  const isKnown = warnedStatuses.some((warned) => warned.equals(status))
  if (isKnown || warnedStatuses.length >= MOST_STATUS_WARNINGS) return goesOn(state)
  return {
    state: { ...state, warnedStatuses: [...warnedStatuses, status] },
    warning: phrase`Job ${state.id.text} has the status “${status}”: ${meaning}.`,
    end: undefined,
  }
}

function judgeNotVisible(before: JobState, told: Told, at: number): Judgement {
  // What the list alone has told of since less long may still be new to the jobs call.
  const toldFor = at - (before.history[0]?.at ?? at)
  if (before.isSeen || toldFor >= LONGEST_HIDDEN.job) {
    const state = { ...before, missing: before.missing + 1 }
    return state.missing < MOST_MISSING ? goesOn(state) : ended(state, { result: 'vanished', told })
  }
  const hiddenSince = before.hiddenSince ?? at
  const state = { ...before, hiddenSince }
  const hiddenFor = at - hiddenSince
  return hiddenFor < LONGEST_HIDDEN[state.kind]
    ? goesOn(state)
    : ended(state, { result: 'not-found', told, hiddenFor })
}

function asksAgain(state: JobState): Judgement {
  return goesOn({ ...state, retries: state.retries + 1 })
}

function goesOn(state: JobState): Judgement {
  return { state, warning: undefined, end: undefined }
}

function ended(state: JobState, end: End): Judgement {
  return { state, warning: undefined, end }
}
