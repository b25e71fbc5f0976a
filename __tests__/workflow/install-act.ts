import { pinned } from '../../tools/pinned.ts'

/** Once, before several tests want it. */
export default function installAct(): void {
  pinned('act')
}
