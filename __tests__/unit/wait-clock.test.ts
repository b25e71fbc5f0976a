import { expect, test } from '@jest/globals'
import { wait } from '../../src/wait/wait.ts'
import { dependencies, plan } from './virtual-wait.ts'

/** A wait whose clock advances whenever it is read, as real clocks do. */

/** How long the wait slept each time, while its job never gets a response. */
async function sleepsOf(timeout: number, tick: number): Promise<number[]> {
  const sleeps: number[] = []
  let now = 0
  const clock = {
    now: () => (now += tick),
    sleep: (ms: number) => {
      sleeps.push(ms)
      // A timer is never early, and Node treats an invalid delay as 1 ms.
      now += ms >= 0 && Number.isFinite(ms) ? ms : 1
      return Promise.resolve()
    },
  }
  await wait(
    plan({ timeout, interval: () => 0 }),
    dependencies(clock, { getJob: () => new Promise(() => undefined) }),
  )
  return sleeps
}

test('no sleep is endless or negative, whenever the clock ticks', async () => {
  for (let tick = 1; tick <= 60; tick++) {
    const sleeps = await sleepsOf(1_000, tick)
    expect(sleeps.filter((ms) => !(ms >= 0 && ms <= 1_000))).toEqual([])
  }
})
