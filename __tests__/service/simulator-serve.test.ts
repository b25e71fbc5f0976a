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
  expect(statuses).toEqual([200, 201, 201, 200, 200, 200, 200, 201])
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT'])
})

test('npm run simulator prints variables that can be used to request an ID token', async () => {
  const text = await textOf(serve('--port', '0').stdout, /REQUEST_TOKEN='.*'\n/)
  const { url = '', token = '' } =
    /_REQUEST_URL='(?<url>.*)'\n *ACTIONS_ID_TOKEN_REQUEST_TOKEN='(?<token>.*)'/.exec(text)?.groups ?? {}
  expect((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
})

test('npm run simulator prints variables that redirect the address of the metadata service', async () => {
  const text = await textOf(serve('--port', '0').stdout, /NODE_OPTIONS='.*'\n/)
  const { port, options } =
    /METADATA_PORT='(?<port>.*)'\n *NODE_OPTIONS='(?<options>.*)'/.exec(text)?.groups ?? {}
  const code = `
    const { status } = await fetch('http://169.254.169.254/openstack/latest/securitykey')
    console.log(status)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    env: { ...process.env, METADATA_PORT: port, NODE_OPTIONS: options },
  })
  children.push(child)
  expect(await textOf(child.stdout)).toBe('200\n')
})

test('npm run simulator prints inputs that look up the project', async () => {
  const text = await textOf(serve('--port', '0').stdout, /secret-access-key/)
  const { id, region, iam } =
    /^project-id +(?<id>\w+).*\n +region +(?<region>.*)\n +iam-endpoint +(?<iam>.*)$/m.exec(text)?.groups ??
    {}
  const [, token = ''] = /^ +token +(.*)$/m.exec(text) ?? []
  const response = await fetch(`${iam ?? ''}/v3/projects?name=${region ?? ''}`, {
    headers: { 'x-auth-token': token },
  })
  expect(await response.json()).toMatchObject({ projects: [{ id, name: region }] })
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

test('npm run simulator -- --help prints the options', async () => {
  const child = serve('--help')
  const exit = once(child, 'exit')
  const text = await textOf(child.stdout)
  expect(text).toMatch(/^Usage: npm run simulator -- \[options\]\n/)
  for (const option of ['port', 'speed', 'service', 'faults', 'help'])
    expect(text).toContain(`  --${option} `)
  expect(await exit).toEqual([0, null])
})

test.each([
  ['a port that is not a number', ['--port', 'abc'], '--port must be a number from 0 to 65535'],
  ['an empty port', ['--port', ''], '--port must be a number from 0 to 65535'],
  ['a port above 65535', ['--port', '65536'], '--port must be a number from 0 to 65535'],
  ['a speed that is not a number', ['--speed', 'fast'], '--speed must be a number above 0'],
  [
    'an unknown service',
    ['--service', 'oracle'],
    '--service must be one of taurusdb, rds, dds, gaussdb, geminidb',
  ],
  ['an unknown option', ['--prot', '0'], "Unknown option '--prot'"],
  ['an option without its value', ['--port'], "Option '--port <value>' argument missing"],
  ['an argument that is not an option', ['8480'], "Unexpected argument '8480'"],
])('npm run simulator rejects %s and prints the options', async (_name, options, message) => {
  const child = serve(...options)
  const exit = once(child, 'exit')
  const text = await textOf(child.stderr)
  expect(text.startsWith(message)).toBe(true)
  expect(text).toContain('\n\nUsage: npm run simulator -- [options]\n')
  expect(text).not.toMatch(/^ +at /m)
  expect(await exit).toEqual([1, null])
})

test('npm run simulator reports a port that is in use', async () => {
  const text = await textOf(serve('--port', '0').stdout, /endpoint .*\n/)
  const child = serve('--port', /:(\d+)\n/.exec(text)?.[1] ?? '')
  const exit = once(child, 'exit')
  expect(await textOf(child.stderr)).toMatch(/^The simulator could not start: .*EADDRINUSE.*\n$/)
  expect(await exit).toEqual([1, null])
})

test('npm run simulator -- --faults lists the faults with their descriptions', async () => {
  const text = await textOf(serve('--faults').stdout)
  for (const [name, { description }] of Object.entries(faults)) {
    expect(text).toContain(`${name} `)
    expect(text).toContain(description)
  }
})
