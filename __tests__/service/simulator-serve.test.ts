import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'
import { faults } from '../../simulator/faults.ts'

const script = fileURLToPath(new URL('../../simulator/serve.ts', import.meta.url))

let children: ChildProcess[] = []
function serve(...options: string[]): ChildProcess {
  const child = spawn(process.execPath, [script, ...options])
  children.push(child)
  return child
}
afterEach(() => {
  // A process that survives a failed test would keep the test run from ending.
  for (const child of children) child.kill('SIGKILL')
  children = []
})

/** The text that a process prints until the text matches, or until the process ends. */
async function textOf(output: Readable | null, until?: RegExp): Promise<string> {
  let text = ''
  for await (const chunk of output ?? []) {
    text += String(chunk)
    if (until?.test(text)) break
  }
  return text
}

test('npm run simulator prints requests that succeed, and stops on Ctrl+C', async () => {
  const child = serve('--port', '0', '--speed', '1000')
  const text = await textOf(child.stdout, /"database":.*\n/)
  const curl = /curl -i -H '(?<name>[^:]+): (?<token>[^']+)' '(?<url>[^']+)'(?: -d '(?<body>[^']+)')?/g
  const statuses = []
  for (const { groups = {} } of text.matchAll(curl)) {
    const { name = '', token = '', url = '', body } = groups
    const headers = { [name]: token }
    const response = await fetch(url, body === undefined ? { headers } : { headers, method: 'POST', body })
    statuses.push(response.status)
  }
  expect(statuses).toEqual([200, 201, 201, 200, 200, 200, 201])
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT'])
})

test('npm run simulator prints variables that can be used to request an ID token', async () => {
  const text = await textOf(serve('--port', '0').stdout, /REQUEST_TOKEN='.*'\n/)
  const { url = '', token = '' } =
    /_REQUEST_URL='(?<url>.*)'\n *ACTIONS_ID_TOKEN_REQUEST_TOKEN='(?<token>.*)'/.exec(text)?.groups ?? {}
  expect((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
})

test('npm run simulator can simulate another service', async () => {
  const text = await textOf(
    serve('--port', '0', '--service', 'geminidb').stdout,
    /\n {2}curl [^]*\n {2}curl .*\n/,
  )
  const [, token = '', url = ''] = /curl -i -H 'X-Auth-Token: ([^']+)' '([^']+)'/.exec(text) ?? []
  const response = await fetch(url, { headers: { 'x-auth-token': token } })
  expect(await response.json()).toEqual({ jobs: [], total_count: 0 })
})

test('npm run simulator rejects an unknown service', async () => {
  const child = serve('--port', '0', '--service', 'oracle')
  expect(await textOf(child.stderr)).toContain(
    '--service must be one of taurusdb, rds, dds, gaussdb, geminidb',
  )
})

test('npm run simulator -- --faults lists the faults with their descriptions', async () => {
  const text = await textOf(serve('--faults').stdout)
  for (const [name, { description }] of Object.entries(faults)) {
    expect(text).toContain(`${name} `)
    expect(text).toContain(description)
  }
})

test('npm run simulator rejects a speed that is not a number', async () => {
  const child = serve('--speed', 'fast')
  expect(await textOf(child.stderr)).toContain('--speed must be a number above 0')
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1)
})
