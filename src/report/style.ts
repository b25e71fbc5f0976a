import type { WaitState } from '../judge/judge.ts'

export type Color = keyof typeof CODES

/** Parameters of the SGR escape sequence. Source: ECMA-48, "SGR - Select Graphic Rendition". */
const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, gray: 90 } as const

/** @param text must be safe to print: see escape.ts */
export function colored(color: Color, text: string): string {
  if (text === '') return ''
  // The runner ignores ESC when it searches for `##[`, so a # in front of ESC would form a command.
  return `\u001b[${CODES[color]}m${text.replace(/#$/, '# ')}\u001b[0m`
}

/** Yellow marks what may need someone's attention. */
export function colorOf({ job, instance, last }: WaitState): Color {
  if (last !== undefined && 'detail' in last && last.kind !== 'not-found-yet') return 'yellow'
  return COLORS[instance?.status.meaning ?? job?.status.meaning ?? ''] ?? 'cyan'
}

const COLORS: Readonly<Partial<Record<string, Color>>> = {
  completed: 'green',
  active: 'green',
  failed: 'red',
  canceled: 'red',
  unauthorized: 'yellow',
  unknown: 'yellow',
}

/** A progress bar of 20 cells: `████████░░░░░░░░░░░░`. */
export function bar(progress: number | undefined): string {
  const filled = Math.floor((progress ?? 0) / 5)
  return '█'.repeat(filled) + '░'.repeat(20 - filled)
}

/** `40%`; empty when unknown. */
export function percent(progress: number | undefined): string {
  return progress === undefined ? '' : `${progress}%`
}
