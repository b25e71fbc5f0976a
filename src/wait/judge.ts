import type { JobResponse } from '../response.ts'
import type { Job, JobId } from '../api/job.ts'
import { MINUTE } from '../duration.ts'
import type { RejectionReason, FaultDetail } from '../http/fault.ts'
import { phrase, type UntrustedText, type Phrase } from '../untrusted-text.ts'
import { recordPoint, type HistoryPoint } from './history.ts'
import { count, type Tally } from './tally.ts'

/**
 * How long a job may stay invisible, for which the API reference says "several seconds", and an order without a job,
 * which begins when the order is paid.
 */
const GRACE_PERIOD = { job: 2 * MINUTE, order: 10 * MINUTE }
/** How long `Pending` needs no explanation. */
const PENDING_WARNING_AFTER = 10 * MINUTE
/** In a row, a usable answer between them starts anew. */
const MAX_UNUSABLE = 5
const MAX_MISSING = 3
const MAX_REJECTIONS = 2
/** Warnings about statuses that a hostile service can cause. */
const MAX_STATUS_WARNINGS = 10

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
  readonly history: readonly HistoryPoint[]
  readonly tally: Tally
  readonly last: JobResponse | undefined
  /** First answer that the job is not there, before it was ever seen. */
  readonly notFoundSince: number | undefined
  /** Such answers in a row after it was seen. */
  readonly missing: number
  readonly unusable: number
  /** Of credentials that can be renewed. */
  readonly rejections: number
  /** Faults in a row that pass. */
  readonly faults: number
  /** Faults in all upon which it was asked again. */
  readonly retries: number
  readonly pendingSince: number | undefined
  readonly pendingWarned: boolean
  readonly warnedStatuses: readonly UntrustedText[]
}

/** Why the wait for a job is over; `result` is the contract's output. */
export type Outcome =
  | { readonly result: 'completed' | 'failed' | 'canceled'; readonly job: Job }
  | { readonly result: 'timed-out' }
  /** `hiddenFor`: from the first to the last answer that there is no such job, milliseconds. */
  | { readonly result: 'not-found'; readonly detail: FaultDetail; readonly notFoundFor: number }
  | { readonly result: 'vanished'; readonly detail: FaultDetail }
  /** By the end of the process, or by another job's end. */
  | { readonly result: 'interrupted'; readonly by: 'signal' | 'fail-fast' }
  | { readonly result: 'error'; readonly reason: 'other-job'; readonly id: UntrustedText }
  | {
      readonly result: 'error'
      readonly reason: RejectionReason | 'unusable' | 'internal'
      readonly detail: FaultDetail
    }

export interface Judgement {
  readonly state: JobState
  readonly warning: Phrase | undefined
  /** Undefined: the wait goes on. */
  readonly outcome: Outcome | undefined
}

export function initialState(id: JobId, kind: JobState['kind'] = 'job'): JobState {
  return {
    kind,
    id,
    job: undefined,
    isSeen: false,
    progress: undefined,
    history: [],
    tally: [],
    last: undefined,
    notFoundSince: undefined,
    missing: 0,
    unusable: 0,
    rejections: 0,
    faults: 0,
    retries: 0,
    pendingSince: undefined,
    pendingWarned: false,
    warnedStatuses: [],
  }
}

/** What an answer that came at a moment means for a job: the contract's answer table. */
export function judge(before: JobState, answer: JobResponse, at: number): Judgement {
  const state = { ...before, last: answer, tally: count(before.tally, labelOf(answer)) }
  switch (answer.kind) {
    case 'job':
      return judgeJob({ ...state, isSeen: state.isSeen || answer.isFromList !== true }, answer.job, at)
    case 'other-job':
      return finish(state, { result: 'error', reason: 'other-job', id: answer.id })
    case 'not-found-yet':
      return judgeNotFound({ ...state, faults: 0, unusable: 0, rejections: 0 }, answer.detail, at)
    case 'unusable': {
      const unusable = state.unusable + 1
      return unusable < MAX_UNUSABLE
        ? retry({ ...state, faults: 0, unusable })
        : finish({ ...state, unusable }, { result: 'error', reason: 'unusable', detail: answer.detail })
    }
    case 'rejected': {
      const rejections = state.rejections + 1
      return answer.isRenewable === true && rejections < MAX_REJECTIONS
        ? retry({ ...state, rejections })
        : finish({ ...state, rejections }, { result: 'error', reason: answer.reason, detail: answer.detail })
    }
    case 'transient':
      return retry({ ...state, faults: state.faults + 1 })
  }
}

function labelOf(answer: JobResponse): string | UntrustedText {
  if (answer.kind === 'job') return answer.job.status.label
  return answer.kind === 'other-job' ? 'another job' : answer.detail.label
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
    rejections: 0,
    faults: 0,
    pendingSince: meaning === 'pending' ? (before.pendingSince ?? at) : undefined,
  }
  switch (meaning) {
    case 'completed':
    case 'failed':
    case 'canceled':
      return finish(state, { result: meaning, job })
    case 'running':
      return keepWaiting(state)
    case 'pending':
      return judgePending(state, at)
    case 'unauthorized':
      return warnOfStatus(state, label, phrase`it waits for someone’s authorization in the console`)
    case 'unknown':
      return warnOfStatus(state, label, phrase`a status that this action does not know, so it waits on`)
  }
}

function judgePending(state: JobState, at: number): Judgement {
  if (state.pendingWarned || at - (state.pendingSince ?? at) < PENDING_WARNING_AFTER)
    return keepWaiting(state)
  const warning = phrase`Job ${state.id.text} has been Pending for 10 minutes: perhaps a delayed operation, which starts in the instance’s maintenance window.`
  return { state: { ...state, pendingWarned: true }, warning, outcome: undefined }
}

function warnOfStatus(state: JobState, status: UntrustedText, meaning: Phrase): Judgement {
  const { warnedStatuses } = state
  const isKnown = warnedStatuses.some((warned) => warned.equals(status))
  if (isKnown || warnedStatuses.length >= MAX_STATUS_WARNINGS) return keepWaiting(state)
  return {
    state: { ...state, warnedStatuses: [...warnedStatuses, status] },
    warning: phrase`Job ${state.id.text} has the status “${status}”: ${meaning}.`,
    outcome: undefined,
  }
}

function judgeNotFound(before: JobState, detail: FaultDetail, at: number): Judgement {
  // What the list alone has told of since less long may still be new to the jobs call.
  const listedFor = at - (before.history[0]?.at ?? at)
  if (before.isSeen || listedFor >= GRACE_PERIOD.job) {
    const state = { ...before, missing: before.missing + 1 }
    return state.missing < MAX_MISSING ? keepWaiting(state) : finish(state, { result: 'vanished', detail })
  }
  const notFoundSince = before.notFoundSince ?? at
  const state = { ...before, notFoundSince }
  const notFoundFor = at - notFoundSince
  return notFoundFor < GRACE_PERIOD[state.kind]
    ? keepWaiting(state)
    : finish(state, { result: 'not-found', detail, notFoundFor })
}

function retry(state: JobState): Judgement {
  return keepWaiting({ ...state, retries: state.retries + 1 })
}

function keepWaiting(state: JobState): Judgement {
  return { state, warning: undefined, outcome: undefined }
}

function finish(state: JobState, outcome: Outcome): Judgement {
  return { state, warning: undefined, outcome }
}
