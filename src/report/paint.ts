import type { JobState } from '../wait/judge.ts'

/** Colours a piece of a log line, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string

export type Colour = keyof typeof CODES

/** Select graphic rendition, as terminals and the runner's log know it. */
const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, grey: 90 } as const

/** @param text harmless already: see escape.ts */
export const coloured: Paint = (colour, text) => {
  if (text === '') return ''
  // The runner skips ESC when it looks for `##[`, so no # may stand before it.
  return `\u001b[${CODES[colour]}m${text.replace(/#$/, '# ')}\u001b[0m`
}

export const plain: Paint = (_colour, text) => text

/** Green and red for the end, yellow for what somebody may have to look at. */
export function colourOf({ job, last }: JobState): Colour {
  if (last !== undefined && last.kind !== 'job' && last.kind !== 'not-visible') return 'yellow'
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
