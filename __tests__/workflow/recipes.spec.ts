import { afterEach, expect, test } from '@jest/globals'
import { startDatabase, type Database } from '../../simulator/database.ts'
import type { Simulator } from '../../simulator/simulator.ts'
import { runWorkflow, type Given } from './engine.ts'
import { recipe, stepOf, type Step } from './recipe.ts'

/** Runs the recipes of docs/recipes.md and the README's example, unchanged. */

const RECIPES = 'docs/recipes.md'

/** Variables and secrets of the workflow's author; `simulate` controls the jobs of KooCLI. */
const author = (simulate: object = atOnce): Given => ({
  vars: {
    TAURUSDB_INSTANCE: '{"name":"shop"}',
    TAURUSDB_INSTANCE_ID: 'instance-1',
    TAURUSDB_HOST: 'production',
  },
  secrets: { TAURUSDB_PASSWORD: 'not-"a"-\\secret' },
  env: { SIMULATE: JSON.stringify(simulate) },
})
const atOnce = { not_found_seconds: 0, pending_seconds: 0, seconds: 0 }
const failing = { ...atOnce, fail_reason: 'no quota' }
/** The job ends immediately, and the instance is available a minute later. */
const ready = { ...atOnce, backup_seconds: 0 }
const nothing = () => ({})

/** For a wait that includes the instance, whose database listens on a port of this machine. */
async function withDatabase(given: Given): Promise<Given & { readonly database: Database }> {
  const database = await startDatabase()
  close = database.close
  return { ...given, database, isFast: true }
}
let close: () => Promise<void> = () => Promise.resolve()
afterEach(() => close())

/** The step that recipes with steps only follow. */
const LOG_IN: Step = {
  run: `hcloud configure set --cli-agree-privacy-statement=true
hcloud configure set --cli-mode=AKSK --cli-region=r --cli-access-key=k --cli-secret-key=s`,
}
const CREATE: Step = {
  id: 'create',
  run: `echo '{"body": {}}' > request.json
job_id="$(hcloud GaussDBforMySQL CreateGaussMySqlInstance --project_id="$HUAWEI_CLOUD_PROJECT_ID" \\
  --cli-jsonInput=request.json --cli-query=job_id --cli-output=tsv)"
echo "job-id=$job_id" >> "$GITHUB_OUTPUT"`,
}
/** Passes on a job that the test adds to the simulator. The workflow of an example does not declare inputs. */
const GIVEN_JOB: Step = {
  id: 'create',
  run: 'echo "job-id=$JOB_ID" >> "$GITHUB_OUTPUT"',
  env: { JOB_ID: '${{ github.event.inputs.job-id }}' },
}
/** The environment that recipes with steps only expect in their job. */
const STORED: Step = {
  run: `echo "HUAWEI_CLOUD_PROJECT_ID=$PROJECT_ID" >> "$GITHUB_ENV"
echo "HUAWEI_CLOUD_ACCESS_KEY_ID=$ACCESS_KEY_ID" >> "$GITHUB_ENV"
echo "HUAWEI_CLOUD_SECRET_ACCESS_KEY=$SECRET_ACCESS_KEY" >> "$GITHUB_ENV"`,
  env: {
    PROJECT_ID: '${{ vars.HUAWEI_CLOUD_PROJECT_ID }}',
    ACCESS_KEY_ID: '${{ secrets.HUAWEI_CLOUD_ACCESS_KEY_ID }}',
    SECRET_ACCESS_KEY: '${{ secrets.HUAWEI_CLOUD_SECRET_ACCESS_KEY }}',
  },
}

test.each([
  ['docs/recipes.md', 'deploy', recipe(RECIPES, 'name: deploy after a job')],
  [
    'README.md',
    'example',
    recipe('README.md', '      - name: Deploy', [GIVEN_JOB, stepOf('README.md', 'Wait for the job')]),
  ],
])('GitHub OIDC: the example in %s gets keys without a stored secret, and deploys', async (_, job, text) => {
  const { exitCode, jobs, requests } = await runWorkflow(text, (simulator) => ({
    'job-id': simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 }),
  }))
  expect(exitCode).toBe(0)
  expect(jobs[job]?.steps['Deploy']?.prints).toBe('deploy.sh 192.168.0.10:3306\n')
  expect(requests.slice(0, 2).map(({ path }) => path)).toEqual(['/id-token', '/v5/agencies/assume-with-oidc'])
  const kinds = requests
    .slice(2)
    .map(({ headers }) => [headers.authorization?.split(' ')[0], headers['x-auth-token']])
  expect(new Set(kinds.flat())).toEqual(new Set(['SDK-HMAC-SHA256', undefined]))
})

