import { pinned } from '../../tools/pinned.ts'

/** Installs act before the tests, which would otherwise install it several times in parallel. */
export default function installAct(): void {
  pinned('act')
}
