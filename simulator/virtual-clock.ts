/** A clock whose time passes only while everybody sleeps: hours take milliseconds, and each run is the same. */
export class VirtualClock {
  #now = 0
  #sleepers: Sleeper[] = []

  /** Milliseconds since the clock was made. */
  now(): number {
    return this.#now
  }

  /** Ends early when the signal aborts. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      const sleeper = { due: this.#now + Math.max(ms, 0), wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        resolve()
      })
    })
  }

  /** Calls back at a moment. */
  at(moment: number, callback: () => void): void {
    this.#sleepers.push({ due: moment, wake: callback })
  }

  /**
   * Lets time pass until the promise settles; an error when nobody sleeps any more, for then it never would.
   *
   * @param isBusy whether something is under way that takes real time; until then, no virtual time passes
   */
  async run<T>(promise: Promise<T>, isBusy = () => false): Promise<T> {
    const over = new AbortController()
    const end = () => {
      over.abort()
    }
    promise.then(end, end)
    for (;;) {
      await new Promise(setImmediate)
      if (over.signal.aborted) return promise
      if (isBusy()) continue
      const [next] = this.#sleepers.sort((a, b) => a.due - b.due)
      if (next === undefined) throw new Error('nobody sleeps, and the promise has not settled')
      this.#sleepers.shift()
      this.#now = Math.max(this.#now, next.due)
      next.wake()
    }
  }
}

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}
