import { afterAll, describe, expect, test } from '@jest/globals'
import * as core from '@actions/core'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOutputs } from '../../simulator/runner.ts'
import { main } from '../../src/main.ts'
import { Secrets } from '../../src/secrets.ts'
import { VirtualClock } from '../../simulator/virtual-clock.ts'

/** Steps that end without a wait, or before its first request. */

const folder = mkdtempSync(join(tmpdir(), 'main-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const INPUTS = {
  'job-id': 'job-1',
  'project-id': '0123456789abcdef0123456789abcdef',
  region: 'cn-north-4',
  token: 'token-not-a-secret',
  service: 'taurusdb',
  timeout: '10m',
  'poll-interval': 'auto',
  'success-results': 'completed',
}

interface Step {
  readonly inputs?: Readonly<Record<string, string>>
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal
}

/** Runs `main` with its own environment, and without a time that passes. */
async function step({ inputs = {}, env = {}, signal = AbortSignal.abort() }: Step) {
  const [output, summary] = [join(folder, 'output'), join(folder, 'summary')]
  for (const file of [output, summary]) writeFileSync(file, '')
  const printed: string[] = []
  const print = (kind: string) => (text: string | Error, properties?: core.AnnotationProperties) => {
    printed.push([kind, properties?.title, String(text)].filter(Boolean).join(' '))
  }
  const given: Readonly<Record<string, string>> = inputs
  const toolkit = {
    ...core,
    getInput: (name: string) => given[name] ?? core.getInput(name),
    isDebug: () => false,
    info: print('info'),
    error: print('error'),
    warning: print('warning'),
    notice: print('notice'),
    startGroup: print('group'),
    endGroup: () => undefined,
  }
  const succeeded = await main({
    toolkit,
    env: { GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, ...env },
    secrets: new Secrets(() => undefined),
    clock: new VirtualClock(),
    wallClock: Date.now,
    random: () => 0.5,
    signal,
    reportSignal: new AbortController().signal,
    onReport: () => printed.push('report'),
  })
  const outputs = readOutputs(readFileSync(output, 'utf8'))
  return { succeeded, printed, outputs, summary: readFileSync(summary, 'utf8') }
}

test('a step with invalid inputs fails without a wait', async () => {
  const { succeeded, printed, outputs, summary } = await step({ inputs: { ...INPUTS, 'job-id': '[]' } })
  const line = '- job-id: contains no ID. Set at least one job ID.'
  const steps = 'No request was sent. Fix this input and run the step again.'
  expect(succeeded).toBe(false)
  expect(printed).toEqual(['report', `error Invalid inputs ${line}\n${steps}`])
  expect(outputs).toMatchObject({ result: 'error', message: `Invalid inputs: ${line}`, jobs: '[]' })
  expect(summary).toBe(
    '### ⚠️ Invalid inputs\n\n- job-id: contains no ID. Set at least one job ID.\n\nNo request was sent. Fix this input and run the step again.\n',
  )
})

test('a step whose outputs cannot be written fails before the wait', async () => {
  const { succeeded, printed } = await step({
    inputs: INPUTS,
    env: { GITHUB_OUTPUT: join(folder, 'none', 'x') },
  })
  expect(succeeded).toBe(false)
  expect(printed[0]).toBe('report')
  expect(printed).toContainEqual(
    expect.stringMatching(
      /^error Could not write the outputs No request was sent\.\nCould not write .*ENOENT/s,
    ),
  )
})

describe('a step that is interrupted before its first request', () => {
  const oidc = {
    ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example/x?a=b',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'bearer-not-a-secret',
  }
  const urns = {
    'identity-provider-urn': 'iam::account:oidcProvider:github',
    'agency-urn': 'iam::account:agency:deploy',
    audience: 'sts',
  }
  test.each([
    ['a token', {}, {}, 'an IAM token from the input token'],
    [
      'an access key',
      { token: '', 'access-key-id': 'ACCESSKEY1', 'secret-access-key': 'secret-not-real' },
      {},
      'an access key from access-key-id, secret-access-key',
    ],
    ['GitHub OIDC', { token: '', ...urns }, oidc, 'GitHub OIDC with identity-provider-urn and agency-urn'],
    [
      'the agency of an ECS',
      { token: '', 'use-ecs-agency': 'true' },
      {},
      'the agency of this ECS, from its metadata service',
    ],
  ])('names its credentials: %s', async (_name, inputs, env, source) => {
    const { succeeded, printed, outputs } = await step({ inputs: { ...INPUTS, ...inputs }, env })
    expect(succeeded).toBe(false)
    expect(printed.slice(0, 3)).toEqual([
      'info Waiting up to 10m for job job-1 at https://gaussdb.cn-north-4.myhuaweicloud.com',
      `info Credentials: ${source}.`,
      'report',
    ])
    expect(outputs['message']).toBe(
      'Job job-1 did not finish before the wait was interrupted (no status received).',
    )
  })
})
