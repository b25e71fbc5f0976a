import { describe, expect, test } from '@jest/globals'
import type { Outcome } from '../../src/judge/judge.ts'
import { annotationOf } from '../../src/report/annotation.ts'
import type { Annotation } from '../../src/report/explain.ts'
import { outputsOf } from '../../src/report/outputs.ts'
import { summaryOf } from '../../src/report/summary.ts'
import type { WaitResult } from '../../src/wait/wait.ts'
import {
  busy,
  connection,
  forbidden,
  idle,
  instanceResponse,
  jobResponse,
  listResponse,
  notFoundYet,
  transient,
  unauthorized,
  unusable,
} from './responses.ts'
import { plain } from './text.ts'
import { waitFor } from './virtual-wait.ts'
import { explained, instanceResult, waitResult } from './wait-results.ts'

/** What a user reads about instances, and about the instances of completed jobs. */

const active = instanceResponse('ACTIVE', { name: 'shop' })
const build = instanceResponse('BUILD')
const handshake = connection('handshake of 8.0.22', true)
const refused = connection('connection refused')
function instance(
  responses: Parameters<typeof waitResult>[1],
  outcome: Outcome = { result: 'timed-out' },
): WaitResult {
  return waitResult('instance-1', responses, outcome, 'instance')
}

const isSuccess = (...args: Parameters<typeof explained>) =>
  explained(...args).every((result) => result.isSuccess)

const text = ({ lines }: Annotation) => lines.map(plain).join('\n')

function annotate(...results: WaitResult[]) {
  const annotation = annotationOf(explained(results))
  return [annotation.title, text(annotation), annotation.nextSteps]
}

describe('the notice and the message', () => {
  test.each([
    [
      'a job whose instance is available',
      instanceResult('job-1', [active, active]),
      'The job completed',
      'Job job-1 (CreateX) completed: instance instance-1, address 192.168.0.10:3306, available.',
    ],
    [
      'a job whose instance accepts connections',
      instanceResult('job-1', [active, handshake]),
      'The job completed',
      'Job job-1 (CreateX) completed: instance instance-1, address 192.168.0.10:3306, accepts connections (handshake of 8.0.22).',
    ],
    [
      'an instance that is available',
      instance([active, active]),
      'The instance is ready',
      'Instance instance-1 (shop) is ready: address 192.168.0.10:3306, available.',
    ],
    [
      'an instance that accepts connections',
      instance([active, handshake]),
      'The instance is ready',
      'Instance instance-1 (shop) is ready: address 192.168.0.10:3306, accepts connections (handshake of 8.0.22).',
    ],
    [
      'an instance on which no job is running',
      instance([busy(), idle, idle]),
      'The instance is ready',
      'Instance instance-1 is ready: no job is running.',
    ],
  ])('of %s', (_name, result, title, message) => {
    expect(annotate(result)).toEqual([title, message, ''])
    expect(outputsOf(explained([result])).message).toBe(message)
    expect(isSuccess([result])).toBe(true)
  })
})

const RESUME = 'The instance may still become ready. To resume waiting, run a step with the same '
const REACH =
  "Check that this runner can reach the address (is it inside the VPC?), that the instance's security group allows this runner, and that connect-to, if set, is the address of the database or of a proxy in front of it."
const STATUS =
  'Check the instance in the console. FAILED usually means that it could not be created; FROZEN usually means that the account is in arrears.'
const GONE =
  'Check in the console whether the instance was deleted, and that instance-id, project-id, and region (or endpoint) are those of the instance.'
const NOT_READY = 'The instance is not ready'
const TIMED_OUT = 'The wait timed out'

