/** A progress bar of 20 cells: `████████░░░░░░░░░░░░`. */
export function bar(progress: number | undefined): string {
  const filled = Math.floor((progress ?? 0) / 5)
  return '█'.repeat(filled) + '░'.repeat(20 - filled)
}

/** `40%`; empty when unknown. */
export function percent(progress: number | undefined): string {
  return progress === undefined ? '' : `${progress}%`
}
