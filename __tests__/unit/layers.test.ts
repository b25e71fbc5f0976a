import { expect, test } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const SRC = join(import.meta.dirname, '..', '..', 'src')

/** A file may import what stands above it, never what stands below: data goes through the action one way. */
const ORDER = [
  'duration.ts',
  'address.ts',
  'untrusted-text.ts',
  'secrets.ts',
  'id.ts',
  'invalid-input.ts',
  'http/no-undici.ts',
  'http/body.ts',
  'http/exchange.ts',
  'http/wrong-endpoint.ts',
  'http/percent-encode.ts',
  'http/proxy.ts',
  'http/headers.ts',
  'http/service-error.ts',
  'http/fault.ts',
  'api/service.ts',
  'api/endpoints.ts',
  'credentials/credentials.ts',
  'credentials/access-key.ts',
  'credentials/renewable.ts',
  'credentials/token-service.ts',
  'credentials/assume-agency.ts',
  'credentials/ecs-agency.ts',
  'credentials/choice.ts',
  'api/job.ts',
  'api/instance.ts',
  'response.ts',
  'api/get.ts',
  'api/project.ts',
  'api/jobs.ts',
  'api/job-list.ts',
  'api/instances.ts',
  'api/sub-tasks.ts',
  'database.ts',
  'wait-for.ts',
  'inputs.ts',
  'judge/history.ts',
  'judge/tally.ts',
  'judge/judge.ts',
  'wait/estimate.ts',
  'wait/poll-interval.ts',
  'wait/poll-target.ts',
  'wait/rate-limit.ts',
  'wait/poll-loop.ts',
  'wait/time-window.ts',
  'wait/listed-job.ts',
  'wait/list-target.ts',
  'wait/list-search.ts',
  'wait/sub-task-target.ts',
  'wait/wait.ts',
  'report/escape.ts',
  'report/style.ts',
  'report/chart.ts',
  'report/titles.ts',
  'report/explain.ts',
  'report/annotation.ts',
  'report/outputs.ts',
  'report/log.ts',
  'report/request-log.ts',
  'report/summary.ts',
  'report/publish.ts',
  'main.ts',
  'shutdown.ts',
  'index.ts',
]

function source(file: string): string {
  return readFileSync(join(SRC, file), 'utf8')
}

test('every source file has its place in the order', () => {
  const files = globSync('**/*.ts', { cwd: SRC }).map((file) => file.replaceAll('\\', '/'))
  expect(files.toSorted()).toEqual(ORDER.toSorted())
})

test.each(ORDER)('%s imports only what stands above it', (file) => {
  const imports = [...source(file).matchAll(/from '(\.{1,2}\/[^']+)'/g)].map(([, path = '']) =>
    relative(SRC, join(SRC, dirname(file), path)).replaceAll('\\', '/'),
  )
  const above = ORDER.slice(0, ORDER.indexOf(file))
  expect(imports.filter((path) => !above.includes(path))).toEqual([])
})

test('only report/escape.ts reveals untrusted text, so that nothing else can print it unescaped', () => {
  expect(ORDER.filter((file) => source(file).includes('.reveal('))).toEqual(['report/escape.ts'])
})

test('only secrets.ts creates untrusted text, so that all of it is redacted', () => {
  expect(ORDER.filter((file) => source(file).includes('new UntrustedText('))).toEqual(['secrets.ts'])
})

test('only inputs.ts and publish.ts read the environment, which index.ts passes to them', () => {
  const readers = ORDER.filter((file) => /\benv\[|process\.env\b/.test(source(file)))
  expect(readers).toEqual(['inputs.ts', 'report/publish.ts', 'index.ts'])
})

test('only main.ts changes the environment, by what inputs.ts prepared for the proxy and certificates', () => {
  const writers = ORDER.filter((file) =>
    /Object\.assign\(env\b|\benv(\[[^\]]*\]|\.\w+)\s*\??=[^=>]/.test(source(file)),
  )
  expect(writers).toEqual(['main.ts'])
  expect(source('main.ts')).toContain('Object.assign(env, settings.environment)')
})

test('the bundle does not contain undici, which would double the code that is loaded before the first request', () => {
  const bundle = readFileSync(join(SRC, '..', 'dist', 'index.js'), 'utf8')
  expect(bundle).not.toContain('getGlobalDispatcher')
  expect(bundle.length).toBeLessThan(750_000)
})
