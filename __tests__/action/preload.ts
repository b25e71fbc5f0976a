/** Variables that make a process run some code, an ES module, before the action: to break what is around it. */
export function withCode(code: string): { NODE_OPTIONS: string } {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}
