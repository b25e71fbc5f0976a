import { phrase } from '../untrusted-text.ts'
import type { Secrets } from '../secrets.ts'
import type { WaitResult } from '../wait/wait.ts'
import { forLog } from './escape.ts'
import { tallyPhrase } from './explain.ts'
import type { Printer } from './log.ts'
import type { Outputs } from './outputs.ts'

/** Jobs whose answers are counted one by one. */
const MAX_TALLIED = 10

/** A group of the log, which the runner folds: what was asked and answered, and what later steps will read. */
export function printDetails(
  waited: readonly WaitResult[],
  outputs: Outputs,
  requests: number,
  printer: Pick<Printer, 'endGroup' | 'info' | 'startGroup'>,
  secrets: Secrets,
): void {
  const rest = waited.length - MAX_TALLIED
  printer.startGroup('Details')
  printer.info(`Requests sent: ${requests}`)
  for (const { state } of waited.slice(0, MAX_TALLIED)) {
    printer.info(forLog(phrase`${state.kind} ${state.id.text}: ${tallyPhrase(state)}`))
  }
  if (rest > 0) printer.info(`and ${rest} more`)
  for (const [name, value] of Object.entries(outputs)) {
    printer.info(forLog(phrase`output ${name}: ${secrets.text(value)}`))
  }
  printer.endGroup()
}