test('KooCLI: the wait uses its job ID and the access key in the environment of the job', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: create with KooCLI'),
    nothing,
    author({ not_found_seconds: 5, seconds: 10 }),
  )
  expect(exitCode).toBe(0)
  const { 'Wait for the job': wait, Deploy } = jobs['create']?.steps ?? {}
  expect(wait?.outputs).toMatchObject({ result: 'completed', 'instance-name': 'shop' })
  expect(Deploy?.prints).toBe('deploy.sh 192.168.0.10:3306\n')
  const [create] = requests.filter(({ method }) => method === 'POST')
  expect(JSON.parse(create?.body ?? '')).toMatchObject({
    name: 'shop',
    password: author().secrets?.['TAURUSDB_PASSWORD'],
  })
})

test('KooCLI: a failed job skips the deploy step', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: create with KooCLI'),
    nothing,
    author(failing),
  )
  expect(exitCode).toBe(1)
  const { 'Wait for the job': wait, Deploy } = jobs['create']?.steps ?? {}
  expect(wait).toMatchObject({ result: 'failure', outputs: { 'fail-reason': 'no quota' } })
  expect(Deploy).toBeUndefined()
})

test('KooCLI: an error that it prints instead of an ID fails the wait immediately', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: create with KooCLI'),
    nothing,
    {
      ...author(),
      vars: { ...author().vars, HUAWEI_CLOUD_PROJECT_ID: 'f'.repeat(32) },
    },
  )
  expect(exitCode).toBe(1)
  // No request was sent, because the inputs are invalid.
  expect(jobs['create']?.steps['Wait for the job']).toMatchObject({
    result: 'failure',
    outputs: { result: 'error', jobs: '[]' },
  })
  expect(requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/jobs'))).toEqual([])
})

test('curl: the job ID and the instance to clean up come from one response', async () => {
  const created = (simulate: object): Given => ({
    ...author(),
    vars: { TAURUSDB_INSTANCE: JSON.stringify({ name: 'shop', simulate }) },
  })
  const good = await runWorkflow(recipe(RECIPES, 'name: create with curl'), nothing, created(atOnce))
  expect(good.exitCode).toBe(0)
  expect(good.jobs['deploy']?.steps['Deploy']?.prints).toBe('deploy.sh 192.168.0.10:3306\n')

  const bad = await runWorkflow(recipe(RECIPES, 'name: create with curl'), nothing, created(failing))
  expect(bad.exitCode).toBe(1)
  const instance = bad.jobs['deploy']?.steps['Create the instance']?.outputs['instance-id'] ?? 'none'
  expect(bad.requests.at(-1)).toMatchObject({
    method: 'DELETE',
    path: expect.stringMatching(`/instances/${instance}$`),
  })
})

test('Terraform imports the instance after the wait', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: create and import into Terraform'),
    nothing,
    author(),
  )
  expect(exitCode).toBe(0)
  const { 'Wait for the job': wait, 'Import the instance into Terraform': takeOver } =
    jobs['create']?.steps ?? {}
  const instance = wait?.outputs['instance-id'] ?? 'none'
  expect(takeOver?.prints).toBe(`terraform init ${instance}\nterraform apply ${instance}\n`)
})

test('a backup is restored and the migration runs on the copy before it runs on the original', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: rehearse a migration'),
    () => ({ 'backup-id': 'backup-1' }),
    await withDatabase(author(ready)),
  )
  expect(exitCode).toBe(0)
  const { 'Migrate the copy': rehearse, 'Delete the copy': remove } = jobs['rehearse']?.steps ?? {}
  expect(rehearse?.prints).toBe('migrate.sh 127.0.0.1\n')
  expect(remove?.prints).toMatch(/^KooCLI: DeleteGaussMySqlInstance [0-9a-f]{32}in07\n/)
  expect(jobs['migrate']?.steps['Migrate']?.prints).toBe('migrate.sh production\n')
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({
    name: 'rehearsal',
    restore_point: { type: 'backup', source_instance_id: 'instance-1', backup_id: 'backup-1' },
  })
})

test('a failed restore skips the migration of the original, and the copy is deleted', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: rehearse a migration'),
    () => ({ 'backup-id': 'backup-1' }),
    author(failing),
  )
  expect(exitCode).toBe(1)
  expect(jobs['rehearse']?.steps['Migrate the copy']).toBeUndefined()
  expect(jobs['rehearse']?.steps['Delete the copy']?.result).toBe('success')
  expect(jobs['migrate']).toBeUndefined()
})

