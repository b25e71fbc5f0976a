/** Variables that make a process run an ES module before the action, for example to break what the action depends on. */
export function withCode(code: string): { NODE_OPTIONS: string } {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}

/**
 * Code with which the time limits of a report stay real, because its files are, in a step that runs at this speed.
 *
 * @param more other timers that stay real, in milliseconds
 */
export function realLimits(speed: number, ...more: readonly number[]): string {
  return `
    const limits = ${JSON.stringify([1_200, 1_500, 9_700, 10_000, ...more])}
    const real = (ms) => (limits.includes(ms) ? ms * ${speed} : ms)
    const [fast, { timeout }] = [globalThis.setTimeout, AbortSignal]
    globalThis.setTimeout = (callback, ms, ...rest) => fast(callback, real(ms), ...rest)
    AbortSignal.timeout = (ms) => timeout.call(AbortSignal, real(ms))
  `
}
