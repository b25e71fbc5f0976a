import type { Instance } from '../api/instance.ts'
import type { Job } from '../api/job.ts'
import { MINUTE, SECOND } from '../duration.ts'
import type { FaultDetail, RejectionReason } from '../http/fault.ts'
import type { Id, Kind } from '../id.ts'
import type { ConnectionResponse, JudgedResponse, SubTask } from '../response.ts'
import { phrase, type Phrase, type UntrustedText } from '../untrusted-text.ts'
import { recordPoint, type HistoryPoint } from './history.ts'
import { count, type Tally } from './tally.ts'

/** A new job may be unknown for "several seconds" (API Reference, "Constraints"); an order has no job until it is paid. */
const GRACE_PERIOD = { job: 2 * MINUTE, order: 10 * MINUTE }
const PENDING_WARNING_AFTER = 10 * MINUTE
/** After a create, an instance is ACTIVE for a moment before its first backup. */
const STABLE_AFTER = 1 * MINUTE
/** Faults for longer than this may have hidden another status. */
const MAX_GAP = 45 * SECOND
/** A new job may be missing from the list for some seconds. */
export const IDLE_FOR = 5 * SECOND
/** Consecutive responses after which the wait for the job ends. */
const MAX_UNUSABLE = 5
const MAX_MISSING = 3
const MAX_REJECTIONS = 2
/** A hostile service could cause a warning with each response. */
const MAX_WARNED_STATUSES = 10

/**
 * What is known about a job, an order that has no job yet, or an instance. Times are milliseconds since the wait began.
 */
export interface WaitState {
  readonly kind: Kind
  readonly id: Id
  /** As it was last seen; for an instance, a job that runs on it. */
  readonly job?: Job | undefined
  /** As it was last seen. */
  readonly instance?: Instance | undefined
  /** Those of the job, and when they were last seen. */
  readonly subTasks?: { readonly list: readonly SubTask[]; readonly at: number }
  /** The last result of connecting to the instance, and when the first attempt ended. */
  readonly connection?: (ConnectionResponse & { readonly since: number }) | undefined
  /** Since when the instance is ACTIVE, and since when no job runs on it. */
  readonly activeSince?: number | undefined
  readonly idleSince?: number | undefined
  /** Whether its own response contained it, not only the job list. */
  readonly isSeen: boolean
  /** The last known progress, 0 to 100. */
  readonly progress?: number | undefined
  readonly history: readonly HistoryPoint[]
  readonly tally: Tally
  readonly last?: JudgedResponse
  readonly notFoundSince?: number
  readonly pendingSince?: number | undefined
  readonly warnedStatuses: readonly UntrustedText[]
  /** Responses of a kind in a row: not found after it was seen, unusable, rejected, transient faults. */
  readonly missing: number
  readonly unusable: number
  readonly rejections: number
  readonly faults: number
  /** Retries after faults of any kind, in total. */
  readonly retries: number
}

const NONE_IN_A_ROW = { missing: 0, unusable: 0, rejections: 0, faults: 0 }

/** Why a wait ended; `result` is the output of the same name. An instance that is ready has the result `completed`. */
export type Outcome =
  | { readonly result: 'completed' | 'failed' | 'canceled' | 'timed-out' }
  /** The job completed, but its instance is not ready. */
  | { readonly result: 'not-ready'; readonly cause: 'no-instance' | 'failed' | 'no-address' | 'timeout' }
  /** `notFoundFor`: milliseconds from the first to the last response without the job. */
  | { readonly result: 'not-found'; readonly detail: FaultDetail; readonly notFoundFor: number }
  | { readonly result: 'vanished'; readonly detail: FaultDetail }
  | { readonly result: 'interrupted'; readonly by: 'signal' | 'fail-fast' }
  | {
      readonly result: 'error'
      readonly reason: RejectionReason | 'unusable' | 'internal'
      readonly detail: FaultDetail
    }

export interface Judgment {
  readonly state: WaitState
  readonly warning?: Phrase
  /** Undefined as long as the wait continues. */
  readonly outcome?: Outcome | undefined
}

export function initialState(id: Id, kind: Kind = 'job'): WaitState {
  return {
    kind,
    id,
    // A job named the instance, or the user.
    isSeen: kind === 'instance',
    history: [],
    tally: [],
    warnedStatuses: [],
    ...NONE_IN_A_ROW,
    retries: 0,
  }
}

/**
 * What a response received at a moment means: the tables of docs/reference.md.
 *
 * @param sentAt when its request was sent
 */