test('the load test starts after the replicas exist', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, '      - name: Add two read replicas', [STORED, LOG_IN]),
    nothing,
    author(),
  )
  expect(exitCode).toBe(0)
  expect(jobs['example']?.steps['Load test']?.prints).toBe('load-test.sh\n')
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ priorities: [1, 1] })
  // One job for each replica: their IDs are in one value, separated by commas.
  expect(jobIdsIn(requests).size).toBe(2)
})

/** The batch call starts two jobs; `filter` makes its response out of their IDs. */
function runBatch(filter: string) {
  const given = author()
  return runWorkflow(
    recipe(RECIPES, '      - name: Change the flavor of several instances', [STORED, LOG_IN]),
    nothing,
    {
      ...given,
      vars: { ...given.vars, TAURUSDB_BATCH: '{"flavor": "x"}' },
      env: { ...given.env, BATCH: filter },
    },
  )
}

test.each([
  ['job_ids[]', 2, '{job_ids: ., order_ids: []}'],
  ['results[].job_id', 2, '{results: map({job_id: ., success: true})}'],
  ['.job_id // .workflow_id', 1, '{workflow_id: .[0]}'],
])('a batch call whose response contains %s: the wait is for %i jobs', async (_, count, filter) => {
  const { exitCode, jobs, requests } = await runBatch(filter)
  expect(exitCode).toBe(0)
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ flavor: 'x' })
  expect(jobIdsIn(requests).size).toBe(count)
  expect(jobs['example']?.steps['Wait for all jobs']?.outputs['result']).toBe('completed')
})

test('a batch call that the service rejects in part fails the job', async () => {
  const { exitCode, jobs } = await runBatch('{results: [{job_id: .[0], success: true}, {success: false}]}')
  expect(exitCode).toBe(1)
  expect(jobs['example']?.steps['Change the flavor of several instances']?.result).toBe('failure')
  expect(jobs['example']?.steps['Wait for all jobs']).toBeUndefined()
})

test('the nightly clone uses the newest completed backup, and is deleted', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: nightly clone'),
    nothing,
    await withDatabase(author(ready)),
  )
  expect(exitCode).toBe(0)
  const { 'Clone from the newest backup': clone, Test, 'Clean up': cleanUp } = jobs['test']?.steps ?? {}
  const instance = clone?.outputs['instance-id'] ?? 'none'
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ restore_point: { backup_id: 'newest' } })
  expect(Test?.prints).toBe('load-test.sh 127.0.0.1\n')
  expect(cleanUp?.prints).toContain(`DeleteGaussMySqlInstance ${instance}\n`)
})

test.each([
  ['vanished', 0, { not_found_seconds: 0, seconds: 600 }],
  ['completed', 0, atOnce],
  ['failed', 1, failing],
])('a delete that ends as %s ends the job with exit code %i', async (result, code, simulate) => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, '      - name: Delete the instance', [STORED, LOG_IN]),
    (simulator) => {
      if (result === 'vanished') removeOnceSeen(simulator)
      return {}
    },
    author(simulate),
  )
  expect(jobs['example']?.steps['Wait for the delete']?.outputs['result']).toBe(result)
  expect(exitCode).toBe(code)
})

test('the migration starts when the database accepts connections', async () => {
  const starting = { ...ready, database: [{ behavior: 'refused', seconds: 90 }, 'silent', 'error-1040'] }
  const given = await withDatabase(author(starting))
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, '      - name: Wait until the database accepts connections', [STORED, LOG_IN, CREATE]),
    nothing,
    given,
  )
  expect(exitCode).toBe(0)
  const { host, port, connections } = given.database
  expect(jobs['example']?.steps['Migrate']?.prints).toBe(`migrate.sh ${host} ${port}\n`)
  expect(connections.map(({ behavior }) => behavior)).toContain('error-1040')
  expect(connections.at(-1)).toMatchObject({ behavior: 'handshake', received: '', closed: true })
})

test('a runner inside the VPC needs no secret and no project ID', async () => {
  const given = await withDatabase({ region: 'ap-southeast-3', isEcs: true })
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, 'name: migrate inside the VPC'),
    (simulator) => ({
      'job-id': simulator.addJob({
        notFoundMs: 0,
        pendingMs: 0,
        runningMs: 0,
        instanceBehavior: { backupMs: 0 },
      }),
    }),
    given,
  )
  expect(exitCode).toBe(0)
  const { host, port } = given.database
  expect(jobs['migrate']?.steps['Migrate']?.prints).toBe(`migrate.sh ${host} ${port}\n`)
  expect(requests.slice(0, 3).map(({ method, path }) => `${method} ${path}`)).toEqual([
    'PUT /meta-data/latest/api/token',
    'GET /openstack/latest/securitykey',
    'GET /v3/projects',
  ])
  const [, , ...signed] = requests
  expect(new Set(signed.map(({ headers }) => headers.authorization?.split(' ')[0]))).toEqual(
    new Set(['SDK-HMAC-SHA256']),
  )
})

