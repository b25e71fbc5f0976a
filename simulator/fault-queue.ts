import type { Fault } from './faults.ts'

/** The faults that wait for requests to hit; each takes the first that fits it. */
export function faultQueue(): FaultQueue {
  const waiting: { fault: Fault; jobId: string | undefined; times: number }[] = []
  return {
    add: (fault, { times = 1, jobId } = {}) => {
      waiting.push({ fault, jobId, times: times === 'for ever' ? Infinity : times })
    },
    take: (jobId) => {
      const index = waiting.findIndex((entry) => entry.jobId === undefined || entry.jobId === jobId)
      const entry = waiting[index]
      if (entry === undefined) return undefined
      entry.times -= 1
      if (entry.times <= 0) waiting.splice(index, 1)
      return entry.fault
    },
  }
}

export interface FaultQueue {
  readonly add: (fault: Fault, when?: FaultTiming) => void
  readonly take: (jobId: string | undefined) => Fault | undefined
}

export interface FaultTiming {
  /** How many requests it hits, 1 by default. */
  readonly times?: number | 'for ever'
  /** Only requests with this `id` in their query; any request when not given. */
  readonly jobId?: string
}
