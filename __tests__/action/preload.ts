/** Variables that make a process run an ES module before the action, for example to break what the action depends on. */
export function withCode(code: string): { NODE_OPTIONS: string } {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}