describe('the annotation', () => {
  const missing = [notFoundYet, notFoundYet, notFoundYet]
  const noInstance: WaitResult = {
    ...waitResult('job-1', [jobResponse('Completed')]),
    outcome: { result: 'not-ready', cause: 'no-instance' },
  }
  const noAddress = instanceResponse('ACTIVE', { port: null })
  test.each<[string, WaitResult, string, string, string]>([
    [
      'a job whose instance does not become available',
      instanceResult('job-1', [build, build, transient()]),
      NOT_READY,
      'Job job-1 (CreateX) completed. Instance instance-1 did not become available within 1h (last status: BUILD). 3 checks: 2 × BUILD, 1 × 502. Last error: HTTP 502.',
      `${RESUME}job-id and a longer timeout.`,
    ],
    [
      'a job whose instance failed',
      instanceResult('job-1', [build, instanceResponse('FAILED')]),
      NOT_READY,
      'Job job-1 (CreateX) completed. Instance instance-1 has the status FAILED. 2 checks: 1 × BUILD, 1 × FAILED.',
      STATUS,
    ],
    [
      'a job without an instance',
      noInstance,
      NOT_READY,
      'Job job-1 completed, but its response names no instance that could become ready. 1 request: 1 × Completed.',
      'Use wait-until: completed for this job, or wait for its instance with instance-id.',
    ],
    [
      'an instance without an address',
      instance([noAddress], { result: 'not-ready', cause: 'no-address' }),
      NOT_READY,
      'Instance instance-1 is available, but the service returned no address to connect to. 1 check: 1 × ACTIVE.',
      'Set connect-to to the host and port of the database.',
    ],
    [
      'an instance that does not accept connections',
      instance([active, refused], { result: 'not-ready', cause: 'timeout' }),
      NOT_READY,
      'Instance instance-1 (shop) did not accept connections at 192.168.0.10:3306 within 1h (last attempt: connection refused). 2 checks: 1 × ACTIVE, 1 × connection refused.',
      `${REACH} ${RESUME}instance-id.`,
    ],
    [
      'a job whose instance was deleted',
      instanceResult('job-1', [build, ...missing]),
      'The instance can no longer be found',
      'Job job-1 (CreateX) completed. Instance instance-1 can no longer be found (last status: BUILD): not there.',
      GONE,
    ],
    [
      'an instance that is not found',
      instance(missing),
      'The instance can no longer be found',
      'Instance instance-1 can no longer be found (no status received): not there.',
      GONE,
    ],
    [
      'a job whose instance is not ready when the wait is interrupted',
      instanceResult('job-1', [build], { result: 'interrupted', by: 'signal' }),
      'The wait was interrupted',
      'Job job-1 (CreateX) completed. Instance instance-1 was not ready before the wait was interrupted (last status: BUILD).',
      `${RESUME}job-id.`,
    ],
    [
      'an instance on which a job is still running',
      instance([busy()]),
      TIMED_OUT,
      'Instance instance-1 was not ready within 1h (job CreateX is running). 1 check: 1 × a job is running.',
      `${RESUME}instance-id and a longer timeout.`,
    ],
    [
      'an instance on which a job without a name is running',
      instance([busy({})]),
      TIMED_OUT,
      'Instance instance-1 was not ready within 1h (a job is running). 1 check: 1 × a job is running.',
      `${RESUME}instance-id and a longer timeout.`,
    ],
    [
      'an instance before the first response',
      instance([]),
      TIMED_OUT,
      'Instance instance-1 was not ready within 1h (no status received). 0 checks completed.',
      `${RESUME}instance-id and a longer timeout.`,
    ],
    [
      'credentials that were rejected at once',
      instance([unauthorized]),
      'Authentication failed',
      'Could not get the status of instance instance-1: HTTP 401 APIGW.0301.',
      'Check the credentials.',
    ],
    [
      'credentials that were rejected later',
      instance([busy(), unauthorized]),
      'Authentication failed',
      'Could not get the status of instance instance-1 (job CreateX is running): HTTP 401 APIGW.0301.',
      `Check the credentials. They were accepted at first, so they may have expired or been revoked during the wait. GitHub OIDC and use-ecs-agency renew their keys. ${RESUME}instance-id.`,
    ],
    [
      'credentials that were rejected after a list without a running job',
      instance([idle, unauthorized]),
      'Authentication failed',
      'Could not get the status of instance instance-1: HTTP 401 APIGW.0301.',
      `Check the credentials. They were accepted at first, so they may have expired or been revoked during the wait. GitHub OIDC and use-ecs-agency renew their keys. ${RESUME}instance-id.`,
    ],
    [
      'credentials that were rejected after the job completed',
      instanceResult('job-1', [unauthorized]),
      'Authentication failed',
      'Job job-1 (CreateX) completed. Could not get the status of instance instance-1: HTTP 401 APIGW.0301.',
      `Check the credentials. They were accepted at first, so they may have expired or been revoked during the wait. GitHub OIDC and use-ecs-agency renew their keys. ${RESUME}job-id.`,
    ],
    [
      'responses that are not usable',
      instanceResult(
        'job-1',
        Array.from({ length: 5 }, () => unusable),
      ),
      'The responses are not usable',
      'Job job-1 (CreateX) completed. Could not get the status of instance instance-1 from five responses in a row. Last response: no job.',
      `Check endpoint and service: the endpoint must be the API host of that service, not the console, a proxy, or another service. ${RESUME}job-id.`,
    ],
  ])('of %s', (_name, result, title, message, nextSteps) => {
    expect(annotate(result)).toEqual([title, message, nextSteps])
  })

  test('of a job whose instance cannot be read has the last status and how to resume', () => {
    const [title, message, nextSteps] = annotate(instanceResult('job-1', [build, forbidden]))
    expect(title).toBe('Permission denied')
    expect(message).toBe(
      'Job job-1 (CreateX) completed. Could not get the status of instance instance-1 (last status: BUILD): HTTP 403 DBS.200010.',
    )
    expect(nextSteps?.endsWith(` ${RESUME}job-id.`)).toBe(true)
  })
})

