/** Why a value that was given can't be used, and how to mend it; it never quotes the value. */
export class InvalidInput {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}
