import type { Address } from '../address.ts'
import type { GetInstance } from '../api/instances.ts'
import type { Connect } from '../database.ts'
import { keyOf, type Id } from '../id.ts'
import { initialState, type WaitState } from '../judge/judge.ts'
import type { JudgedResponse } from '../response.ts'
import type { Until } from '../wait-for.ts'
import { JudgedTarget, type JudgedOptions } from './judged-target.ts'

export interface ReadinessOptions extends JudgedOptions {
  readonly until: Until
  /** Instead of the address of the instance. */
  readonly connectTo: Address | undefined
  readonly getInstance: GetInstance
  readonly connect: Connect
}

/** Follows instances until they are ready. An instance that several jobs share is polled once. */
export class Readiness {
  readonly #options: ReadinessOptions
  readonly #targets = new Map<string, JudgedTarget>()

  constructor(options: ReadinessOptions) {
    this.#options = options
  }

  get targets(): readonly JudgedTarget[] {
    return [...this.#targets.values()]
  }

  get(id: Id): JudgedTarget | undefined {
    return this.#targets.get(keyOf(id))
  }

  /** Polls an instance until it is available. */
  follow(id: Id, at: number, before: WaitState): void {
    if (this.get(id) !== undefined) return
    const state = before.kind === 'instance' ? before : initialState(id, 'instance')
    const { until, getInstance, onFinished } = this.#options
    const options: JudgedOptions = {
      ...this.#options,
      onFinished: (instance, response, moment) => {
        const isAvailable = instance.outcome?.result === 'completed'
        if (isAvailable && until === 'connectable') this.#connect(instance.state, response, moment)
        else onFinished(instance, response, moment)
      },
    }
    const target = new JudgedTarget(state, at, (signal) => getInstance(id, signal), options)
    this.#targets.set(keyOf(id), target)
  }

  /** Connects to an available instance until it accepts a connection. */
  #connect(state: WaitState, last: JudgedResponse, at: number): void {
    const { connectTo = state.instance?.address, connect } = this.#options
    const attempt = connect(connectTo ?? { host: '', port: 0 })
    const target = new JudgedTarget(state, at, attempt, this.#options)
    target.rank = 4
    this.#targets.set(keyOf(state.id), target)
    if (connectTo !== undefined) return
    target.finish({ result: 'not-ready', cause: 'no-address' })
    this.#options.onFinished(target, last, at)
  }
}