describe('several', () => {
  const ready = instance([active, active])
  const failed = instance([instanceResponse('FAILED')])
  const connecting = instance([active, refused], { result: 'not-ready', cause: 'timeout' })
  const running = instance([busy()])

  test('instances that are ready are counted', () => {
    const notice = annotationOf(explained([ready, ready]))
    expect(notice.title).toBe('All 2 instances are ready')
    expect(text(notice)).toMatch(/^- Instance instance-1 \(shop\) is ready: .*\n- Instance .*$/)
    expect(outputsOf(explained([ready, ready])).message).toBe('All 2 instances are ready.')
    expect(summaryOf(explained([ready, ready]))).toMatch(/^### ✅ 2 of 2 instances are ready\n/)
  })

  test('instances with different outcomes have a title for that', () => {
    expect(annotate(ready, failed, running)).toEqual([
      'Several instances are not ready',
      [
        '2 of 3 instances are not ready:',
        '- Instance instance-1 has the status FAILED. 1 check: 1 × FAILED.',
        '- Instance instance-1 was not ready within 1h (job CreateX is running). 1 check: 1 × a job is running.',
      ].join('\n'),
      'For the next steps, see the job summary.',
    ])
    expect(outputsOf(explained([ready, failed, running])).message).toBe(
      '1 of 3 instances are ready. First of the others: Instance instance-1 has the status FAILED.',
    )
  })

  test('instances that are not ready for different reasons share no next steps', () => {
    const [title, , nextSteps] = annotate(failed, connecting)
    expect([title, nextSteps]).toEqual([NOT_READY, 'For the next steps, see the job summary.'])
    expect(annotate(failed, failed)[2]).toBe(STATUS)
    const summary = summaryOf(explained([failed, failed, connecting]))
    expect(summary.match(/^- \*\*The instance is not ready\.\*\* \w+ \w+ \w+/gm)).toEqual([
      '- **The instance is not ready.** Check the instance',
      '- **The instance is not ready.** Check that this',
    ])
  })

  test('jobs that completed are not said to be incomplete if their instances are not ready', () => {
    const results = [
      instanceResult('job-1', [active, active]),
      instanceResult('job-2', [instanceResponse('FROZEN')]),
      waitResult('job-3', [jobResponse('Failed', { fail_reason: 'no quota' })]),
    ]
    expect(annotate(...results)).toEqual([
      'Several instances are not ready',
      [
        '2 of 3 jobs have no ready instance:',
        '- Job job-2 (CreateX) completed. Instance instance-1 has the status FROZEN. 1 check: 1 × FROZEN.',
        '- Job job-3 failed: “no quota”.',
      ].join('\n'),
      'For the next steps, see the job summary.',
    ])
    const steps =
      'For details, see the task center in the console. Before you rerun the step that created the job, check the instance: changes that the job already made may not be rolled back.'
    expect(summaryOf(explained(results))).toBe(`### ❌ 1 of 3 jobs have a ready instance

| Result | Job | Instance |
|:--|:--|:--|
| ⏳\u00A0not-ready | <code>CreateX</code> <code>job-2</code> | <code>instance-1</code> <code>192.168.0.10&#58;3306</code> <code>FROZEN</code> |
| ❌\u00A0failed <code>no quota</code> | <code>job-3</code> |  |
| ✅\u00A0completed | <code>CreateX</code> <code>job-1</code> | <code>shop</code> <code>192.168.0.10&#58;3306</code> <code>ACTIVE</code> |

- **The instance is not ready.** ${STATUS}
- **The job failed.** ${steps}
`)
  })

  test('instances that fail-fast ended are explained in the summary', () => {
    const ended = instance([build], { result: 'interrupted', by: 'fail-fast' })
    expect(annotate(failed, ended)).toEqual([
      NOT_READY,
      [
        '2 of 2 instances are not ready:',
        '- Instance instance-1 has the status FAILED. 1 check: 1 × FAILED.',
        '- 1 no longer polled because fail-fast is on',
      ].join('\n'),
      STATUS,
    ])
    expect(outputsOf(explained([ended])).message).toBe(
      'Instance instance-1 was not ready before fail-fast ended the wait because of another instance (last status: BUILD).',
    )
  })

  test('instances have a column each for what is known, also the handshake of a database', () => {
    const accepted = instance([active, handshake])
    const unnamed = instance([busy({})])
    expect(summaryOf(explained([accepted, unnamed]))).toBe(`### ❌ 1 of 2 instances are ready

| Result | Instance |
|:--|:--|
| ⏱️\u00A0timed-out | <code>instance-1</code> |
| ✅\u00A0completed | <code>shop</code> <code>192.168.0.10&#58;3306</code> <code>handshake of 8.0.22</code> |

- **The wait timed out.** ${RESUME}instance-id and a longer timeout.
`)
  })
})

describe('success-results', () => {
  const gone = instance([notFoundYet, notFoundYet, notFoundYet])
  const ready = instance([active, active])
  const successResults = ['completed', 'vanished', 'timed-out'] as const
  const REASON = 'The step succeeds because success-results contains vanished.'

  test('that contain the only result are the reason for the success', () => {
    expect(isSuccess([gone], successResults)).toBe(true)
    const notice = annotationOf(explained([gone], successResults))
    expect(notice.title).toBe('The instance can no longer be found')
    expect(text(notice)).toBe(
      `Instance instance-1 can no longer be found (no status received): not there.\n${REASON}`,
    )
    expect(summaryOf(explained([gone], successResults))).toBe(`### ❓ The instance can no longer be found

| Result | vanished |
|:--|:--|
| **Instance** | <code>instance-1</code> |

Instance <code>instance-1</code> can no longer be found (no status received): not there.

${REASON}

**Next steps.** ${GONE}

<details><summary>Details</summary>

3 checks: 3 × not found yet

Retries after errors: 0

</details>
`)
  })

  test('that contain several results are named once', () => {
    const results = [ready, gone, instance([busy()])]
    expect(isSuccess(results, successResults)).toBe(true)
    const notice = annotationOf(explained(results, successResults))
    expect(notice.title).toBe('The step succeeded')
    expect(text(notice)).toMatch(
      /\nThe step succeeds because success-results contains vanished, timed-out\.$/,
    )
    expect(summaryOf(explained(results, successResults))).toMatch(
      /^### ✅ 1 of 3 instances are ready\n\nThe step succeeds because success-results contains vanished, timed-out\.\n/,
    )
  })

  test('that do not contain every result are not mentioned in the summary', () => {
    expect(summaryOf(explained([ready, gone]))).not.toContain('success-results')
  })
})

test('the summary of a job whose database accepts connections has both tallies and both histories', () => {
  const result = instanceResult('job-1', [active, refused, handshake])
  expect(summaryOf(explained([result]))).toBe(`### ✅ The job completed

| Result | completed |
|:--|:--|
| **Job** | <code>CreateX</code> <code>job-1</code> |
| **Instance** | <code>instance-1</code> |
| **Instance status** | <code>ACTIVE</code> |
| **Address** | <code>192.168.0.10&#58;3306</code> |
| **Connection** | <code>192.168.0.10&#58;3306</code> <code>handshake of 8.0.22</code> |

<details><summary>Details</summary>

| After | Status | Progress |
|--:|:--|--:|
| 0s | <code>Completed</code> | 100% |
| 0s | <code>ACTIVE</code> |  |
| 1m | <code>connection refused</code> |  |
| 2m | <code>handshake of 8.0.22</code> |  |

1 request: 1 × <code>Completed</code>

3 checks: 1 × <code>ACTIVE</code>, 1 × <code>connection refused</code>, 1 × <code>handshake of 8.0.22</code>

Retries after errors: 0

</details>
`)
})

test('the outputs of an instance have its status and address, and no job', () => {
  const outputs = outputsOf(explained([instance([busy(), active, active])]))
  const known = Object.entries(outputs).filter(([name, value]) => value !== '' && name !== 'jobs')
  expect(Object.fromEntries(known)).toEqual({
    result: 'completed',
    'instance-id': 'instance-1',
    'instance-name': 'shop',
    'instance-endpoint': '192.168.0.10:3306',
    'instance-status': 'ACTIVE',
    'instance-host': '192.168.0.10',
    'instance-port': '3306',
    message: 'Instance instance-1 (shop) is ready: address 192.168.0.10:3306, available.',
  })
  expect(JSON.parse(outputs.jobs)).toEqual([
    expect.objectContaining({ jobId: '', instanceId: 'instance-1', progress: null, entities: null }),
  ])
})

test('the responses of an instance are counted once, whatever it was polled for', async () => {
  const { results } = await waitFor({
    instances: ['instance-1'],
    until: 'available',
    list: ({ at }) =>
      listResponse(at < 30_000 ? [{ id: 'job-9', status: 'Running', instanceId: 'instance-1' }] : []),
    instance: () => instanceResponse('ACTIVE'),
  })
  expect(summaryOf(explained(results)).match(/^\d+ checks: .*$/gm)).toEqual([
    '13 checks: 7 × a job is running, 2 × no job is running, 4 × <code>ACTIVE</code>',
  ])
})
