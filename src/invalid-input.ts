import { phrase, type Phrase } from './untrusted-text.ts'

/** Explains why an input's value cannot be used and how to fix it, without quoting the value. */
export class InvalidInput {
  /** Reads naturally after the input's name and a colon. */
  readonly problem: Phrase
  constructor(problem: Phrase) {
    this.problem = problem
  }
}

/** Tag for an {@link InvalidInput}: invalid`must be one of ${names}.` */
export function invalid(...problem: Parameters<typeof phrase>): InvalidInput {
  return new InvalidInput(phrase(...problem))
}

/** Returns a valid value; otherwise reports the problem under this name and returns undefined. */
export type Check = <T>(name: string, value: T | InvalidInput) => T | undefined

/** Accepts the spellings of YAML 1.2, as `getBooleanInput` of @actions/core does. */
export function parseBoolean(value: string): boolean | InvalidInput {
  if (!/^(true|True|TRUE|false|False|FALSE)$/.test(value)) return invalid`must be true or false.`
  return value.toLowerCase() === 'true'
}

/** Whether no value is missing because it was invalid. */
export function isComplete<T extends object>(
  values: T,
): values is T & { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.values(values).every((value) => value !== undefined)
}
