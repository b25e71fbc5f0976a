import { expect, test } from '@jest/globals'
import { wait } from '../../src/wait/wait.ts'
import { untrusted } from './text.ts'

/** A wait whose clock goes on between two looks at it, as every real one does. */

/** Answers how long the wait has slept each time, while its job never answers. */
async function sleepsOf(timeout: number, tick: number): Promise<number[]> {
  const sleeps: number[] = []
  let now = 0
  const clock = {
    now: () => (now += tick),
    sleep: (ms: number) => {
      sleeps.push(ms)
      // A timer is never early, and Node takes for 1 ms what is no time for a timer.
      now += ms >= 0 && Number.isFinite(ms) ? ms : 1
      return Promise.resolve()
    },
  }
  await wait(
    {
      jobs: [{ value: 'job-1', text: untrusted('job-1') }],
      timeout,
      pause: () => 0,
      pacing: (pace) => pace,
      hasList: false,
      failFast: false,
    },
    {
      getJob: () => new Promise(() => undefined),
      listJobs: () => Promise.reject(new Error('there is no list')),
      wallClock: () => 0,
      clock,
      signal: new AbortController().signal,
      listener: { onResponse: () => undefined, onWarning: () => undefined, onJobsFound: () => undefined },
      describe: () => untrusted('a defect'),
    },
  )
  return sleeps
}

test('no sleep is for ever or shorter than nothing, whenever the clock ticks', async () => {
  for (let tick = 1; tick <= 60; tick++) {
    const sleeps = await sleepsOf(1_000, tick)
    expect(sleeps.filter((ms) => !(ms >= 0 && ms <= 1_000))).toEqual([])
  }
})
