/** A clock that advances only while everything sleeps: hours take milliseconds, and every run is the same. */
export class VirtualClock {
  #now = 0
  #sleepers: Sleeper[] = []

  /** Milliseconds since the clock was created. */
  now(): number {
    return this.#now
  }

  /** Resolves early when the signal aborts. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      const sleeper = { wakesAt: this.#now + Math.max(ms, 0), wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        resolve()
      })
    })
  }

  /** Calls back at a time, in milliseconds since the clock was created. */
  at(time: number, callback: () => void): void {
    this.#sleepers.push({ wakesAt: time, wake: callback })
  }

  /**
   * Advances the time until the promise settles. Throws when nothing sleeps anymore, because the promise would then
   * never settle.
   *
   * @param isBusy returns whether work is in progress that takes real time; virtual time stands still until it is done
   */
  async run<T>(promise: Promise<T>, isBusy = () => false): Promise<T> {
    const settled = new AbortController()
    const settle = () => {
      settled.abort()
    }
    promise.then(settle, settle)
    for (;;) {
      await new Promise(setImmediate)
      if (settled.signal.aborted) return promise
      if (isBusy()) continue
      const [next] = this.#sleepers.sort((a, b) => a.wakesAt - b.wakesAt)
      if (next === undefined) throw new Error('nothing sleeps, but the promise has not settled')
      this.#sleepers.shift()
      this.#now = Math.max(this.#now, next.wakesAt)
      next.wake()
    }
  }
}

interface Sleeper {
  readonly wakesAt: number
  readonly wake: () => void
}
