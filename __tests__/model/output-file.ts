import { EOL } from 'node:os'

/**
 * Reads an output file that must contain only blocks in the format of @actions/core, with unpredictable delimiters.
 * Anything else, such as a forged block or an extra line, is an error.
 */
export function readStrictly(file: string): [name: string, value: string][] {
  const outputs: [string, string][] = []
  const delimiters = new Set<string>()
  for (let rest = file; rest !== '';) {
    const [head, name, delimiter] =
      /^([a-z-]+)<<(ghadelimiter_[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\r?\n/.exec(rest) ?? []
    if (head === undefined || name === undefined || delimiter === undefined) {
      throw new Error(`not the head of a block: ${JSON.stringify(rest.slice(0, 100))}`)
    }
    const foot = `${EOL}${delimiter}${EOL}`
    const end = rest.indexOf(foot, head.length)
    if (end < 0) throw new Error(`the block of ${name} has no end`)
    if (delimiters.has(delimiter)) throw new Error(`the block of ${name} reuses a delimiter`)
    delimiters.add(delimiter)
    outputs.push([name, rest.slice(head.length, end)])
    rest = rest.slice(end + foot.length)
  }
  return outputs
}
