import type { Secrets } from '../secrets.ts'
import { phrase } from '../untrusted-text.ts'
import type { WaitResult } from '../wait/wait.ts'
import { forLog } from './escape.ts'
import { tallyPhrase } from './explain.ts'
import type { Printer } from './log.ts'
import type { Outputs } from './outputs.ts'

/** Jobs whose responses are listed. */
const MAX_LISTED = 10

/** Prints a group of the log, which the runner folds: the requests and responses, and the outputs. */
export function printDetails(
  results: readonly WaitResult[],
  outputs: Outputs,
  requests: number,
  printer: Pick<Printer, 'endGroup' | 'info' | 'startGroup'>,
  secrets: Secrets,
): void {
  const rest = results.length - MAX_LISTED
  printer.startGroup('Details')
  printer.info(`Requests sent: ${requests}`)
  for (const { state } of results.slice(0, MAX_LISTED)) {
    printer.info(forLog(phrase`${state.kind} ${state.id.text}: ${tallyPhrase(state)}`))
  }
  if (rest > 0) printer.info(`and ${rest} more`)
  for (const [name, value] of Object.entries(outputs)) {
    printer.info(forLog(phrase`output ${name}: ${secrets.text(value)}`))
  }
  printer.endGroup()
}
