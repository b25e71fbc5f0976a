import { constants, open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Neither creates a file nor waits for the reader of a pipe, which would block a thread. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK
const RETRY_DELAY_MS = 50

/**
 * Appends to a file of the runner, whose path is in an environment variable. @actions/core writes outputs one by one and
 * synchronously, so that a slow or hanging file system would stop the process, and its time limits with it.
 *
 * @throws the reason why the text was not written; as soon as the signal aborts, that it took too long
 */
export async function appendTo(
  variable: 'GITHUB_OUTPUT' | 'GITHUB_STEP_SUMMARY',
  text: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const path = env[variable]
  if (!path) throw new Error(`${variable} is not set`)
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      reject(new Error(`writing the file of ${variable} took too long`))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    append(path, Buffer.from(text), signal).then(resolve, reject)
  })
}

async function append(path: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const file = await whenReady(() => open(path, FLAGS), signal)
  try {
    for (let rest = bytes; rest.length > 0;) {
      const { bytesWritten } = await whenReady(() => file.write(rest), signal)
      rest = rest.subarray(bytesWritten)
    }
  } finally {
    await file.close()
  }
}

/** Repeats what fails only because a pipe has no reader yet, or is full. */
async function whenReady<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if ((code !== 'ENXIO' && code !== 'EAGAIN') || signal.aborted) throw error
      await sleep(RETRY_DELAY_MS)
    }
  }
}
