import type { JobState } from '../wait/judge.ts'

/** Colours a piece of a log line, or leaves it as it is. */
export type Style = (colour: Color, text: string) => string

export type Color = keyof typeof CODES

/** Select graphic rendition, as terminals and the runner's log know it. */
const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, grey: 90 } as const

/** @param text harmless already: see escape.ts */
export const colored: Style = (colour, text) => {
  if (text === '') return ''
  // The runner skips ESC when it looks for `##[`, so no # may stand before it.
  return `\u001b[${CODES[colour]}m${text.replace(/#$/, '# ')}\u001b[0m`
}

export const plain: Style = (_colour, text) => text

/** Green and red for the end, yellow for what somebody may have to look at. */
export function colorOf({ job, last }: JobState): Color {
  if (last !== undefined && last.kind !== 'job' && last.kind !== 'not-found-yet') return 'yellow'
  switch (job?.status.meaning) {
    case 'completed':
      return 'green'
    case 'failed':
    case 'canceled':
      return 'red'
    case 'unauthorized':
    case 'unknown':
      return 'yellow'
    default:
      return 'cyan'
  }
}