test('the next operation starts when no other is running on the instance', async () => {
  const { exitCode, jobs, requests } = await runWorkflow(
    recipe(RECIPES, '      - name: Wait for running operations', [STORED, LOG_IN]),
    (simulator) => {
      const instance = { id: author().vars?.['TAURUSDB_INSTANCE_ID'] ?? '', name: 'shop' }
      simulator.addJob({ name: 'BackupInstance', instance, notFoundMs: 0, pendingMs: 0, runningMs: 100_000 })
      return {}
    },
    {
      ...author(ready),
      vars: { ...author().vars, TAURUSDB_FLAVOR: 'gaussdb.mysql.2xlarge.x86.8' },
      isFast: true,
    },
  )
  expect(exitCode).toBe(0)
  const calls = requests.map(({ method, path }) => `${method} ${path.split('/').slice(3).join('/')}`)
  const before = calls.slice(0, calls.indexOf('POST instances'))
  expect(before.filter((call) => call === 'GET immediate-jobs').length).toBeGreaterThan(1)
  expect(before.at(-1)).toBe('GET instances/instance-1')
  expect(JSON.parse(requests[before.length]?.body ?? '')).toMatchObject({
    resize_flavor: { spec_code: 'gaussdb.mysql.2xlarge.x86.8' },
  })
  expect(jobs['example']?.steps['Wait for the job']?.outputs).toMatchObject({
    result: 'completed',
    'instance-status': 'ACTIVE',
  })
})

const STORED_JOB: Given = {
  ...author(),
  vars: { ...author().vars, TAURUSDB_RESTORE_JOB_ID: 'job-1' },
  secrets: { VARIABLES_TOKEN: 'token-for-variables' },
}

test('the ID of a long restore is stored in a variable', async () => {
  const RESTORE: Step = { id: 'create', run: 'echo "job-id=job-1" >> "$GITHUB_OUTPUT"' }
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, '      - name: Store the job ID', [RESTORE]),
    nothing,
    STORED_JOB,
  )
  expect(exitCode).toBe(0)
  expect(jobs['example']?.steps['Store the job ID']?.prints).toMatch(
    /^gh variable set TAURUSDB_RESTORE_JOB_ID --repo \S+ --body job-1\n$/,
  )
})

test.each([
  ['timed-out', 0, undefined, { runningMs: Infinity }],
  ['completed', 0, 'migrate.sh production\n', { runningMs: 0 }],
  ['failed', 1, undefined, { runningMs: 0, outcome: 'Failed' }],
] as const)(
  'a scheduled poll of a long restore that ends as %s has exit code %i',
  async (result, code, migration, job) => {
    const { exitCode, jobs } = await runWorkflow(
      recipe(RECIPES, 'name: after the restore'),
      (simulator) => {
        simulator.addJob({ id: 'job-1', notFoundMs: 0, pendingMs: 0, ...job })
        return {}
      },
      STORED_JOB,
    )
    expect(exitCode).toBe(code)
    const { 'Poll the job': poll, 'Delete the job ID': remove, Migrate } = jobs['migrate']?.steps ?? {}
    expect(poll?.outputs['result']).toBe(result)
    expect(remove?.result).toBe(result === 'timed-out' ? undefined : 'success')
    expect(Migrate?.prints).toBe(migration)
  },
)

test('the job that needs an approval gets the address from the job that waited', async () => {
  const { exitCode, jobs } = await runWorkflow(
    recipe(RECIPES, 'name: deploy after approval'),
    (simulator) => ({
      'job-id': simulator.addJob({ notFoundMs: 0, pendingMs: 0, runningMs: 0 }),
    }),
  )
  expect(exitCode).toBe(0)
  expect(jobs['deploy']?.steps['Deploy']?.prints).toBe('deploy.sh 192.168.0.10:3306\n')
})

/** The jobs that were polled by their IDs. */
function jobIdsIn(requests: Simulator['requests']): ReadonlySet<string | undefined> {
  return new Set(requests.filter(({ path }) => path.endsWith('/jobs')).map(({ query }) => query['id']))
}

/** Removes the job after its first poll, as when the instance was deleted and its jobs with it. */
function removeOnceSeen({ requests, removeJob }: Simulator): void {
  const timer = setInterval(() => {
    const seen = requests.find(({ path }) => path.endsWith('/jobs'))?.query['id']
    if (seen === undefined) return
    clearInterval(timer)
    removeJob(seen)
  }, 20)
}
