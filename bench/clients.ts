import { SECOND } from '../src/duration.ts'
import { pollInterval, type PollInterval } from '../src/wait/poll-interval.ts'
import { total } from '../src/judge/tally.ts'

/** When a client polls; `random` uniform in 0 to 1. */
type Client = (random: () => number) => {
  /** Milliseconds before the first request. */
  readonly delay: number
  readonly interval: PollInterval
}

export const OURS = 'this action'
/** The client that the others are measured against. */
export const TERRAFORM = 'Terraform provider'

/** Clients that wait for this cloud's jobs today, and those of other clouds. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  [OURS]: (random) => ({ delay: 0, interval: pollInterval('auto', random) }),
  // terraform-provider-huaweicloud 1.97: 10 s, then every 10 s.
  [TERRAFORM]: () => growing(10, () => 10),
  // golangsdk 2026-05; it also sleeps for 15 s after the end, which is not counted here.
  golangsdk: () => growing(5, () => 20),
  'KooCLI --cli-waiter': () => growing(5, () => 5),
  'gophertelekomcloud 0.9.3': () => growing(1, () => 1),
  // smithy-lang/smithy docs/source-2.0/additional-specs/waiters.rst
  'AWS Smithy waiter': (random) => growing(0, (n) => between(2, Math.min(2 * 2 ** (n - 1), 120), random)),
  // aws/aws-sdk-js-v3 clients/client-rds/src/waiters/waitForDBInstanceAvailable.ts
  'AWS SDK for JS, RDS': (random) =>
    growing(0, (n) => between(30, Math.min(30 * 2 ** (n - 1), 1800), random)),
  // boto/botocore botocore/data/rds/2014-10-31/waiters-2.json
  'aws cli rds wait': () => growing(0, () => 30),
  // googleapis/python-api-core google/api_core/future/polling.py
  'Google gax, Python': (random) => growing(0, (n) => between(0, Math.min(1.5 ** (n - 1), 20), random)),
  // googleapis/google-cloud-go longrunning/longrunning.go
  'Google gax, Go': (random) => growing(0, (n) => between(0, Math.min(2 ** (n - 1), 60), random)),
  // google-cloud-sdk api_lib/sql/operations.py
  'gcloud sql operations wait': (random) => growing(1, (n) => Math.min(2 * 2 ** (n - 1), 20) + random()),
  // Azure/azure-sdk-for-go sdk/azcore/runtime/poller.go
  'Azure SDK for Go, Python': () => growing(30, () => 30),
  // Azure/azure-sdk-for-js sdk/core/core-lro/src/poller/constants.ts
  'Azure SDK for JS': () => growing(2, () => 2),
  // hashicorp/terraform-plugin-sdk helper/resource/state.go
  'Terraform StateChangeConf': () => growing(0, (n) => Math.min(0.2 * 2 ** (n - 1), 10)),
}

/** Seconds before the first request, and after the nth one. */
function growing(first: number, after: (n: number) => number): ReturnType<Client> {
  return { delay: first * SECOND, interval: ({ tally }) => after(total(tally)) * SECOND }
}

function between(min: number, max: number, random: () => number): number {
  return min + (max - min) * random()
}
