import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { promisify } from 'node:util'

/**
 * A preload that makes time in a process run faster: `node --import …/fast-time.ts`, with FAST_TIME=20 for 20 times.
 * It affects the clocks (`performance.now`, `Date`) and the timers (`setTimeout`, `setInterval`, `AbortSignal.timeout`)
 * that code uses. Sockets stay real, and so do timeouts inside Node, such as those of a socket.
 */
const speed = Number(process.env['FAST_TIME'])
if (!(speed > 0)) throw new Error('FAST_TIME must be a number above 0: fast seconds per real second')

const RealDate = Date
const realNow = performance.now.bind(performance)
const startedAt = realNow()
const startedDate = RealDate.now()

function elapsed(): number {
  return (realNow() - startedAt) * speed
}

/** Rounded up, because Node rounds down: a timer must not fire early on the fast clock. */
function realMs(ms: number | undefined): number {
  return Math.ceil((ms ?? 0) / speed)
}

performance.now = () => startedAt + elapsed()

const now = (): number => Math.floor(startedDate + elapsed())
RealDate.now = now
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
  apply: () => new RealDate(now()).toString(),
})

const { setTimeout: realTimeout, setInterval: realInterval } = timers
const { setTimeout: realSleep, setInterval: realTicks } = timersPromises
const realWait = timersPromises.scheduler.wait.bind(timersPromises.scheduler)
const realAbort = AbortSignal.timeout.bind(AbortSignal)

/** The same timer with its delay, which is the argument at this position, in real milliseconds. */
function fast<T extends (...args: never[]) => unknown>(timer: T, position: number): T {
  const replacement = (...args: unknown[]): unknown => {
    const scaled = [...args]
    scaled[position] = realMs(args[position] as number | undefined)
    return Reflect.apply(timer, undefined, scaled)
  }
  return replacement as unknown as T
}

const sleep = fast(realSleep, 0)
const fastTimeout = Object.assign(fast(realTimeout, 1), { [promisify.custom]: sleep })
const fastInterval = fast(realInterval, 1)
Object.assign(timers, { setTimeout: fastTimeout, setInterval: fastInterval })
Object.assign(globalThis, { setTimeout: fastTimeout, setInterval: fastInterval })
Object.assign(timersPromises, { setTimeout: sleep, setInterval: fast(realTicks, 0) })
timersPromises.scheduler.wait = fast(realWait, 0)
AbortSignal.timeout = fast(realAbort, 0)
// Without this, code that imports these functions by name would get the real ones.
syncBuiltinESMExports()