export function judge(before: WaitState, response: JudgedResponse, at: number, sentAt = at): Judgment {
  const state = { ...before, last: response, tally: count(before.tally, labelOf(response)) }
  switch (response.kind) {
    case 'job':
      return judgeJob({ ...state, isSeen: state.isSeen || response.isFromList !== true }, response.job, at)
    case 'instance':
      return judgeInstance(state, response.instance, at, sentAt)
    case 'busy':
      return {
        state: seen({ ...state, job: response.job }, response.job.status.label, at, response.job.progress),
      }
    case 'idle': {
      const idleSince = before.last?.kind === 'idle' ? (before.idleSince ?? at) : at
      const idle = { ...state, ...NONE_IN_A_ROW, job: undefined, idleSince }
      return { state: idle, outcome: sentAt - idleSince >= IDLE_FOR ? { result: 'completed' } : undefined }
    }
    case 'connection': {
      const connection = { ...response, since: state.connection?.since ?? at }
      const next = seen({ ...state, connection }, response.label, at)
      return { state: next, outcome: response.isAccepted ? { result: 'completed' } : undefined }
    }
    case 'not-found-yet':
      return judgeNotFound({ ...state, ...NONE_IN_A_ROW, missing: state.missing }, response.detail, at)
    case 'unusable': {
      const next = { ...state, faults: 0, unusable: state.unusable + 1 }
      return next.unusable < MAX_UNUSABLE
        ? retry(next)
        : { state: next, outcome: { result: 'error', reason: 'unusable', detail: response.detail } }
    }
    case 'rejected': {
      const next = { ...state, rejections: state.rejections + 1 }
      return response.isRenewable === true && next.rejections < MAX_REJECTIONS
        ? retry(next)
        : { state: next, outcome: { result: 'error', reason: response.reason, detail: response.detail } }
    }
    case 'transient':
      return retry({ ...state, faults: state.faults + 1 })
  }
}

function labelOf(response: JudgedResponse): string | UntrustedText {
  if ('detail' in response) return response.detail.label
  if ('label' in response) return response.label
  if (response.kind === 'instance') return response.instance.status.label
  return response.kind === 'job' ? response.job.status.label : LABELS[response.kind]
}

const LABELS = { busy: 'a job is running', idle: 'no job is running' }

/** Records what was seen. */
function seen(before: WaitState, status: UntrustedText, at: number, progress?: number): WaitState {
  const history = recordPoint(before.history, { at, status, progress })
  return { ...before, ...NONE_IN_A_ROW, progress, history }
}

function judgeJob(before: WaitState, job: Job, at: number): Judgment {
  const { meaning, label } = job.status
  const progress = meaning === 'completed' ? 100 : (job.progress ?? before.progress)
  const since = before.pendingSince ?? at
  const pendingSince = meaning === 'pending' ? since : undefined
  const state = seen({ ...before, job, pendingSince }, label, at, progress)
  switch (meaning) {
    case 'completed':
    case 'failed':
    case 'canceled':
      return { state, outcome: { result: meaning } }
    case 'running':
      return { state }
    case 'pending':
      return at - since >= PENDING_WARNING_AFTER ? warnOnce(state, label, [LONG_PENDING]) : { state }
    case 'unauthorized':
      return warnOnce(state, label, phrase`has the status “${label}”: it needs authorization in the console`)
    case 'unknown':
      return warnOnce(state, label, phrase`has the unknown status “${label}”. The wait continues`)
  }
}

function judgeInstance(before: WaitState, instance: Instance, at: number, sentAt: number): Judgment {
  const { meaning, label } = instance.status
  const since = wasInterrupted(before, at) ? at : (before.activeSince ?? at)
  const activeSince = meaning === 'active' ? since : undefined
  const state = seen({ ...before, job: undefined, instance, activeSince }, label, at)
  switch (meaning) {
    case 'active':
      return { state, outcome: sentAt - since >= STABLE_AFTER ? { result: 'completed' } : undefined }
    case 'failed':
      return { state, outcome: { result: 'not-ready', cause: 'failed' } }
    case 'busy':
      return { state }
    case 'unknown': {
      const what = phrase`has the status “${label}”, which may need attention. The wait continues`
      return warnOnce(state, label, what)
    }
  }
}

/** Whether the instance may have had another status since it was last seen. */
function wasInterrupted({ history, missing, faults, unusable, rejections }: WaitState, at: number): boolean {
  const hadFault = faults + unusable + rejections > 0
  return missing > 0 || (hadFault && at - (history.at(-1)?.until ?? at) > MAX_GAP)
}

const LONG_PENDING =
  "has been Pending for 10 minutes. It may be a delayed operation, which starts in the instance's maintenance window"

function warnOnce(state: WaitState, status: UntrustedText, what: Phrase): Judgment {
  const { warnedStatuses } = state
  const isWarned = warnedStatuses.some((warned) => warned.equals(status))
  if (isWarned || warnedStatuses.length >= MAX_WARNED_STATUSES) return { state }
  return {
    state: { ...state, warnedStatuses: [...warnedStatuses, status] },
    warning: phrase`${NOUNS[state.kind]} ${state.id.text} ${what}.`,
  }
}

/** A kind at the start of a sentence. */
export const NOUNS = { job: 'Job', order: 'Order', instance: 'Instance' } as const

function judgeNotFound(before: WaitState, detail: FaultDetail, at: number): Judgment {
  // A job that only the list contains, and not for long, may still be unknown to the jobs call.
  const listedFor = (before.history.at(-1)?.until ?? at) - (before.history[0]?.at ?? at)
  if (before.isSeen || listedFor >= GRACE_PERIOD.job) {
    const state = { ...before, missing: before.missing + 1 }
    return state.missing < MAX_MISSING ? { state } : { state, outcome: { result: 'vanished', detail } }
  }
  const notFoundSince = before.notFoundSince ?? at
  const state = { ...before, notFoundSince }
  const notFoundFor = at - notFoundSince
  return notFoundFor < GRACE_PERIOD[state.kind === 'order' ? 'order' : 'job']
    ? { state }
    : { state, outcome: { result: 'not-found', detail, notFoundFor } }
}

function retry(state: WaitState): Judgment {
  return { state: { ...state, retries: state.retries + 1 } }
}
